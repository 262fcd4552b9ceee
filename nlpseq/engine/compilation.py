"""When a recurrence is compiled with XLA: decided here and nowhere else.

XLA makes one program of the whole loop, which on a CPU trains about twice as
fast as the same loop run op by op. It compiles once for every shape, so it pays
where shapes repeat: in training, on batches that come in few lengths, and in a
`tf.function` that is made for one shape. It is not wanted in an export, which
must run in a server that may have no XLA; there the batch is of unknown size.

    "auto"      compile in training, and in graphs in which batch and time are
                known; run op by op otherwise (default)
    "xla"       compile always
    "portable"  never compile
"""

import contextlib

import tensorflow as tf

MODES = ("auto", "xla", "portable")
_mode = "auto"


def check_mode(mode):
    """Returns `mode`, or raises a ValueError that says which modes there are."""
    if mode not in MODES:
        raise ValueError(f"`engine` must be one of {', '.join(MODES)}, got {mode!r}.")
    return mode


def get_mode():
    """The global mode, used where a layer's own `engine` is "auto"."""
    return _mode


def set_mode(mode):
    """Sets the global mode: "auto", "xla" or "portable"."""
    global _mode
    _mode = check_mode(mode)


@contextlib.contextmanager
def mode(name):
    """Sets the global mode within a `with` block."""
    before = get_mode()
    set_mode(name)
    try:
        yield
    finally:
        set_mode(before)


def should_compile(layer_mode, training, inputs):
    """Whether to compile: the global mode first if set, then the layer's, then by the case.

    Args:
        layer_mode: the layer's `engine`.
        training: whether the layer runs in training.
        inputs: `(time, batch, features)`.
    """
    chosen = _mode if _mode != "auto" else layer_mode
    if chosen == "auto":
        return bool(training) or (not tf.executing_eagerly() and inputs.shape.is_fully_defined())
    return chosen == "xla"
