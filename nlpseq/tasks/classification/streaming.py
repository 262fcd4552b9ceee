"""A classifier that reads token by token: the signatures "init" and "step" of its export."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.tasks import streaming
from nlpseq.tasks.streaming import CellStates, held, read_steps
from nlpseq.text import PADDING
from nlpseq.text.case import lowercase

if TYPE_CHECKING:
    from nlpseq.tasks.classification.model import TextClassifier

LEAST = tf.float32.min  # the maximum of no outputs


class ClassifierStream:
    """Reads a text token by token, with the answer for all that has been read.

    The states are those of the cells and of the pooling: `largest` and `total` of the outputs, and `count`.

    Args:
        task: A classifier for which `can_stream` is True.
    """

    def __init__(self, task: "TextClassifier"):
        self.task = task
        self.cells = CellStates(task.recurrent)

    @staticmethod
    def can_stream(task: "TextClassifier") -> bool:
        """Whether an answer depends on the words so far only, through the states."""
        settings = task.settings
        pooled = settings.pooling in ("last", "max", "mean", "max_mean")
        words_only = len(task.preprocessor.sizes) == 1 and settings.linear == "none"
        return pooled and words_only and not (settings.bidirectional or settings.skip)

    def signatures(self) -> dict:
        """The signatures "init" and "step"."""
        return streaming.signatures(self.answer_init, self.answer_step, self.sizes)

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the states."""
        units = self.task.recurrent[-1].cell.output_size
        return {**self.cells.sizes, "largest": units, "total": units, "count": 1}

    def answer_init(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "init" for the beginnings of texts, string `(batch,)`: as `answer_step`."""
        ids = pad(self.task.preprocessor(text))[..., 0]
        rows = tf.shape(ids)[0]
        starts = {name: tf.zeros([rows, size]) for name, size in self.sizes.items()}
        starts["largest"] = tf.fill(tf.shape(starts["largest"]), LEAST)
        outputs, states = read_steps(self._step, ids, starts)
        return self._answer(outputs[:, -1], states)

    def answer_step(self, token: tf.Tensor, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "step".

        Args:
            token: The next token, a word or a punctuation mark, string `(batch,)`; "" for none.
            **states: Those that "init" or "step" returned.

        Returns:
            `label` or `labels`, and `scores`, as of "serving_default"; and the states.
        """
        preprocessor = self.task.preprocessor
        words = lowercase(token) if preprocessor.tokenizer.lowercase else token
        ids = tf.where(token == "", PADDING, preprocessor.vocabulary(words))
        return self._answer(*self._step(ids, states))

    def _step(self, ids, states):
        """The pooled outputs `(batch, features)` and states after ids `(batch,)`."""
        hidden, cells = self.cells.step(self.task.embeddings[0](ids), states)
        hidden = tf.cast(hidden, tf.float32)
        pools = {"largest": tf.maximum(states["largest"], hidden), "total": states["total"] + hidden}
        new = held(ids != PADDING, {**cells, **pools, "count": states["count"] + 1}, states)
        return self._pooled(new), new

    def _pooled(self, states):
        top = list(self.cells.sizes)[-len(self.task.recurrent[-1].cell.state_sizes)]
        empty = states["count"] == 0
        parts = {
            "last": states[top],
            "max": tf.where(empty, 0.0, states["largest"]),
            "mean": states["total"] / tf.maximum(states["count"], 1),
        }
        pooling = self.task.settings.pooling
        return tf.concat([parts[name] for name in pooling.split("_")], axis=-1)

    def _answer(self, pooled, states):
        return {**self.task.answer_of(self.task.head(pooled)), **states}
