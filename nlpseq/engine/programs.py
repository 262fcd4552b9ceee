"""The table of compiled programs, shared by all layers of the process.

Two cells share their programs if their steps are the same graph: the same options, sizes and
dtypes, whatever the object, the layer or the direction. A program is traced once, with unknown
numbers of rows and steps, and compiled once for each capacity that occurs: see
`nlpseq.engine.tiles`.
"""

import collections
import contextvars
import functools
import hashlib
import threading
import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.engine import tile_loops, tiles
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec
from nlpseq.engine.naming import named_by_graph
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.tiles import Run

LIMIT = 256  # signatures that are kept

_tracing = contextvars.ContextVar("tracing")  # the cell whose step is traced
_lock = threading.RLock()
_table = collections.OrderedDict()  # signature -> Programs, the least recently used first
_signatures = weakref.WeakKeyDictionary()  # cell -> {what the call adds: signature}


def programs_of(cell: RecurrentCell, run: Run) -> "Programs":
    """The programs for the runs of a cell that have this structure."""
    with _lock:
        signature = _signature(cell, run)
        programs = _table.pop(signature, None)
        if programs is None:
            programs = Programs(cell, run)
        _table[signature] = programs
        while len(_table) > LIMIT:
            _table.popitem(last=False)
        return programs


def count() -> int:
    """The number of programs traced in this process: each is compiled at most once for each capacity."""
    with _lock:
        return sum(programs.traced() for programs in _table.values())


def clear() -> None:
    """Forgets all programs: those that other functions do not hold are compiled again."""
    with _lock:
        _table.clear()
        _signatures.clear()


