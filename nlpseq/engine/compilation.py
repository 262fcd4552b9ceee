"""When a recurrence is compiled with XLA: decided here and nowhere else.

XLA makes one program of the whole loop, which on a CPU trains about twice as fast as the
same loop run op by op. It compiles once for each shape, so it pays where shapes repeat: in
training, on batches of few different lengths, and in a `tf.function` that is traced for one
shape. It is not wanted in an export, which must run on a server that may have no XLA; there
the batch size is unknown.

    "auto"      compile in training, and in graphs in which batch and time are
                known; run op by op otherwise (default)
    "xla"       compile always
    "portable"  never compile
"""

import contextlib
import contextvars
from collections.abc import Iterator

import tensorflow as tf

MODES = ("auto", "xla", "portable")
_mode = "auto"
_mode_here = contextvars.ContextVar("mode", default=None)  # in a `with` block of this thread


def check_mode(mode: str) -> str:
    """`mode`, if it is "auto", "xla" or "portable".

    Raises:
        ValueError: it is not.
    """
    if mode not in MODES:
        raise ValueError(f"`engine` must be one of {', '.join(MODES)}, got {mode!r}.")
    return mode


def get_mode() -> str:
    """The mode of the `with` block, or else the global one. Unless "auto", it overrides the `engine` of layers."""
    return _mode_here.get() or _mode


def set_mode(mode: str) -> None:
    """Sets the global mode: "auto", "xla" or "portable".

    Raises:
        ValueError: the mode is unknown.
    """
    global _mode
    _mode = check_mode(mode)


@contextlib.contextmanager
def mode(name: str) -> Iterator[None]:
    """Sets the mode within a `with` block, for the thread that runs it.

    Raises:
        ValueError: the mode is unknown.
    """
    token = _mode_here.set(check_mode(name))
    try:
        yield
    finally:
        _mode_here.reset(token)


def should_compile(layer_mode: str, training: bool | None, inputs: tf.Tensor) -> bool:
    """Whether to compile: by the global mode unless it is "auto", else by the layer's, else by the call.

    Args:
        layer_mode: the `engine` of the layer.
        training: whether the layer is called in training.
        inputs: `(batch, time, features)` or `(time, batch, features)`.
    """
    chosen = get_mode() if get_mode() != "auto" else layer_mode
    if chosen == "auto":
        return bool(training) or (not tf.executing_eagerly() and inputs.shape.is_fully_defined())
    return chosen == "xla"
