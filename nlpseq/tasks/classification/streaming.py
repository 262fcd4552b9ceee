"""A classifier that reads token by token: the signatures "init" and "step" of its export."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.tasks import streaming
from nlpseq.tasks.streaming import PooledStates, read_steps
from nlpseq.text import PADDING
from nlpseq.text.case import lowercase

if TYPE_CHECKING:
    from nlpseq.tasks.classification.model import TextClassifier


class ClassifierStream:
    """Reads a text token by token, with the answer for all that has been read.

    The states are those of `PooledStates`.

    Args:
        task: A classifier for which `can_stream` is True.
    """

    def __init__(self, task: "TextClassifier"):
        self.task = task
        self.states = PooledStates(task.recurrent, task.settings.pooling, task.recurrent[-1].cell.output_size)

    @staticmethod
    def can_stream(task: "TextClassifier") -> bool:
        """Whether an answer depends on the words so far only, through the states."""
        settings = task.settings
        pooled = settings.pooling in PooledStates.POOLINGS
        words_only = len(task.preprocessor.sizes) == 1 and settings.linear == "none"
        return pooled and words_only and not (settings.bidirectional or settings.skip)

    def signatures(self) -> dict:
        """The signatures "init" and "step"."""
        return streaming.signatures(self.answer_init, self.answer_step, self.states.sizes)

    def answer_init(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "init" for the beginnings of texts, string `(batch,)`: as `answer_step`."""
        ids = pad(self.task.preprocessor(text))[..., 0]
        outputs, states = read_steps(self._step, ids, self.states.start(tf.shape(ids)[0]))
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
        _, new = self.states.step(self.task.embeddings[0](ids), states, ids != PADDING)
        return self.states.pooled(new), new

    def _answer(self, pooled, states):
        return {**self.task.answer_of(self.task.head(pooled)), **states}
