"""How gradients flow back in time through a recurrent layer."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.stepping import recurrent_layers, require_single_cell, step_by_step
from nlpseq.errors import InputError, in_range, suggest


@dataclass(frozen=True)
class GradientFlow:
    """The result of `gradient_flow`.

    Attributes:
        norms: Float64 `(lags,)`, the norm of dLoss/dh_t at lag T - t, lag 0 being the last step T.
        spectral_radii: Float64 `(gates,)`, the spectral radius of the recurrent kernel of each
            gate, in the order of the kernel; empty if the blocks of the kernel are not square.
    """

    norms: np.ndarray
    spectral_radii: np.ndarray


class Uncalled(InputError):
    """A layer is not called exactly once."""


def gradient_flow(
    model_or_layer: keras.Layer,
    batch: Any,
    layer: keras.layers.RNN | str | None = None,
    loss: Callable[..., Any] | None = None,
    state: int = 0,
) -> GradientFlow:
    """The exact norm of dLoss/dh_t at every time step t of one recurrent layer.

        dL/dh_t = (dh_{t+1}/dh_t)^T dL/dh_{t+1} + the direct derivative of L by h_t

    The model runs eagerly and in inference (no dropout), with the cell of that layer called step
    by step. The model may be functional, sequential or subclassed, the layer at any depth, also
    inside a `Bidirectional`. It is a SimpleRNN, LSTM, GRU, or an RNN of any one cell whose
    output is its first state, of `nlpseq.layers` or `keras.layers`.

    A norm is over the units and all rows of the batch. In each row, lag 0 is the last real step
    of the mask; masked steps do not count.

    Of a new layer, the result shows the initialisation and not what training makes of it: the
    gates of a GRU start half open, so that its gradient falls as fast as that of a SimpleRNN, or
    faster. With `chrono_steps`, the gates of LSTM and GRU start open for long memories (Tallec
    and Ollivier 2018).

    Args:
        model_or_layer: A model, or a recurrent layer.
        batch: A batch of inputs, or a tuple `(inputs, targets)`.
        layer: The recurrent layer or its name. Default the only one of the model.
        loss: Function of `(targets, outputs)`, or without targets of `outputs`, that returns a
            scalar. Default with targets the compiled loss of the model; without, the sum of the
            outputs of a model, and the sum of the last output of a layer.
        state: Index of the state to differentiate by: 0 for h, 1 for the memory c of an LSTM,
            whose gradient includes that through h of the same step. Default 0.

    Returns:
        `GradientFlow`.

    Raises:
        InputError: `layer` matches no recurrent layer, or several; the layer has a stack of
            cells, or a cell whose output is not its first state; it is not called exactly once;
            there are targets but no loss; the sequences have no steps.

    Example:

    >>> flow = gradient_flow(nlpseq.layers.GRU(4), np.ones((2, 7, 3), "float32"))
    >>> flow.norms.shape, flow.spectral_radii.shape
    ((7,), (3,))

    Reference:
        Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural
        networks, equations 3 to 5.
    """
    chosen = _choose(model_or_layer, layer)
    inputs, targets = batch if isinstance(batch, tuple) and len(batch) == 2 else (batch, None)
    records = []
    with tf.GradientTape() as tape, step_by_step(chosen, records, tape):
        outputs = model_or_layer(inputs, training=False)
        if len(records) != 1:
            raise Uncalled(f"layer {chosen.name!r} is called {len(records)} times in the model: expected once.")
        (record,) = records
        if model_or_layer is chosen and targets is None and loss is None:
            outputs = record.after[-1][0]
        value = _loss(model_or_layer, inputs, targets, outputs, loss)
    in_range("state", state, 0, len(record.after[0]) - 1)
    watched = [states[state] for states in record.after]
    gradients = tape.gradient(value, watched, unconnected_gradients="zero")
    squares = np.sum(np.square(np.stack(gradients, dtype=np.float64)), axis=-1)
    return GradientFlow(np.sqrt(_sum_by_lag(squares, record.mask)), _spectral_radii(chosen.cell))


def gradient_flows(task: keras.Model, batch: Any, state: int = 0) -> dict[str, GradientFlow]:
    """`gradient_flow` of every recurrent layer of a task, with its own loss, on a real batch.

    Args:
        task: A task of `nlpseq.tasks`, or a compiled model.
        batch: `(inputs, targets)`, such as a batch of the task's `prepare`.
        state: As in `gradient_flow`. Default 0.

    Returns:
        The flow of each layer by its name; a layer in both directions is two layers, and layers that the model calls
        more than once or not at all are left out.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], cell="gru", units=4)
    >>> examples = nlpseq.data.Examples(np.array([b"good film", b"bad film"], object), np.array([1, 0]))
    >>> flows = gradient_flows(task, next(iter(task.prepare(examples))))
    >>> [len(flow.norms) for flow in flows.values()]
    [2, 2]
    """
    if not getattr(task, "compiled", False):
        task.compile()
    flows = {}
    for layer in recurrent_layers(task):
        with contextlib.suppress(Uncalled):
            flows[layer.name] = gradient_flow(task, batch, layer, state=state)
    return flows


def spectral_radius(kernel: Any) -> float:
    """The largest absolute value of the eigenvalues of a square matrix.

    Args:
        kernel: Array-like `(units, units)`, the recurrent kernel of one gate.

    Raises:
        InputError: `kernel` is not a square matrix.

    Example:

    >>> spectral_radius([[0.5, 9.0], [0.0, -2.0]])
    2.0
    """
    kernel = np.asarray(kernel, np.float64)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise InputError(f"`kernel` must be a square matrix, got shape {kernel.shape}: give the block of one gate.")
    return float(np.max(np.abs(np.linalg.eigvals(kernel)), initial=0.0))


def _choose(model_or_layer, layer):
    """The recurrent layer that is given, or named, or the only one."""
    layers = recurrent_layers(model_or_layer)
    matching = [candidate for candidate in layers if layer is None or layer in (candidate, candidate.name)]
    if len(matching) == 1:
        return require_single_cell(matching[0])
    name = getattr(layer, "name", layer)
    suffix = "" if layer is None else f" named {name!r}"
    suggestion = suggest(name, [candidate.name for candidate in layers])
    raise InputError(
        f"{model_or_layer.name!r} has {len(matching)} recurrent layers{suffix}: choose one with `layer`; {suggestion}"
    )


def _loss(model, inputs, targets, outputs, loss):
    if loss is not None:
        return loss(outputs) if targets is None else loss(targets, outputs)
    if targets is None:
        return tf.add_n([tf.reduce_sum(output) for output in keras.tree.flatten(outputs)])
    if not getattr(model, "compiled", False):
        raise InputError(f"{model.name!r} is not compiled and has no loss for the targets: compile it or give `loss`.")
    return model.compute_loss(inputs, targets, outputs, training=False)


def _sum_by_lag(squares, mask):
    """Sums `(lags,)` of `(time, batch)` over the rows; the lag is the number of real steps that follow."""
    lags = np.cumsum(mask[::-1], axis=0)[::-1] - 1
    sums = np.zeros(int(lags.max()) + 1)
    np.add.at(sums, lags[mask], squares[mask])
    return sums


def _spectral_radii(cell):
    """Of the block of each gate; empty for a cell without square blocks."""
    kernel = getattr(cell, "recurrent_kernel", None)
    if kernel is None or kernel.shape[0] != getattr(cell, "units", None):
        return np.zeros(0)
    blocks = np.split(np.asarray(keras.ops.convert_to_numpy(kernel)), kernel.shape[1] // kernel.shape[0], axis=1)
    return np.array([spectral_radius(block) for block in blocks])
