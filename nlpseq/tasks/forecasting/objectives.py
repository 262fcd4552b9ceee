"""The loss of quantiles, and the mean of a distribution that is given by some of its quantiles."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

MEDIAN_WEIGHT = 3.0  # of the loss of the median, as that of several other quantiles


def pinball(errors: tf.Tensor, quantiles: Sequence[float]) -> tf.Tensor:
    """2 max(q e, (q - 1) e) of errors e = y - y_q, the weighted mean over the quantiles; of the median it is |e|.

    Args:
        errors: float `(..., quantiles)`.
        quantiles: The levels q.

    Returns:
        float `(...,)`.

    Reference:
        Koenker and Bassett (1978), Regression quantiles.
    """
    levels = np.array(quantiles, np.float32)
    weights = np.where(levels == 0.5, MEDIAN_WEIGHT, 1.0).astype(np.float32)
    losses = 2 * tf.maximum(levels * errors, (levels - 1) * errors)
    return tf.reduce_sum(losses * (weights / weights.sum()), axis=-1)


def quantile_weights(quantiles: Sequence[float]) -> np.ndarray:
    """Weights of quantiles whose sum is the mean of the distribution that is linear between them.

    Outside them the distribution ends.

    >>> quantile_weights([0.1, 0.5, 0.9]).round(2).tolist()
    [0.3, 0.4, 0.3]
    """
    levels = np.array(quantiles, float)
    edges = np.concatenate([[0], (levels[1:] + levels[:-1]) / 2, [1]])
    return np.diff(edges)
