"""Chrono initialization of the biases of gates."""

import keras
import tensorflow as tf


def chrono_bias(steps: float, shape: tuple[int, ...], dtype: str | None = None, seed: int | None = None) -> tf.Tensor:
    """Chrono initialization (Tallec and Ollivier 2018, equation 16): `log u`, u uniform in [1, T - 1].

    As the bias of a gate that keeps the state, it gives memories of all lengths up to T steps.

    Args:
        steps: T, the longest dependency in steps.
        shape: shape of the bias.
        dtype: dtype of the bias. Default "float32".
        seed: seed of u. Default None, the global seed of Keras.
    """
    uniform = keras.random.uniform(shape, 1.0, steps - 1.0, seed=seed)
    return tf.math.log(tf.cast(uniform, dtype or "float32"))


def check_chrono_steps(steps: float | None) -> float | None:
    """`chrono_steps`, if it is None or more than 2.

    Raises:
        ValueError: it is 2 or less.
    """
    if steps is not None and steps <= 2:
        raise ValueError(f"`chrono_steps` must be more than 2, the longest dependency in steps, got {steps}.")
    return steps
