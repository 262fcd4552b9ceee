"""TFDS and files to batches."""

from nlpseq.data.batching import evaluation_batches, length_buckets, pad, training_batches
from nlpseq.data.sources import Examples, LabelledTexts, load_labelled_texts

__all__ = [
    "Examples",
    "LabelledTexts",
    "evaluation_batches",
    "length_buckets",
    "load_labelled_texts",
    "pad",
    "training_batches",
]
