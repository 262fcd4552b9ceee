"""Exported models: writing, metadata, loading and prediction."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "Export": "nlpseq.serving.client",
        "Metadata": "nlpseq.serving.metadata",
        "FormatError": "nlpseq.serving.formats.adding",
        "add_formats": "nlpseq.serving.formats.adding",
        "check_formats": "nlpseq.serving.formats.adding",
        "check_output": "nlpseq.serving.output",
        "export": "nlpseq.serving.exporting",
        "find_export": "nlpseq.serving.client",
    },
)
