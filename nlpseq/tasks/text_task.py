"""Base class of tasks with text input: a preprocessor inside the model, and string signatures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import evaluation_batches, training_batches
from nlpseq.data.prepared import PreparedExamples
from nlpseq.errors import InputError, shorten, whole
from nlpseq.tasks.answers import as_utf8
from nlpseq.tasks.base import Task, in_batches

ENCODE_BATCH = 512  # texts that are tokenized together
ODD = ["", " \n", "\t", "\x00\x07", "😀👍", "\ufffd", "a", "A. B!", "long " * 300]  # texts that no data set has


class TextTask(Task):
    """A task whose model contains the text preprocessing.

    A subclass defines `encode_examples`, `answer` and `vectors` in addition to the methods that `Task` lists.

    Class attributes:
        warmup_texts: Texts of the warm-up requests.

    Args:
        preprocessor: A preprocessor of `nlpseq.text`, from strings to ids.
        labels, name, dtype, **settings: As in `Task`.
    """

    padding_at_end = True
    warmup_texts: ClassVar[tuple[str, ...]] = ("", "one short text", "a longer text " * 20)

    def __init__(self, preprocessor: Any, labels: Sequence[str] = (), **kwargs: Any):
        super().__init__(labels, preprocessor=preprocessor, **kwargs)
        self._encode = encoder(preprocessor)
        self._embed_texts = tf.function(self.embed, [text_spec("text")], autograph=False)
        self._tables = preprocessor.tables  # tracked by Keras's export

    @property
    def input_dtype(self) -> str:
        """The dtype of ids, which Keras would take for floats in symbolic builds and in its `export`."""
        return "int32"

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `(ids, labels)` of examples of `nlpseq.data`.

        In training the batches are shuffled and of similar lengths, as in `nlpseq.data.training_batches`;
        otherwise they keep the order of the examples. Examples that `usable` leaves out are not in them. Those of a
        prepared corpus, `nlpseq.data.prepared.PreparedExamples`, are read from disk.
        """
        whole("batch_size", batch_size, 1)
        if isinstance(examples, PreparedExamples):
            return examples.batches(batch_size, seed)
        examples = self.usable(examples)
        if not len(examples):
            raise InputError("no example has a label that training shows: give others, for example as `validation`.")
        ids, labels = self.encode_examples(examples)
        if training:
            return training_batches(ids, labels, batch_size, seed)
        return evaluation_batches(ids, labels, batch_size)

    def usable(self, examples: Any) -> Any:
        """The examples that have a loss. Default all."""
        return examples

    def encode_examples(self, examples: Any) -> tuple[tf.RaggedTensor, Any]:
        """Ragged ids and labels `(examples, ...)`, in the order of the examples."""
        raise NotImplementedError(f"{type(self).__name__} must define encode_examples(self, examples).")

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default" for strings `(batch,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define answer(self, text).")

    def vectors(self, text: tf.Tensor) -> tf.Tensor:
        """A vector of features for each text: float `(batch, size)` for strings `(batch,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define vectors(self, text).")

    def embed(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "embed": `embedding`, float32 `(batch, size)`, for strings `(batch,)`."""
        self.ensure_built()
        return {"embedding": tf.cast(self.vectors(text), tf.float32)}

    def embed_text(self, texts: str | bytes | Sequence | np.ndarray, batch_size: int = 64) -> np.ndarray:
        """The vectors of texts, which are close for texts that the task treats alike.

        Args:
            texts: A string, or a sequence of strings (str or bytes).
            batch_size: Maximum number of texts in a batch. Default 64.

        Returns:
            float32 `(texts, size)`.
        """
        texts = as_texts(texts)
        answers = in_batches(self._embed_texts, tf.constant(texts or [""], tf.string), batch_size)
        return np.concatenate([answer["embedding"] for answer in answers])[: len(texts)]

    def signatures(self):
        functions = {"serving_default": self.answer, "embed": self.embed}
        return {name: tf.function(function, [text_spec("text")], autograph=False)
                for name, function in functions.items()}  # fmt: skip

    def synthetic_examples(self, count):
        """Texts of words that the task knows, of many lengths."""
        names = [axis.names for axis in self.named_axes() if axis.axis == 0 and len(axis.names) > 2]
        words = [word.removeprefix("##") for word in max(names, key=len, default=["a"])]
        random = np.random.default_rng(0)
        counts = random.integers(1, 30, size=count)
        return [" ".join(words[number] for number in random.integers(len(words), size=count)) for count in counts]

    def odd_examples(self):
        return {f"the text {shorten(repr(text), 40)}": text for text in ODD}

    def warmup(self):
        return [{"text": np.array([text], object)} for text in self.warmup_texts]

    def resources(self):
        return self.preprocessor.tables


class TracedFunctions:
    """Functions by key, each traced once: threads share them. Keras tracks no dict with keys that are not strings."""

    def __init__(self):
        self._by_key = {}

    def get(self, key: Any, make: Callable[[], Callable]) -> Callable:
        """The function of a key, made at its first use."""
        if key not in self._by_key:
            self._by_key.setdefault(key, make())
        return self._by_key[key]


def encoder(preprocessor: Callable, spec: tf.TensorSpec | tf.RaggedTensorSpec | None = None) -> Callable:
    """A preprocessor as a function for `encode`, which is traced once.

    Args:
        preprocessor: From strings to ragged ids.
        spec: The specification of the strings. Default `(batch,)`.
    """
    return tf.function(lambda rows: preprocessor(rows), [spec or text_spec("text")], autograph=False)


def encode(function: Callable, rows: Any) -> tf.RaggedTensor:
    """Calls a function of `encoder` on `ENCODE_BATCH` rows at a time."""
    starts = range(0, max(rows.shape[0], 1), ENCODE_BATCH)
    return tf.concat([function(rows[start : start + ENCODE_BATCH]) for start in starts], axis=0)


def text_spec(name: str) -> tf.TensorSpec:
    """The specification of strings `(batch,)`."""
    return tf.TensorSpec([None], tf.string, name=name)


def strings(row: tf.RaggedTensor) -> list[str]:
    """The strings of the only row of a ragged tensor; one empty string if there are none, as `pad` makes one step."""
    (items,) = row.to_list()
    return [item.decode("utf-8", "replace") for item in items] or [""]


def as_texts(texts: Any) -> list:
    """A list of UTF-8 strings, from one string or a sequence of strings (str or bytes), such as a tensor.

    Raises:
        InputError: one of them is not a string.
    """
    if isinstance(texts, tf.RaggedTensor):
        texts = texts.to_list()
    elif isinstance(texts, (tf.Tensor, np.ndarray)):
        texts = np.asarray(texts).tolist()
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable) or isinstance(texts, Mapping):
        texts = [texts]
    return [as_utf8(text) for text in texts]
