"""A tagger that reads token by token: the signatures "init" and "step" of its export."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.tasks import streaming
from nlpseq.tasks.streaming import CellStates, held, read_steps
from nlpseq.text import PADDING

if TYPE_CHECKING:
    from nlpseq.tasks.tagging.model import TokenTagger


class TaggerStream:
    """Tags a text token by token.

    Args:
        task: A tagger for which `can_stream` is True.
    """

    def __init__(self, task: "TokenTagger"):
        self.task = task
        self.cells = CellStates(task.recurrent)

    @staticmethod
    def can_stream(task: "TokenTagger") -> bool:
        """Whether a tag depends on the tokens up to its own only."""
        return task.crf is None and not task.settings.bidirectional

    def signatures(self) -> dict:
        """The signatures "init" and "step"."""
        return streaming.signatures(self.answer_init, self.answer_step, self.cells.sizes)

    def answer_init(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "init" for the beginnings of texts, string `(batch,)`.

        Returns:
            `tokens`, `tags`, `length` and `scores` as of "serving_default"; and the states.
        """
        tokens = self.task.preprocessor.tokenize(text)
        ids = pad(self.task.preprocessor(tokens))
        starts = {name: tf.zeros([tf.shape(ids)[0], size]) for name, size in self.cells.sizes.items()}
        shares, states = read_steps(self._step, ids, starts)
        longest = tf.reduce_max(tf.concat([tokens.row_lengths(), [0]], axis=0))
        names, scores = self._labelled(shares[:, :longest])
        real = tf.sequence_mask(tokens.row_lengths(), longest)
        return {
            "tokens": tokens.to_tensor(""),
            "tags": tf.where(real, names, ""),
            "length": tf.cast(tokens.row_lengths(), tf.int32),
            "scores": tf.where(real, scores, 0.0),
            **states,
        }

    def answer_step(self, token: tf.Tensor, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "step".

        Args:
            token: The next token, string `(batch,)`; "" for none.
            **states: Those that "init" or "step" returned.

        Returns:
            A dict of `tag`, string `(batch,)`, `score`, float32 `(batch,)`, and the states.
        """
        ids = self.task.preprocessor(tf.RaggedTensor.from_tensor(token[:, tf.newaxis])).to_tensor()[:, 0]
        ids = tf.where(token[:, tf.newaxis] == "", PADDING, ids)
        shares, new = self._step(ids, states)
        name, score = self._labelled(shares)
        return {"tag": tf.where(token == "", "", name), "score": tf.where(token == "", 0.0, score), **new}

    def _step(self, ids, states):
        """The probabilities of the tags `(batch, tags)` and the states after ids `(batch, columns)`."""
        real = ids[:, 0] != PADDING
        features = self.task.word_features(ids[:, tf.newaxis], real[:, tf.newaxis], training=False)
        hidden, new = self.cells.step(features[:, 0], states)
        emissions = self.task.emissions(hidden[:, tf.newaxis], ids[:, tf.newaxis])[:, 0]
        return tf.nn.softmax(emissions), held(real, new, states)

    def _labelled(self, shares):
        return tf.gather(tf.constant(self.task.labels), tf.argmax(shares, axis=-1)), tf.reduce_max(shares, axis=-1)
