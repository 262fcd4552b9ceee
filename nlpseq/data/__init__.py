"""TFDS and files to batches."""

from nlpseq.data.batching import evaluation_batches, length_buckets, pad, training_batches
from nlpseq.data.labelled_texts import Examples, LabelledTexts, load_labelled_texts
from nlpseq.data.parallel_texts import Pairs, ParallelTexts, load_parallel_texts
from nlpseq.data.running_texts import Lines, RunningTexts, load_running_texts
from nlpseq.data.segments import continuous_segments, shifted_segments, split_time
from nlpseq.data.tagged_sentences import Sentences, TaggedSentences, load_tagged_sentences

__all__ = [
    "Examples",
    "LabelledTexts",
    "Lines",
    "Pairs",
    "ParallelTexts",
    "RunningTexts",
    "Sentences",
    "TaggedSentences",
    "continuous_segments",
    "evaluation_batches",
    "length_buckets",
    "load_labelled_texts",
    "load_parallel_texts",
    "load_running_texts",
    "load_tagged_sentences",
    "pad",
    "shifted_segments",
    "split_time",
    "training_batches",
]
