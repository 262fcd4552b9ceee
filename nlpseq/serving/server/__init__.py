"""A server for exports: the REST interface of TensorFlow Serving, streams, metrics, and a page to try models."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "ServerSettings": "nlpseq.serving.server.settings",
        "make_app": "nlpseq.serving.server.app",
        "serve": "nlpseq.serving.server.running",
    },
)
