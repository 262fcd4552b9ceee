"""Scoring of texts by a language model in the graph."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.tasks.language_modeling.parts import read_in_parts
from nlpseq.tasks.language_modeling.reading import WHOLE_WORDS
from nlpseq.text import END, UNKNOWN

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.model import LanguageModel

SCORED_ROWS = 1024  # maximum number of steps whose logits are in memory at a time


class Scorer:
    """Scores texts with a `LanguageModel`.

    Args:
        task: The model; its `preprocessor`, `run` and `logits` are used.
    """

    def __init__(self, task: "LanguageModel"):
        self.task = task

    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Scores texts; this is the signature "score".

        A line end is a token: a text that ends with one is scored as ending in a complete line.

        Args:
            text: String `(batch,)`.

        Returns:
            A dict of `tokens`, string `(batch, longest)`, padded with ""; `log_probabilities`,
            float32 `(batch, longest)`, of each token given those before it, padded with 0; and,
            all `(batch,)`: `total`, float32, their sum; `perplexity`, float32,
            exp(-total / length), 1 for an empty text; `length` and `unknown`, int32, the number
            of tokens and of unknown tokens; `truncated`, bool, whether the text has more than
            `max_tokens` tokens, of which only the first are scored.
        """
        task = self.task
        most = task.preprocessor.max_tokens
        tokens = task.preprocessor(text, first=most + 1)
        truncated = tokens.row_lengths() > most
        tokens = tokens[:, :most]
        length = tf.cast(tokens.row_lengths(), tf.int32)
        longest = tf.reduce_max(tf.concat([length, [0]], axis=0))
        targets = pad(tokens)[:, :longest]
        inputs = tf.concat([tf.fill([tf.shape(targets)[0], 1], END), targets], axis=1)[:, :longest]

        def score(hidden, start, scores):
            part = targets[:, start : start + tf.shape(hidden)[1]]
            return tf.concat([scores, self._log_probabilities(hidden, part)], axis=1)

        _, scores = read_in_parts(task, inputs, visit=score, total=tf.zeros([tf.shape(targets)[0], 0]))
        real = tf.sequence_mask(length, longest)
        log_probabilities = tf.where(real, scores, 0.0)
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
        """The strings of token ids; a line end is a backslash and n."""
        texts = self.task.preprocessor.texts(ids)
        if self.task.preprocessor.tokenizer.kind in WHOLE_WORDS:
            texts = tf.strings.regex_replace(texts, "^ ", "")
        return tf.where(ids == END, r"\n", texts)

    def _log_probabilities(self, hidden, targets):
        """log P of targets `(batch, time)` given outputs `(batch, time, units)`, in parts of `SCORED_ROWS` steps."""
        rows = tf.size(targets)
        size = tf.clip_by_value(rows, 1, SCORED_ROWS)
        missing = tf.maximum(-(-rows // size), 1) * size - rows  # at least one part
        hidden = tf.pad(tf.reshape(hidden, [rows, hidden.shape[-1]]), [[0, missing], [0, 0]])
        ids = tf.pad(tf.reshape(targets, [rows]), [[0, missing]])

        def score_part(part):
            hidden, ids = part
            return -tf.nn.sparse_softmax_cross_entropy_with_logits(ids, self.task.logits(hidden))

        parts = tf.reshape(hidden, [-1, size, hidden.shape[-1]]), tf.reshape(ids, [-1, size])
        spec = tf.TensorSpec([None], tf.float32)
        scores = tf.map_fn(score_part, parts, fn_output_signature=spec, parallel_iterations=1)
        return tf.reshape(tf.reshape(scores, [-1])[:rows], tf.shape(targets))
