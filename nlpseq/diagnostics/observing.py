"""The gradients of every training step, for any number of observers."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from nlpseq.engine.sparse import values_of

Observer = Callable[[list], None]  # of (gradient, variable) pairs, before clipping; traced into the training step


@contextlib.contextmanager
def observed(model: Any, observer: Observer) -> Iterator[None]:
    """In the block, which `fit` may begin and end in callbacks, `observer` sees the gradients of each step.

    Blocks may end in any order. `fit` must run on one device.
    """
    optimizer: Any = model.optimizer
    showing = vars(optimizer).get("apply_gradients")
    if showing is None:
        showing = optimizer.apply_gradients = _Showing(optimizer)
    showing.observers.append(observer)
    model.make_train_function(force=True)  # traced again, with all observers
    try:
        yield
    finally:
        showing.observers.remove(observer)
        if not showing.observers:
            del optimizer.apply_gradients  # that of the class shows again
        model.train_function = None


def loss_scale(optimizer: keras.optimizers.Optimizer) -> Any:
    """The factor of the gradients with a loss scale, else 1."""
    return optimizer.scale_loss(1.0)


def square_sum(gradient: Any) -> tf.Tensor:
    """float32; the sparse gradient of an embedding counts each occurrence of a row, as in Keras's clipping."""
    return tf.cast(tf.reduce_sum(tf.square(values_of(gradient))), tf.float32)


class _Showing:
    """The optimizer's `apply_gradients`, which observers see first."""

    def __init__(self, optimizer):
        self.optimizer, self.observers = optimizer, []

    def __call__(self, gradients_and_variables):
        pairs = list(gradients_and_variables)
        for observer in self.observers:
            observer(pairs)
        return type(self.optimizer).apply_gradients(self.optimizer, pairs)
