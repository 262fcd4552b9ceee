"""What must be fixed before a model is created: the random seed and the precision."""

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

import keras
import tensorflow as tf


def set_seed(seed: int) -> None:
    """Fixes initial weights, shuffling and dropout, and makes TensorFlow's operations deterministic.

    The results of a run then repeat exactly on the same machine with the same versions.
    Determinism cannot be switched off again in a process.

    Args:
        seed: Integer from 0 to 2**32 - 1.

    Example:

    >>> set_seed(1)
    >>> first = keras.random.normal([3])
    >>> set_seed(1)
    >>> bool((keras.random.normal([3]) == first).numpy().all())
    True
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def precision(name: Literal["no", "bfloat16", "float16"]) -> Iterator[None]:
    """Layers created within the `with` block compute in mixed precision (Micikevicius et al. 2018).

    Weights stay float32. The previous policy is restored at the end of the block.

    Args:
        name: Type of the computation; "no" leaves the global policy as it is.

    Example:

    >>> with precision("bfloat16"):
    ...     layer = keras.layers.Dense(2)
    >>> layer.compute_dtype, layer.variable_dtype
    ('bfloat16', 'float32')
    """
    with dtype_policy(None if name == "no" else f"mixed_{name}"):
        yield


@contextlib.contextmanager
def dtype_policy(policy: Any) -> Iterator[None]:
    """Layers created within the `with` block have a policy; the previous one is restored at its end.

    Args:
        policy: Name of a dtype, a `keras.DTypePolicy` or its config; None leaves the global policy as it is.
    """
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(previous if policy is None else keras.dtype_policies.get(policy))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)
