"""Nested structures of tensors, in which None stands for no tensor."""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf


def flatten(structure: Any) -> list[tf.Tensor]:
    """The tensors of a nested structure in order, without the Nones."""
    return [leaf for leaf in tf.nest.flatten(structure) if leaf is not None]


def pack_as(structure: Any, tensors: Iterable[tf.Tensor]) -> Any:
    """`structure` with its tensors replaced by `tensors`, in order; None stays None."""
    tensors = iter(tensors)
    return tf.nest.map_structure(lambda leaf: None if leaf is None else next(tensors), structure)
