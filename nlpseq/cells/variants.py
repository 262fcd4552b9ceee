"""Variants that any cell can have: layer normalisation, zoneout, and their rates."""

import math

import keras
import tensorflow as tf

EPSILON = 1e-5  # added to the variance, as in Ba et al. (2016)


def layer_normalize(rows, gain, shift=None):
    """`gain * (rows - mean) / sqrt(variance + EPSILON) (+ shift)`, each row by itself."""
    rows = rows - tf.reduce_mean(rows, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(rows), axis=-1, keepdims=True)
    rows = rows * tf.math.rsqrt(variance + EPSILON) * gain
    return rows if shift is None else rows + shift


def hold_some(new, old, rates, held=None):
    """Zoneout (Krueger et al. 2017, equation 2): some entries keep their previous value.

    Args:
        new, old: lists of states.
        rates: one rate a state.
        held: bool `(batch, sum of sizes)`, True = hold; None takes the mean over masks.
    """
    if held is None:
        return [rate * before + (1 - rate) * after for rate, before, after in zip(rates, old, new)]
    masks = tf.split(held, [state.shape[-1] for state in new], axis=-1)
    return [tf.where(mask, before, after) for mask, before, after in zip(masks, old, new)]


def check_rates(name, value, count):
    """A rate, or a list of `count` rates, in [0, 1), as a list."""
    rates = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(rates) != count:
        raise ValueError(f"`{name}` must be a rate or a list of {count} rates, got {value!r}.")
    if not all(math.isfinite(rate) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"`{name}` must be at least 0 and less than 1, got {value!r}.")
    return rates


def chrono_start(steps, shape, dtype=None, seed=None):
    """Chrono initialisation (Tallec and Ollivier 2018): `log u`, u uniform in [1, steps - 1].

    As the bias of a gate that keeps the state it gives memories of all lengths up to `steps`.
    """
    uniform = keras.random.uniform(shape, 1.0, steps - 1.0, seed=seed)
    return tf.math.log(tf.cast(uniform, dtype or "float32"))


def check_chrono(steps):
    """`steps` of `chrono_start`, which must be None or more than 2."""
    if steps is not None and steps <= 2:
        raise ValueError(f"`chrono_steps` must be more than 2, the longest dependency in steps, got {steps}.")
    return steps
