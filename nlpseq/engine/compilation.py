"""When a recurrence is compiled with XLA: decided here and nowhere else.

A compiled loop trains about twice as fast on a CPU as the same loop run op by op. It is compiled
once for each signature and capacity, whatever lengths and batch sizes come (see
`nlpseq.engine.programs`). It is not wanted in an export, which must run on a server that may have
no XLA.

    "auto"      compile in training; in inference compile graphs in which batch and time are
                known, and those of `evaluate` and `predict`; run op by op otherwise (default)
    "xla"       compile always
    "portable"  never compile

Where TensorFlow sees a GPU, "auto" leaves the runs of cells that cuDNN has, LSTM and GRU without variants, to its fused
kernels (see `nlpseq.engine.cudnn`), and "xla" does not. This has not been measured: no GPU was at hand.

Whatever the mode, nothing is compiled by itself within a function that XLA compiles as a whole, nor
while Keras or TensorFlow trace a model in order to export it or to vectorize it.
"""

import contextlib
import contextvars
import functools
import sys
from collections.abc import Iterator

import tensorflow as tf

MODES = ("auto", "xla", "portable")
# Modules by whose functions a trace for an export, or for `fit`, `evaluate` and `predict`, is told.
EXPORTERS = ("keras.src.export", "tensorflow.python.saved_model", "tensorflow.lite", "tf2onnx")
TRAINERS = ("keras.src.backend.tensorflow.trainer",)
VECTORIZERS = ("tensorflow.python.ops.parallel_for",)
_mode = "auto"
# The mode in a `with` block of this thread.
_mode_here: contextvars.ContextVar[str | None] = contextvars.ContextVar("mode", default=None)


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
    """Whether to compile the loops: see above.

    Args:
        layer_mode: the `engine` of the layer.
        training: whether the layer is called in training.
        inputs: `(batch, time, features)` or `(time, batch, features)`.
    """
    chosen = get_mode() if get_mode() != "auto" else layer_mode
    if chosen == "portable" or _inside_xla():
        return False
    if tf.executing_eagerly():
        return chosen == "xla" or bool(training)
    if _is_traced_by(*EXPORTERS, *VECTORIZERS):
        return False
    return chosen == "xla" or bool(training) or inputs.shape.is_fully_defined() or _is_traced_by(*TRAINERS)


def may_use_cudnn(layer_mode: str) -> bool:
    """Whether a run may be left to cuDNN: in "auto", where there is a GPU, except in exports, which serve on CPUs."""
    if get_mode() != "auto" or layer_mode != "auto" or not _has_gpu():
        return False
    return not _inside_xla() and (tf.executing_eagerly() or not _is_traced_by(*EXPORTERS))


def inside_pfor() -> bool:
    """Whether TensorFlow vectorizes the graph that is being traced, for `jacobian` or `tf.vectorized_map`."""
    return not tf.executing_eagerly() and _is_traced_by(*VECTORIZERS)


@functools.cache
def _has_gpu():
    return bool(tf.config.list_physical_devices("GPU"))


def _inside_xla():
    """Whether the graph that is being traced is part of a function under `jit_compile=True`."""
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        if context is not None and context.IsXLAContext():
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _is_traced_by(*modules):
    """Whether a function of these modules is among the callers."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(modules):
            return True
        frame = frame.f_back
    return False
