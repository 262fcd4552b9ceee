"""Base class of tasks with text input: a preprocessor inside the model, and string signatures."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import evaluation_batches, length_buckets, training_batches
from nlpseq.tasks.base import Task

ENCODE_BATCH = 512  # texts that are tokenized together


class TextTask(Task):
    """A task whose model contains the text preprocessing.

    A subclass defines `encode_examples` and `answer` in addition to the methods that `Task` lists.

    Class attributes:
        warmup_texts: Texts of the warm-up requests.
        shortest_bucket: Padded length of the shortest batches.

    Args:
        preprocessor: A preprocessor of `nlpseq.text`, from strings to ids.
        labels, name, dtype, **settings: As in `Task`.
    """

    warmup_texts: ClassVar[tuple[str, ...]] = ("", "one short text", "a longer text " * 20)
    shortest_bucket = 16

    def __init__(self, preprocessor: Any, labels: Sequence[str] = (), **kwargs: Any):
        super().__init__(labels, preprocessor=preprocessor, **kwargs)
        self.buckets = length_buckets(preprocessor.max_tokens, self.shortest_bucket)

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `(ids, labels)` of examples of `nlpseq.data`.

        In training the batches are shuffled, of equal size and of few lengths; otherwise they keep
        the order of the examples. Texts are tokenized once.
        """
        encoded = self.encode_examples(examples).unbatch().cache()
        if training:
            return training_batches(encoded, len(examples), batch_size, self.buckets, seed)
        return evaluation_batches(encoded, len(examples), batch_size, self.buckets)

    def encode_examples(self, examples: Any) -> tf.data.Dataset:
        """Batches of ragged ids and labels, in the order of the examples."""
        raise NotImplementedError(f"{type(self).__name__} must define encode_examples(self, examples).")

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default" for strings `(batch,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define answer(self, text).")

    def signatures(self):
        return {"serving_default": tf.function(self.answer, [text_spec("text")], autograph=False)}

    def warmup(self):
        return [{"text": np.array([text], object)} for text in self.warmup_texts]

    def resources(self):
        return self.preprocessor.tables


def text_spec(name: str) -> tf.TensorSpec:
    """The specification of strings `(batch,)`."""
    return tf.TensorSpec([None], tf.string, name=name)


def as_texts(texts: Any) -> list:
    """A list of strings (str or bytes), from one string or a sequence of strings."""
    return [texts] if isinstance(texts, (str, bytes)) else list(texts)
