"""Functions of nested tensors, traced once for all numbers of rows and steps."""

import threading
import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nlpseq.engine.compilation import inside_pfor
from nlpseq.engine.naming import named_by_graph
from nlpseq.engine.nests import flatten, pack_as

lock = threading.RLock()
_compiled = weakref.WeakSet()  # the functions that XLA compiles


def program_count() -> int:
    """The number of programs for XLA that are held now, by all layers and losses together.

    Each is compiled once for each capacity that occurs, whatever lengths and batch sizes come: see
    `nlpseq.engine.tiles`.

    Example:

    >>> gru = nlpseq.layers.GRU(4)
    >>> _ = gru(tf.ones((8, 5, 3)), training=True)
    >>> before = program_count()
    >>> _ = gru(tf.ones((8, 9, 3)), training=True)
    >>> program_count() - before
    0
    """
    with lock:
        return sum(len(function) for function in _compiled)


class Traced:
    """A function of nested structures of tensors, in which None stands for no tensor.

    It is traced once for each structure, and holds nothing of the arguments. With `jit_compile` XLA
    compiles it once for each shape of its arguments.

    Example:

    >>> double = Traced(lambda values: [2 * value for value in values])
    >>> [doubled] = double([tf.constant([1.0, 2.0])], specs=lambda values: (specs_of(values, 1),))
    >>> doubled.numpy().tolist(), len(double)
    ([2.0, 4.0], 1)
    """

    def __init__(self, function: Callable, jit_compile: bool | None = None) -> None:
        self._function, self._jit_compile, self._traced = function, jit_compile, {}
        if jit_compile:
            _compiled.add(self)

    def __len__(self) -> int:
        """How often it was traced."""
        return len(self._traced)

    def __bool__(self) -> bool:
        return True

    def __call__(self, *arguments: Any, specs: Callable) -> Any:
        """Calls the function.

        Args:
            arguments: those of the function.
            specs: from the arguments to a tuple of the same structure, with a `tf.TensorSpec` for
                each tensor.
        """
        if tf.config.functions_run_eagerly() or (not self._jit_compile and inside_pfor()):  # which takes no definitions
            return self._function(*arguments)
        structure = specs(*arguments)
        key = repr(structure)  # equal for equal specs
        with lock:
            if key not in self._traced:
                self._traced[key] = self._trace(structure)
        return self._traced[key](*flatten(arguments))

    def _trace(self, structure):
        function = self._function
        traced = tf.function(
            lambda *flat: function(*pack_as(structure, flat)),
            input_signature=flatten(structure),
            jit_compile=self._jit_compile,
            autograph=False,
        )
        traced = traced.get_concrete_function()
        return _named_function(traced) if self._jit_compile and not traced.captured_inputs else traced


def _named_function(traced):
    """A must-compile function that graphs call by a name that depends on what it computes alone.

    TensorFlow vectorizes functions that it has traced, but no definition.
    """
    function, structure = named_by_graph(traced), traced.structured_outputs

    def call(*flat):
        return traced(*flat) if tf.executing_eagerly() or inside_pfor() else pack_as(structure, function(*flat))

    return call


def specs_of(tensors: Any, unknown: int) -> Any:
    """The specs of nested tensors whose first `unknown` dimensions differ between calls.

    Example:

    >>> specs_of([tf.zeros((2, 3))], 1)
    [TensorSpec(shape=(None, 3), dtype=tf.float32, name=None)]
    """

    def spec(tensor):
        if tensor is None:
            return None
        shape = tensor.shape.as_list()
        return tf.TensorSpec([*[None] * min(unknown, len(shape)), *shape[unknown:]], tensor.dtype)

    return tf.nest.map_structure(spec, tensors)
