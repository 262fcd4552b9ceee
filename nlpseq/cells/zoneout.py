"""Zoneout, and the check of rates."""

import math

import tensorflow as tf


def apply_zoneout(
    new: list[tf.Tensor], old: list[tf.Tensor], rates: list[float], mask: tf.Tensor | None = None
) -> list[tf.Tensor]:
    """Zoneout (Krueger et al. 2017, equation 2): some state entries keep their previous value.

        training     s_t = m_t * s_{t-1} + (1 - m_t) * s'_t
        inference    s_t = rate * s_{t-1} + (1 - rate) * s'_t

    Args:
        new, old: the states s'_t and s_{t-1}, lists of `(batch, size)`.
        rates: the rate of each state.
        mask: bool m_t `(batch, sum of sizes)`, True = keep. Default None, inference.
    """
    if mask is None:
        return [rate * before + (1 - rate) * after for rate, before, after in zip(rates, old, new)]
    masks = tf.split(mask, [state.shape[-1] for state in new], axis=-1)
    return [tf.where(keep, before, after) for keep, before, after in zip(masks, old, new)]


def check_rates(name: str, value: float | list[float] | tuple[float, ...], count: int) -> list[float]:
    """`value` as a list of `count` rates in [0, 1).

    Args:
        name: the argument, for errors.
        value: one rate for all, or a list of `count` rates.
        count: the number of rates.

    Raises:
        ValueError: a rate is out of range, or the list has another length.
    """
    rates = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(rates) != count:
        raise ValueError(f"`{name}` must be a rate or a list of {count} rates, got {value!r}.")
    if not all(math.isfinite(rate) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"`{name}` must be at least 0 and less than 1, got {value!r}.")
    return [float(rate) for rate in rates]
