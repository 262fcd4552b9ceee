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
import weakref
from typing import Any

import tensorflow as tf

from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.cells.values import impure
from nlpseq.engine import tile_loops, tiles
from nlpseq.engine.compilation import inside_pfor
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.tiles import Run
from nlpseq.engine.tracing import Traced, lock, specs_of

LIMIT = 256  # signatures that are kept
IMPURE = ("Random", "TruncatedNormal", "Multinomial", "Assign")  # in the names of operations that no step may have

_tracing = contextvars.ContextVar("tracing")  # the cell whose step is traced
_table = collections.OrderedDict()  # signature -> Programs, the least recently used first
_signatures = weakref.WeakKeyDictionary()  # cell -> (its changes, {what the call adds: signature})


def programs_of(cell: RecurrentCell, run: Run) -> "Programs":
    """The programs for the runs of a cell that have this structure."""
    with lock:
        signature = _signature(cell, run)
        programs = _table.pop(signature, None)
        if programs is None:
            programs = Programs(cell, run)
        _table[signature] = programs
        while len(_table) > LIMIT:
            _table.popitem(last=False)
        return programs


def clear() -> None:
    """Forgets all programs: those that other functions do not hold are compiled again."""
    with lock:
        _table.clear()
        _signatures.clear()


class Programs:
    """The compiled loops of one signature, and the functions that run them tile by tile."""

    def __init__(self, cell: RecurrentCell, run: Run) -> None:
        step = lambda *arguments: _tracing.get().step(*arguments)  # noqa: E731
        spec = StepSpec(step, cell.additive_columns, Layout(0))
        self._widths = spec.widths(run.weights.kernel.shape[1], run.weights.recurrent_kernel.shape[1])
        self._compiled = {
            save: Traced(functools.partial(tile_loops.forward, spec, save), jit_compile=True) for save in (True, False)
        }
        self._backward = Traced(functools.partial(tile_loops.backward, spec), jit_compile=True)
        self._functions = {}

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
            return _run_specs(run), specs_of(saved, 0), specs_of(d_outputs, 2), specs_of(d_final, 1)

        return self._call(cell, ("backward", axis, recompute), drive, specs, run, saved, d_outputs, d_final)

    def _call(self, cell, key, drive, specs, run, *others):
        arguments = run, *others
        token = _tracing.set(cell)
        try:
            if not tf.executing_eagerly() and (run.inputs.shape.is_fully_defined() or inside_pfor()):
                return drive(*arguments)  # the graph is of this shape anyway
            with lock:
                function = self._functions.setdefault(key, Traced(drive))
            return function(*arguments, specs=specs)
        finally:
            _tracing.reset(token)

    def _forward_loop(self, save, *arguments):
        def specs(tile, wx, weights, states):
            return _tile_specs(tile), specs_of(wx, 2), specs_of(weights, 0), specs_of(states, 1)

        return self._compiled[save](*arguments, specs=specs)

    def _backward_loop(self, *arguments):
        def specs(tile, weights, sequences, blocks, d_outputs, d_states):
            sequences, blocks, d_outputs = (specs_of(part, 2) for part in (sequences, blocks, d_outputs))
            return _tile_specs(tile), specs_of(weights, 0), sequences, blocks, d_outputs, specs_of(d_states, 1)

        return self._backward(*arguments, specs=specs)


def _mask_specs(masks):
    return masks._replace(
        inputs=specs_of(masks.inputs, 1),
        recurrent=specs_of(masks.recurrent, 1),
        zoneout=specs_of(masks.zoneout, 2),
        step=specs_of(masks.step, 1),
    )


def _run_specs(run):
    scalar = tf.TensorSpec([], tf.int32)
    weights, states = specs_of(run.weights, 0), specs_of(run.states, 1)
    return Run(specs_of(run.inputs, 2), weights, states, specs_of(run.mask, 2), _mask_specs(run.masks), scalar)


def _tile_specs(tile):
    scalar = tf.TensorSpec([], tf.int32)
    return tile_loops.Tile(scalar, scalar, specs_of(tile.real, 2), _mask_specs(tile.masks))


def _signature(cell, run):
    """What two runs must have in common to share programs: not the number of features."""
    specs = _run_specs(run)
    call = repr((
        specs.inputs.dtype,
        specs.weights._replace(kernel=specs.weights.kernel.shape[1]),
        specs.states,
        run.mask is None,
        specs.masks._replace(inputs=None),
    ))  # fmt: skip
    changes, signatures = _signatures.get(cell, (None, {}))
    if changes != cell.changes:  # the step may be another one
        signatures = {}
        _signatures[cell] = cell.changes, signatures
    if call not in signatures:
        signatures[call] = (call, cell.additive_columns, _step_hash(cell, specs))
    return signatures[call]


def _step_hash(cell, specs):
    """A hash of the graph of the step; if that holds tensors of its own, something unique."""
    weights, masks, dtype = specs.weights, specs.masks, specs.states[0].dtype
    halves = [tf.TensorSpec([None, kernel.shape[1]], dtype) for kernel in (weights.kernel, weights.recurrent_kernel)]
    zoneout = None if masks.zoneout is None else tf.TensorSpec([None, masks.zoneout.shape[2]], tf.bool)
    arguments = (weights.step, *halves, specs.states, RandomMasks(zoneout=zoneout, step=masks.step))
    step = tf.function(lambda *flat: cell.step(*pack_as(arguments, flat)), autograph=False)
    graph = step.get_concrete_function(*flatten(arguments)).graph
    if any("Stateless" not in op.type and any(word in op.type for word in IMPURE) for op in graph.get_operations()):
        raise impure(f"cell '{cell.name}'")
    if graph.captures:
        return object()
    return hashlib.sha256(graph.as_graph_def().SerializeToString(deterministic=True)).hexdigest()
