"""Runs of cells over time as the operators LSTM, GRU and RNN of ONNX; other cells as a Scan of their equations."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.cells import GRUCell, LSTMCell, RecurrentCell, SimpleRNNCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.serving.formats.onnx.builder import Builder, Value

if TYPE_CHECKING:
    from nlpseq.serving.formats.onnx.conversion import Conversion

ACTIVATIONS: dict[Any, tuple[str, float, float]] = {  # name, alpha, beta
    keras.activations.tanh: ("Tanh", 0.0, 0.0),
    keras.activations.sigmoid: ("Sigmoid", 0.0, 0.0),
    keras.activations.relu: ("Relu", 0.0, 0.0),
    keras.activations.softsign: ("Softsign", 0.0, 0.0),
    keras.activations.softplus: ("Softplus", 0.0, 0.0),
    keras.activations.hard_sigmoid: ("HardSigmoid", 1 / 6, 0.5),
    keras.activations.linear: ("Affine", 1.0, 0.0),
}


@dataclass(frozen=True)
class Run:
    """A run of a cell that was noted in place of being traced.

    Attributes:
        cell: The cell.
        reverse: Whether time runs from the end to the start.
        whole: Whether the first result is all outputs, or the last one.
        time_major: Whether the time axis comes first.
        masked: Whether there is a mask.
        padding_at_end: Whether the mask is that of padding behind the sequences.
    """

    cell: RecurrentCell
    reverse: bool
    whole: bool
    time_major: bool
    masked: bool
    padding_at_end: bool = True

    def convert(self, conversion: "Conversion", values: list[Value]) -> list[Value]:
        """The outputs and final states, for the inputs of the marker of `Runs`."""
        builder, states = conversion.builder, len(self.cell.state_sizes)
        _, *starts = values[: 1 + states]
        inputs, *mask = values[1 + states :]
        if self.masked and not (self.padding_at_end or self.time_major):
            return self._packed(conversion, starts, inputs, mask[0])
        if not self.time_major:
            inputs = builder.add("Transpose", inputs, perm=[1, 0, 2])
            mask = [builder.add("Transpose", mask[0], perm=[1, 0])] if mask else []
        native = _native(self.cell) if self.padding_at_end or not self.masked else None
        if native is not None:
            outputs, finals = native(builder, self, inputs, starts, mask[0] if mask else None)
        else:
            outputs, finals = _scan(conversion, self, inputs, starts, mask[0] if mask else None)
        if not self.whole:
            return [finals[0], *finals]
        return [outputs if self.time_major else builder.add("Transpose", outputs, perm=[1, 0, 2]), *finals]

    def _packed(self, conversion, starts, inputs, mask):
        """The same, for the operators, with the real steps of each sequence first and the others behind them."""
        builder = conversion.builder
        real = builder.int64(mask)
        count = builder.add("ReduceSum", real, np.array([1]), keepdims=1)
        steps = builder.add("Slice", builder.add("Shape", mask), np.array([1]), np.array([2]))
        place = builder.add("Range", np.array(0), builder.add("Squeeze", steps), np.array(1))
        keys = builder.add("Sub", builder.add("Mul", real, steps), place)
        _, order = builder.add("TopK", keys, steps, outputs=2, axis=1)
        packed = _rows(builder, inputs, order), builder.add("Less", place, count)
        outputs, *finals = replace(self, padding_at_end=True).convert(conversion, [inputs, *starts, *packed])
        if self.whole:
            number = builder.add("CumSum", real, np.array(1), exclusive=1)  # of real steps before each
            outputs = _rows(builder, outputs, builder.add("Min", number, builder.add("Sub", steps, np.array(1))))
        return [outputs, *finals]


def _rows(builder, values, places):
    """The steps of values `(batch, time, features)` at places, int64 `(batch, time)`."""
    return builder.add("GatherND", values, builder.add("Unsqueeze", places, np.array([-1])), batch_dims=1)


class Runs(dict[str, Run]):
    """The runs of cells by the name of the op that marks each of them in a traced graph.

    Args:
        padding_at_end: Whether masks are those of padding at the end of sequences. Default True.
    """

    def __init__(self, padding_at_end: bool = True):
        super().__init__()
        self.padding_at_end = padding_at_end

    def substitute(
        self,
        cell: RecurrentCell,
        inputs: tf.Tensor,
        states: list[tf.Tensor],
        mask: tf.Tensor | None,
        *,
        return_sequences: bool,
        reverse: bool,
        time_major: bool,
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Notes a run, and returns tensors of the shapes of its results; for `nlpseq.engine.substituted_runs`."""
        last = tf.zeros([tf.shape(states[0])[0], cell.output_size], inputs.dtype)
        outputs = last
        if return_sequences:
            shape = tf.shape(inputs)
            outputs = tf.ensure_shape(
                tf.zeros([shape[0], shape[1], cell.output_size], inputs.dtype), [*inputs.shape[:2], cell.output_size]
            )
        marked = tf.identity_n([outputs, *states, inputs, *([] if mask is None else [mask])])
        self[marked[0].op.name] = Run(
            cell, reverse, return_sequences, time_major, mask is not None, self.padding_at_end
        )
        return marked[0], marked[1 : 1 + len(states)]


