"""The log: a JSON object a line, without texts of requests."""

import contextlib
import json
import logging
import sys
import threading
import traceback
from datetime import datetime, timezone
from typing import Any, TextIO


class JsonLog(logging.Handler):
    """Writes events, and records of Python's `logging`, as JSON lines.

    Args:
        stream: Where to. Default standard output, because libraries in C++ write to standard error.
    """

    def __init__(self, stream: TextIO | None = None):
        super().__init__()
        self.stream = stream or sys.stdout
        self.writing = threading.Lock()

    def __call__(self, event: str, level: str = "info", **details: Any) -> None:
        """Writes an event."""
        time = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "level": level, "event": event, **details}, default=str) + "\n"
        with self.writing, contextlib.suppress(OSError, ValueError):  # a full disk or a closed pipe stops no request
            self.stream.write(line)
            self.stream.flush()

    def emit(self, record: logging.LogRecord) -> None:
        self(record.getMessage(), record.levelname.lower(), **(place(record.exc_info[1]) if record.exc_info else {}))


def place(error: BaseException | None) -> dict[str, str]:
    """Class and place of an error; not its message, which may have a text of a request."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    lines = [f"{frame.filename}:{frame.lineno}" for frame in frames[-3:]]
    return {"error": type(error).__name__, "place": " < ".join(reversed(lines))}
