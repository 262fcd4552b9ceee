"""The error rate of the best paths during training, inside the graph."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.decoding import ctc_greedy
from nlpseq.layers.label_loss import row_weights
from nlpseq.runtime.ctc import BLANK


class UnitErrorRate(keras.metrics.Metric):
    """The edits that turn the best paths into the texts, a share of the units of the texts (characters or words).

        rate = sum_i edits(best path of i, text of i) / sum_i units of text i

    Insertions, deletions and substitutions count 1 each.

    Args:
        name: Name of the metric.
        **kwargs: As in `keras.metrics.Metric`.

    Call arguments:
        y_true: Ids of the units of each text, integers `(batch, longest)`, -1 for padding.
        y_pred: Logits, float `(batch, steps, units)`; those behind the end of a sound are of the blank.
        sample_weight: A number, `(batch,)` or `(batch, 1)`. Default None, 1.

    Example:

    >>> metric = UnitErrorRate()
    >>> metric.update_state(tf.constant([[1, 2]]), tf.one_hot([[1, 0, 1]], 3))  # "1 1" in the place of "1 2"
    >>> float(metric.result())
    0.5
    """

    def __init__(self, name: str = "error_rate", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.edits = self.add_variable((), "zeros", name="edits")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = tf.RaggedTensor.from_tensor(tf.cast(y_true, tf.int32) + 1, padding=0)
        best = ctc_greedy(y_pred, None, BLANK)
        hypotheses = tf.RaggedTensor.from_tensor(best.ids[:, 0] + 1, best.lengths[:, 0])
        edits = tf.edit_distance(_sparse(hypotheses), _sparse(labels), normalize=False)
        weights = row_weights(sample_weight, tf.size(edits))
        self.edits.assign_add(tf.reduce_sum(weights * edits))
        self.count.assign_add(tf.reduce_sum(weights * tf.cast(labels.row_lengths(), tf.float32)))

    def result(self):
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.edits), tf.convert_to_tensor(self.count))


def _sparse(rows):
    """Ragged rows as `tf.edit_distance` takes them: with one size for both."""
    sparse = rows.to_sparse()
    return tf.SparseTensor(sparse.indices, tf.cast(sparse.values, tf.int64), [rows.nrows(), 1_000_000])