class Programs:
    """The compiled loops of one signature, and the functions that run them tile by tile."""

    def __init__(self, cell: RecurrentCell, run: Run) -> None:
        step = lambda *arguments: _tracing.get().step(*arguments)  # noqa: E731
        spec = StepSpec(step, cell.additive_columns, Layout(0, preallocate=True))
        columns = run.weights.kernel.shape[1], run.weights.recurrent_kernel.shape[1]
        self._widths = _widths(spec, columns)
        self._compiled = {
            save: _Traced(functools.partial(tile_loops.forward, spec, save), jit_compile=True) for save in (True, False)
        }
        self._backward = _Traced(functools.partial(tile_loops.backward, spec), jit_compile=True)
        self._functions = {}

    def traced(self) -> int:
        """How many programs are traced."""
        return sum(program.is_traced for program in (*self._compiled.values(), self._backward))

    def forward(
        self, cell: RecurrentCell, run: Run, axis: int, save: bool, recompute: bool
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        """As `tiles.forward`."""
        drive = functools.partial(tiles.forward, self._forward_loop, save, recompute and save, self._widths, axis)
        return self._call(cell, ("forward", axis, save, recompute), drive, lambda run: (_run_specs(run),), run)

    def backward(
        self, cell: RecurrentCell, run: Run, axis: int, recompute: bool, saved: list, d_outputs: Any, d_final: list
    ) -> tuple:
        """As `tiles.backward`."""
        loops = self._forward_loop, self._backward_loop
        drive = functools.partial(tiles.backward, loops, recompute, self._widths, axis)

        def specs(run, saved, d_outputs, d_final):
            return _run_specs(run), _specs(saved, 0), _specs(d_outputs, 2), _specs(d_final, 1)

        return self._call(cell, ("backward", axis, recompute), drive, specs, run, saved, d_outputs, d_final)

    def _call(self, cell, key, drive, specs, *arguments):
        key = (*key, _text(specs(*arguments)))
        with _lock:
            if key not in self._functions:
                self._functions[key] = _Traced(drive)
        token = _tracing.set(cell)
        try:
            return self._functions[key](*arguments, specs=specs)
        finally:
            _tracing.reset(token)

    def _forward_loop(self, save, *arguments):
        def specs(tile, wx, weights, states):
            return _tile_specs(tile), _specs(wx, 2), _specs(weights, 0), _specs(states, 1)

        return self._compiled[save](*arguments, specs=specs)

    def _backward_loop(self, *arguments):
        def specs(tile, weights, sequences, blocks, d_outputs, d_states):
            sequences, blocks, d_outputs = (_specs(part, 2) for part in (sequences, blocks, d_outputs))
            return _tile_specs(tile), _specs(weights, 0), sequences, blocks, d_outputs, _specs(d_states, 1)

        return self._backward(*arguments, specs=specs)


class _Traced:
    """A function of nested structures of tensors, traced once."""

    def __init__(self, function: Callable, jit_compile: bool | None = None) -> None:
        self._function, self._jit_compile, self._traced = function, jit_compile, None

    @property
    def is_traced(self) -> bool:
        return self._traced is not None

    def __call__(self, *arguments: Any, specs: Callable) -> Any:
        """specs: from the arguments to their `tf.TensorSpec`s, at the first call."""
        if tf.config.functions_run_eagerly():
            return self._function(*arguments)
        with _lock:
            if self._traced is None:
                structure, function = specs(*arguments), self._function  # not the arguments, which are large
                traced = tf.function(
                    lambda *flat: function(*pack_as(structure, flat)),
                    input_signature=flatten(structure),
                    jit_compile=self._jit_compile,
                    autograph=False,
                )
                self._traced = traced.get_concrete_function()
                if self._jit_compile:
                    self._traced = _named(self._traced)
        return self._traced(*flatten(arguments))


def _named(traced):
    """A must-compile function by a name that depends on its graph alone."""
    named, structure = named_by_graph(traced), traced.structured_outputs
    return lambda *flat: pack_as(structure, named(*flat))


def _specs(tensors, unknown):
    """The specs of tensors whose first `unknown` dimensions differ between calls."""

    def spec(tensor):
        if tensor is None:
            return None
        shape = tensor.shape.as_list()
        return tf.TensorSpec([*[None] * min(unknown, len(shape)), *shape[unknown:]], tensor.dtype)

    return tf.nest.map_structure(spec, tensors)


def _mask_specs(masks):
    return masks._replace(
        inputs=_specs(masks.inputs, 1),
        recurrent=_specs(masks.recurrent, 1),
        zoneout=_specs(masks.zoneout, 2),
        step=_specs(masks.step, 1),
    )


def _run_specs(run):
    scalar = tf.TensorSpec([], tf.int32)
    weights, states = _specs(run.weights, 0), _specs(run.states, 1)
    return Run(_specs(run.inputs, 2), weights, states, _specs(run.mask, 2), _mask_specs(run.masks), scalar)


def _tile_specs(tile):
    scalar = tf.TensorSpec([], tf.int32)
    return tile_loops.Tile(scalar, scalar, _specs(tile.real, 2), _mask_specs(tile.masks))


def _widths(spec, columns):
    """The number of columns of each block of preactivations."""
    with tf.Graph().as_default():
        return [block.shape[1] for block in spec.to_blocks(*(tf.zeros((1, n)) for n in columns))]


def _signature(cell, run):
    """What two runs must have in common to share programs: not the number of features."""
    specs = _run_specs(run)
    call = _text((
        specs.inputs.dtype,
        specs.weights._replace(kernel=specs.weights.kernel.shape[1]),
        specs.states,
        run.mask is None,
        specs.masks._replace(inputs=None),
    ))  # fmt: skip
    known = _signatures.setdefault(cell, {})
    if call not in known:
        known[call] = (call, cell.additive_columns, _step_hash(cell, specs))
    return known[call]


def _step_hash(cell, specs):
    """A hash of the graph of the step; if that holds tensors of its own, something unique."""
    weights, masks, dtype = specs.weights, specs.masks, specs.states[0].dtype
    halves = [tf.TensorSpec([None, kernel.shape[1]], dtype) for kernel in (weights.kernel, weights.recurrent_kernel)]
    zoneout = None if masks.zoneout is None else tf.TensorSpec([None, masks.zoneout.shape[2]], tf.bool)
    arguments = (weights.step, *halves, specs.states, RandomMasks(zoneout=zoneout, step=masks.step))
    step = tf.function(lambda *flat: cell.step(*pack_as(arguments, flat)), autograph=False)
    graph = step.get_concrete_function(*flatten(arguments)).graph
    if graph.captures:
        return object()
    return hashlib.sha256(graph.as_graph_def().SerializeToString(deterministic=True)).hexdigest()


def _text(structure):
    """A text of a structure, equal for equal ones."""
    return repr(structure)
