"""How gradients flow back in time through one recurrent layer."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.stepping import recurrent_layers, step_by_step, supported
from nlpseq.errors import InputError, in_range, suggest


@dataclass(frozen=True)
class GradientFlow:
    """What `gradient_flow` gives.

    Attributes:
        norms: float64 `(lags,)`, the norm of dLoss/dh at each lag; 0 is the last step.
        spectral_radii: float64 `(gates,)`, the spectral radius of the recurrent kernel
            of each gate, in the order of the kernel; empty where there is no square one.
    """

    norms: np.ndarray
    spectral_radii: np.ndarray


def gradient_flow(model_or_layer, batch, layer=None, loss=None, state=0):
    """The norm of dLoss/dh_t for each step t back in time, exactly.

        dL/dh_t = dL/dh_{t+1} dh_{t+1}/dh_t + what L takes from h_t itself

    The model runs as it is, in inference (no dropout) and eagerly, but for the one
    recurrent layer: that one calls its cell step by step, and each state is watched.
    Models of any form will do, functional, sequential or subclassed, with the layer
    at any place, within a `Bidirectional` too. The layer is one of nlpseq.layers or
    keras.layers, SimpleRNN, LSTM, GRU or RNN of any cell whose output is its first
    state; not of a stack of cells.

    A norm is over the states of all rows of the batch. In each row lag 0 is the last
    step that the mask shows as real; steps that it hides count nowhere.

    Args:
        model_or_layer: a model, or a recurrent layer alone.
        batch: inputs, or a tuple `(inputs, targets)`.
        layer: the recurrent layer or its name. Default the only one of the model.
        loss: function of `(targets, outputs)`, or of `outputs` alone where the batch has
            no targets, to a scalar. Default with targets the loss with which the
            model is compiled; else the sum of the outputs, of a layer
            alone the sum of the last output.
        state: number of the state: 0 for h, 1 for the memory c of an LSTM, whose
            gradient takes in what c does through h of the same step. Default 0.

    Returns:
        `GradientFlow`.

    Raises:
        InputError: there is no such layer, or several and none is named; its cell is a
            stack, or has an output of its own; there are targets and no loss; the
            layer runs never, or several times; the batch has no steps.

    Example:

    >>> flow = gradient_flow(nlpseq.layers.GRU(4), np.ones((2, 7, 3), "float32"))
    >>> flow.norms.shape, flow.spectral_radii.shape
    ((7,), (3,))

    Reference:
        Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent
        neural networks, equations 3 to 5.
    """
    chosen = _choose(model_or_layer, layer)
    inputs, targets = batch if isinstance(batch, tuple) and len(batch) == 2 else (batch, None)
    runs = []
    with tf.GradientTape() as tape, step_by_step(chosen, runs, tape):
        outputs = model_or_layer(inputs, training=False)
        run = _only(runs, chosen)
        if model_or_layer is chosen and targets is None and loss is None:
            outputs = run.after[-1][0]
        value = _loss(model_or_layer, inputs, targets, outputs, loss)
    in_range("state", state, 0, len(run.after[0]) - 1)
    watched = [states[state] for states in run.after]
    gradients = tape.gradient(value, watched, unconnected_gradients="zero")
    squares = np.sum(np.square(np.stack(gradients, dtype=np.float64)), axis=-1)
    return GradientFlow(np.sqrt(_by_lag(squares, run.mask)), _spectral_radii(chosen.cell))


def spectral_radius(kernel):
    """The largest absolute value among the eigenvalues of a square matrix, a float.

    Raises:
        InputError: the matrix is not square.

    Example:

    >>> spectral_radius([[0.5, 9.0], [0.0, -2.0]])
    2.0
    """
    kernel = np.asarray(kernel, np.float64)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise InputError(f"kernel must be a square matrix, got shape {kernel.shape}: give the block of one gate.")
    return float(np.max(np.abs(np.linalg.eigvals(kernel)), initial=0.0))


def _choose(model_or_layer, layer):
    """The layer that is meant, by itself, by its name, or because it is the only one."""
    found = recurrent_layers(model_or_layer)
    matching = [each for each in found if layer is None or layer is each or layer == each.name]
    if len(matching) == 1:
        return supported(matching[0])
    names = [each.name for each in found]
    wanted = getattr(layer, "name", layer)
    problem = (
        f"{model_or_layer.name!r} has {len(matching)} recurrent layers" if layer is None
        else f"{model_or_layer.name!r} has {len(matching)} recurrent layers named {wanted!r}"
    )  # fmt: skip
    raise InputError(f"{problem}; name one with `layer`: {suggest(wanted, names)}")


def _only(runs, layer):
    if len(runs) != 1:
        raise InputError(f"layer {layer.name!r} runs {len(runs)} times in the model: expected once.")
    return runs[0]


def _loss(model, inputs, targets, outputs, loss):
    if loss is not None:
        return loss(outputs) if targets is None else loss(targets, outputs)
    if targets is None:
        return tf.add_n([tf.reduce_sum(each) for each in keras.tree.flatten(outputs)])
    if not getattr(model, "compiled", False):
        raise InputError(f"{model.name!r} has no loss for the targets: compile the model, or give `loss`.")
    return model.compute_loss(inputs, targets, outputs, training=False)


def _by_lag(squares, mask):
    """Sums of `(time, batch)` over the rows, at each number of real steps that follow."""
    lag = np.cumsum(mask[::-1], axis=0)[::-1] - 1
    sums = np.zeros(int(lag.max()) + 1)
    np.add.at(sums, lag[mask], squares[mask])
    return sums


def _spectral_radii(cell):
    """Of the block of each gate; none for a cell without a square kernel."""
    kernel = getattr(cell, "recurrent_kernel", None)
    if kernel is None or kernel.shape[0] != getattr(cell, "units", None):
        return np.zeros(0)
    blocks = np.split(keras.ops.convert_to_numpy(kernel), kernel.shape[1] // kernel.shape[0], axis=1)
    return np.array([spectral_radius(block) for block in blocks])
