"""TFDS and files to batches."""

from nlpseq.data.batching import evaluation_batches, length_buckets, pad, training_batches
from nlpseq.data.segments import continuous_segments, split_time
from nlpseq.data.sources import Examples, LabelledTexts, load_labelled_texts

__all__ = [
    "Examples",
    "LabelledTexts",
    "continuous_segments",
    "evaluation_batches",
    "length_buckets",
    "load_labelled_texts",
    "pad",
    "split_time",
    "training_batches",
]
