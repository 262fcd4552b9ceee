"""Gradients derived by hand, which refuse to be differentiated a second time."""

from collections.abc import Callable, Sequence

import tensorflow as tf


def first_only(gradient: Callable, sources: Sequence[tf.Tensor], remedy: str) -> Callable:
    """`gradient` for `tf.custom_gradient`, with a derivative that raises instead of silently missing terms.

    Args:
        gradient: function of the upstream gradients that returns the gradients of `sources`.
        sources: the tensors that are differentiated by; `gradient` uses them without a tape.
        remedy: how to get second derivatives, as in "run the cell in keras.layers.RNN".

    Returns:
        A function as `gradient`. Its derivative raises a NotImplementedError.
    """

    def refuse(*_):
        raise NotImplementedError(f"This part of nlpseq has first derivatives only: for second ones, {remedy}.")

    @tf.custom_gradient
    def first_derivatives(*arguments):
        return tuple(gradient(*arguments[: -len(sources)])), refuse

    # The upstream gradient of a `tf.gather` comes as `tf.IndexedSlices`.
    return lambda *upstream: first_derivatives(*map(tf.convert_to_tensor, upstream), *sources)
