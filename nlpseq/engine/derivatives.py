"""Gradients derived by hand, which refuse to be differentiated a second time, and which exports go without."""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf

from nlpseq.errors import InputError

_without_gradients = contextvars.ContextVar("without_gradients", default=False)


def no_gradients() -> bool:
    """Whether the caller is within `without_gradients`."""
    return _without_gradients.get()


@contextlib.contextmanager
def without_gradients() -> Iterator[None]:
    """Traces functions within a `with` block without gradients derived by hand.

    A SavedModel cannot hold a gradient that refuses to be differentiated, and warns when it is
    loaded; what is served needs none.
    """
    token = _without_gradients.set(True)
    try:
        yield
    finally:
        _without_gradients.reset(token)


def custom_gradient(function: Callable) -> Callable:
    """`tf.custom_gradient`; within `without_gradients` the results of the function alone."""
    differentiable = tf.custom_gradient(function)

    @functools.wraps(function)
    def call(*sources):
        if _without_gradients.get():
            return function(*sources)[0]
        try:
            return differentiable(*sources)
        except TypeError as error:
            if "keyword argument 'variables'" not in str(error):
                raise
            raise InputError(
                "a function with a gradient of its own uses a trainable variable that is none of its arguments",
                "make the weights of a cell with its `add_weight`",
            ) from None

    return call


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
        raise NotImplementedError(
            f"This part of nlpseq has first derivatives only, by gradient tapes: for others, {remedy}."
        )

    @tf.custom_gradient
    def first_derivatives(*arguments):
        return tuple(gradient(*arguments[: -len(sources)])), refuse

    # The upstream gradient of a `tf.gather` comes as `tf.IndexedSlices`.
    return lambda *upstream: first_derivatives(*map(tf.convert_to_tensor, upstream), *sources)
