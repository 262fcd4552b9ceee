"""The formats of a model beside the SavedModel: what writes each of them.

Nothing here knows a kind of task: a format is made from `Task.numeric_functions`, and a client without TensorFlow
answers with `nlpseq.runtime`.
"""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "FORMATS": "nlpseq.serving.formats.adding",
        "FormatError": "nlpseq.serving.formats.adding",
        "add_formats": "nlpseq.serving.formats.adding",
        "check_formats": "nlpseq.serving.formats.adding",
        "write_formats": "nlpseq.serving.formats.adding",
    },
)