def _native(cell) -> Callable | None:
    """The function that adds the operator of a cell; None if it has none."""
    changed = cell.layer_normalization or any(cell.zoneout_rates)
    if changed or not all(function in ACTIVATIONS for function in _functions(cell)):
        return None
    if type(cell) is LSTMCell and not (cell.peephole or cell.coupled_gates or cell.projection_size):
        return _lstm
    return {GRUCell: _gru, SimpleRNNCell: _rnn}.get(type(cell))


def _functions(cell):
    names = ("recurrent_activation", "activation")
    return [getattr(cell, name) for name in names if hasattr(cell, name)]


def _lstm(builder, run, inputs, starts, mask):
    outputs, h, c = _operator(builder, run, "LSTM", "ifco", "iofc", 3, inputs, starts, mask)
    return outputs, [h, c]


def _gru(builder, run, inputs, starts, mask):
    outputs, h = _operator(builder, run, "GRU", "zrh", "zrh", 2, inputs, starts, mask, linear_before_reset=1)
    return outputs, [h]


def _rnn(builder, run, inputs, starts, mask):
    outputs, h = _operator(builder, run, "RNN", "h", "h", 2, inputs, starts, mask)
    return outputs, [h]


def _operator(builder: Builder, run: Run, kind, gates, order, results, inputs, starts, mask, **attributes):
    """Adds a recurrent operator of one direction.

    Args:
        builder, run: as above.
        kind: The operator.
        gates: The order of the gates in the weights of the cell.
        order: That of the operator.
        results: Number of results.
        inputs: `(time, batch, features)`.
        starts: The initial states.
        mask: `(time, batch)` or None.
        **attributes: Of the operator.

    Returns:
        Outputs `(time, batch, units)`, and the final states `(batch, units)`.
    """
    cell, weights = run.cell, run.cell.run_weights(RandomMasks())
    blocks = [gates.index(gate) for gate in order]

    def in_order(matrix):
        parts = np.split(np.asarray(matrix), len(gates), axis=-1)
        return np.concatenate([parts[block] for block in blocks], axis=-1)

    zeros = np.zeros(len(gates) * cell.units, np.float32)
    biases = [zeros if bias is None else in_order(bias) for bias in (weights.bias, weights.recurrent_bias)]
    # Gate activations come first, then that of the candidate, and of an LSTM that of the output.
    functions = [ACTIVATIONS[function] for function in _functions(cell)]
    functions += functions[-1:] if kind == "LSTM" else []
    names, alphas, betas = zip(*functions)
    plain = not any(alphas)
    lengths = (
        None if mask is None else builder.add("ReduceSum", builder.cast(mask, np.int32), np.array([0]), keepdims=0)
    )
    outputs, *finals = builder.add(
        kind,
        inputs,
        in_order(weights.kernel).T[np.newaxis],
        in_order(weights.recurrent_kernel).T[np.newaxis],
        np.concatenate(biases)[np.newaxis],
        lengths,
        *(None if start in builder.zeros else builder.add("Unsqueeze", start, np.array([0])) for start in starts),
        outputs=results,
        hidden_size=cell.units,
        direction="reverse" if run.reverse else "forward",
        activations=None if set(names) <= {"Tanh", "Sigmoid"} and _is_default(kind, names) else list(names),
        activation_alpha=None if plain else [alpha for alpha, name in zip(alphas, names) if alpha],
        activation_beta=None if plain else [beta for alpha, beta in zip(alphas, betas) if alpha],
        **attributes,
    )
    return builder.add("Squeeze", outputs, np.array([1])), *(
        builder.add("Squeeze", final, np.array([0])) for final in finals
    )


def _is_default(kind, names):
    return names == {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}[kind]


def _scan(conversion, run, inputs, starts, mask):
    """Adds a Scan whose body is the cell itself: `(outputs, final states)` as `_operator` gives them."""
    from nlpseq.serving.formats.onnx.conversion import Conversion

    cell, outer = run.cell, conversion.builder
    features = cell.kernel.shape[0]
    specs = [tf.TensorSpec([None, size], cell.compute_dtype) for size in [features, *cell.state_sizes]]
    function = tf.function(lambda step, *states: cell(step, list(states))[1], autograph=False)
    builder = Builder(outer)
    names = [builder.name("state") for _ in starts]
    step, real = builder.name("step"), builder.name("real")
    new = Conversion(builder, conversion.runs)(function.get_concrete_function(*specs), [step, *names])
    if mask is not None:
        column = builder.add("Unsqueeze", real, np.array([-1]))
        new = [builder.add("Where", column, after, before) for after, before in zip(new, names)]
    results = [builder.name("out") for _ in range(len(starts) + 1)]
    for value, name in zip([*new, new[0]], results):
        builder.output(value, name)
    dtype = np.float32
    shapes = [(dtype, [None, size]) for size in cell.state_sizes]
    body_inputs = [(name, *shape) for name, shape in zip(names, shapes)] + [(step, dtype, [None, features])]
    body_inputs += [] if mask is None else [(real, bool, [None])]
    body_outputs = [(name, *shape) for name, shape in zip(results, [*shapes, shapes[0]])]
    sequences = [inputs, *([] if mask is None else [mask])]
    direction = int(run.reverse)
    *finals, outputs = outer.add(
        "Scan",
        *starts,
        *sequences,
        outputs=len(starts) + 1,
        body=builder.graph("step", body_inputs, body_outputs, with_constants=False),
        num_scan_inputs=len(sequences),
        scan_input_directions=[direction] * len(sequences),
        scan_output_directions=[direction],
    )
    return outputs, finals
