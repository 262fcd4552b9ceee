"""Scores of texts by a language model, in the graph."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.text import END, UNKNOWN

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.model import LanguageModel

SCORED_ROWS = 1024  # steps whose distributions are held at a time
WHOLE_WORDS = ("word", "wordpiece")  # kinds whose tokens are shown without the space before them


class Scorer:
    """Scores texts with a `LanguageModel`.

    Args:
        task: The model, of which it uses `preprocessor`, `buckets`, `run` and `logits`.
    """

    def __init__(self, task: "LanguageModel"):
        self.task = task

    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """What "score" gives: `text` `(batch,)` ->

        `tokens`, string, and `log_probabilities`, float32, of each token given those before it,
        `(batch, longest)`, padded with "" and 0; `total`, their sum; `perplexity`,
        exp(-total / length), 1 for an empty text; `length`, int32; `unknown`, how many of the
        tokens are unknown, int32; and `truncated`, whether the text was longer than what is
        read; all five `(batch,)`. A line end is a token: a text that ends in one is scored with
        its last line complete.
        """
        task = self.task
        tokens = task.preprocessor(text)
        truncated = tokens.row_lengths() > task.preprocessor.max_tokens
        tokens = tokens[:, : task.preprocessor.max_tokens]
        length = tf.cast(tokens.row_lengths(), tf.int32)
        targets = pad(tokens, task.buckets)
        inputs = tf.concat([tf.fill([tf.shape(targets)[0], 1], END), targets[:, :-1]], axis=1)
        hidden, _ = task.run(inputs)
        longest = tf.reduce_max(tf.concat([length, [0]], axis=0))
        targets, hidden = targets[:, :longest], hidden[:, :longest]
        real = tf.sequence_mask(length, longest)
        log_probabilities = tf.where(real, self._log_probabilities(hidden, targets), 0.0)
        total = tf.reduce_sum(log_probabilities, axis=1)
        unknown = tf.reduce_sum(tf.cast(real & (targets == UNKNOWN), tf.int32), axis=1)
        return {
            "tokens": tf.where(real, self._token_strings(targets), ""),
            "log_probabilities": log_probabilities,
            "total": total,
            "perplexity": tf.exp(-total / tf.cast(tf.maximum(length, 1), tf.float32)),
            "length": length,
            "unknown": unknown,
            "truncated": truncated,
        }

    def _token_strings(self, ids):
        """The tokens of ids as they are shown, a line end as a backslash and n."""
        texts = self.task.preprocessor.texts(ids)
        if self.task.preprocessor.tokenizer.kind in WHOLE_WORDS:
            texts = tf.strings.strip(texts)
        return tf.where(ids == END, r"\n", texts)

    def _log_probabilities(self, hidden, targets):
        """log P of targets `(batch, time)` after outputs `(batch, time, units)`, a part of the rows at a time."""
        rows = tf.size(targets)
        size = tf.clip_by_value(rows, 1, SCORED_ROWS)
        missing = tf.maximum(-(-rows // size), 1) * size - rows  # one part at least
        hidden = tf.pad(tf.reshape(hidden, [rows, hidden.shape[-1]]), [[0, missing], [0, 0]])
        ids = tf.pad(tf.reshape(targets, [rows]), [[0, missing]])

        def score_part(part):
            hidden, ids = part
            return -tf.nn.sparse_softmax_cross_entropy_with_logits(ids, self.task.logits(hidden))

        parts = tf.reshape(hidden, [-1, size, hidden.shape[-1]]), tf.reshape(ids, [-1, size])
        spec = tf.TensorSpec([None], tf.float32)
        scores = tf.map_fn(score_part, parts, fn_output_signature=spec, parallel_iterations=1)
        return tf.reshape(tf.reshape(scores, [-1])[:rows], tf.shape(targets))
