"""The F1 of spans during training, inside the graph."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from nlpseq import tag_schemes
from nlpseq.layers.label_loss import labelled_steps


class SpanF1(keras.metrics.Metric):
    """F1 of spans, as `nlpseq.tasks.tagging.evaluation.span_scores` computes it; labels of -1 do not count.

        F1 = 2 correct / (expected + predicted)

    A span is correct if at each of its tokens the expected and the predicted spans are of one type,
    begin together and end together. With sample weights, of the shapes that `SmoothedCrossEntropy`
    takes, these are sums of weights, where a span has the weight of its first token.

    Args:
        labels: Names of the tags, in a span scheme.
        decide: Function of the emissions, float `(batch, time, tags)`, and the mask, bool
            `(batch, time)`, that returns the tags, integers `(batch, time)`.
        name: Name of the metric.
        **kwargs: As in `keras.metrics.Metric`.

    Example:

    >>> metric = SpanF1(["O", "B-X", "I-X"], lambda emissions, mask: tf.argmax(emissions, -1, tf.int32))
    >>> metric.update_state(tf.constant([[1, 2, 1, -1]]), tf.one_hot([[1, 2, 0, 0]], 3))
    >>> round(float(metric.result()), 3)
    0.667

    Reference:
        Tjong Kim Sang and De Meulder (2003), Introduction to the CoNLL-2003 shared task.
    """

    def __init__(
        self,
        labels: Sequence[str],
        decide: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        name: str = "f1",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.decide = decide
        parts = [tag_schemes.split_tag(label) for label in labels]
        names = sorted({kind for _, kind in parts if kind})
        self.kinds = np.array([names.index(kind) if kind else -1 for _, kind in parts], np.int32)
        self.begins = np.array([prefix in "BS" for prefix, _ in parts])
        self.ends = np.array([prefix in "ES" for prefix, _ in parts])
        self.correct = self.add_variable((), "zeros", name="correct")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels, mask, weights, _ = labelled_steps(y_true, y_pred, sample_weight)
        kind, begin, end = self._spans(labels, mask)
        other_kind, other_begin, other_end = self._spans(self.decide(y_pred, mask), mask)
        same = tf.equal(kind, other_kind) & tf.equal(begin, other_begin) & tf.equal(end, other_end)
        numbers = tf.cumsum(tf.cast(tf.reshape(begin, [-1]), tf.int32)) - 1  # of the expected spans
        numbers = tf.where(tf.reshape(kind, [-1]) >= 0, numbers, -1)
        expected = tf.boolean_mask(weights, begin)  # (spans,)
        predicted = tf.boolean_mask(weights, other_begin)
        correct = tf.math.unsorted_segment_min(tf.cast(tf.reshape(same, [-1]), tf.float32), numbers, tf.size(expected))
        self.correct.assign_add(tf.reduce_sum(correct * expected))
        self.count.assign_add(tf.reduce_sum(expected) + tf.reduce_sum(predicted))

    def _spans(self, tags, mask):
        """For each token the type of its span, -1 outside; whether a span begins, and whether one ends there."""
        tags = tf.where(mask, tags, 0)
        kind = tf.where(mask, tf.gather(self.kinds, tags), -1)  # (batch, time)
        begins, ends = tf.gather(self.begins, tags), tf.gather(self.ends, tags)
        continues = tf.equal(kind[:, 1:], kind[:, :-1]) & ~begins[:, 1:] & ~ends[:, :-1]
        inside = kind >= 0
        begin = inside & ~tf.pad(continues, [[0, 0], [1, 0]])
        return kind, begin, inside & ~tf.pad(continues, [[0, 0], [0, 1]])

    def result(self):
        return tf.math.divide_no_nan(2 * tf.convert_to_tensor(self.correct), tf.convert_to_tensor(self.count))
