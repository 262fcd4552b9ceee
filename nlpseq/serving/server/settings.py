"""Settings of the server; the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated

from nlpseq.settings import Range, Settings


@dataclass(frozen=True)
class ServerSettings(Settings):
    """The server."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 lets other machines in, without a password."""
    port: Annotated[int, Range(0, 65535)] = 8501
    """Port to listen at, by default that of TensorFlow Serving; 0 for a free one."""
    threads: Annotated[int, Range(1)] = 1
    """Number of batches of a model that are computed at a time; each uses all cores, and fewer are larger."""
    batch_size: Annotated[int, Range(1)] = 64
    """Maximum number of texts of several requests that are computed together; 1 for every request by itself."""
    batch_wait: Annotated[float, Range(0, 1000)] = 0.0
    """Milliseconds that a request waits for others; without, only requests that find the model busy share a batch."""
    max_body: Annotated[float, Range(0.001)] = 4.0
    """Maximum size of the body of a request in MB; a larger one gets status 413."""
    max_texts: Annotated[int, Range(1)] = 1024
    """Maximum number of texts in a request; more get status 413."""
    max_characters: Annotated[int, Range(1)] = 100_000
    """Maximum length of a text in UTF-8 bytes; a longer one gets status 413."""
    max_requests: Annotated[int, Range(1)] = 1024
    """Maximum number of requests at a time; others get status 429."""
    max_streams: Annotated[int, Range(1)] = 16
    """Maximum number of streams at a time; others get status 429."""
    max_seconds: Annotated[float, Range(0.001)] = 30.0
    """Seconds after which a request without an answer gets status 503, and a stream ends."""
    read_seconds: Annotated[float, Range(0.001)] = 10.0
    """Seconds after which a request that has not arrived whole gets status 408."""
    poll_seconds: Annotated[float, Range(0.01)] = 1.0
    """Seconds between looks for new versions."""
