"""How gradients flow back in time, and what becomes of them in training."""

import contextlib
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError, in_range, suggest
from nlpseq.pictures import plot_gradient_flow

__all__ = ["GradientFlow", "GradientMonitor", "gradient_flow", "plot_gradient_flow", "saturation",
           "spectral_radius"]  # fmt: skip

LOW, HIGH = 0.05, 0.95  # a gate is saturated outside of these, a tanh beyond the second
# Attributes of cells, what they must be to be measured, and when a value of them is saturated.
NONLINEARITIES = {
    "saturated_gates": (
        "recurrent_activation", keras.activations.sigmoid, lambda y: (y < LOW) | (y > HIGH),
    ),
    "saturated_tanh": ("activation", keras.activations.tanh, lambda y: abs(y) > HIGH),
}  # fmt: skip

# What TensorBoard's own `tf.summary.scalar` writes, which is there only if TensorBoard is.
SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR"
)


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
    with tf.GradientTape() as tape, _step_by_step(chosen, runs, tape):
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
        raise InputError(
            f"kernel must be a square matrix, got shape {kernel.shape}: give the block of one gate."
        )
    return float(np.max(np.abs(np.linalg.eigvals(kernel)), initial=0.0))


def saturation(model_or_layer, inputs):
    """Which share of the gates, and of the tanh values, is saturated.

    A sigmoid gate is saturated under 0.05 or over 0.95, a tanh (state, candidate or
    memory that is read) beyond 0.95 on either side: nearly no gradient passes. Steps that
    the mask hides do not count. Cells show their nonlinearities as attributes
    `recurrent_activation` and `activation`, as those of nlpseq and Keras do; layers as in
    `gradient_flow`, all of the model.

    Args:
        model_or_layer: a model, or a recurrent layer alone.
        inputs: of the model.

    Returns:
        A dict of floats, of those that are there: "saturated_gates", "saturated_tanh".

    Raises:
        InputError: there is no recurrent layer, or one that cannot be run step by step.

    Example:

    >>> sorted(saturation(nlpseq.layers.LSTM(4), np.ones((2, 7, 3), "float32")))
    ['saturated_gates', 'saturated_tanh']
    """
    runs = []
    with contextlib.ExitStack() as stack:
        for layer in _recurrent_layers(model_or_layer):
            stack.enter_context(_step_by_step(_supported(layer), runs))
        model_or_layer(inputs, training=False)
    found = {name: [] for name in NONLINEARITIES}
    for run in runs:
        for name, values in _activations(run).items():
            found[name].extend(values)
    return {name: float(np.mean(np.concatenate(flat))) for name, flat in found.items() if flat}


class GradientMonitor(keras.callbacks.Callback):
    """Keeps, and logs for TensorBoard, how large gradients are and how much is saturated.

    Of every training step it takes the global norm of the gradients, before clipping,
    and whether that exceeds the `global_clipnorm` of the optimizer: one more sum
    over the gradients within the step. Every so many steps, and at the end, it records
    means and, with `inputs`, runs `saturation` on that held batch, eagerly, some
    milliseconds a time step: keep it small. `fit` must use one device.

    Args:
        inputs: the held batch. Default none: saturation is not measured.
        log_dir: folder of the TensorBoard logs; the package tensorboard is needed to
            look at them, not to write them. Default none.
        every: training steps between two records. Default 100.

    Attributes:
        history: dict of lists, one entry a record: "step", "gradient_norm" (the mean since
            the last record), "largest_gradient_norm", "clipped_fraction" (of the steps
            since the last record), and what `saturation` gives.

    Raises:
        InputError: `every` is not positive.

    Example:

    >>> model = keras.Sequential([nlpseq.layers.LSTM(4), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.Adam(global_clipnorm=1.0), "mse")
    >>> x, y = np.ones((6, 5, 3), "float32"), np.ones((6, 1), "float32")
    >>> monitor = GradientMonitor(x[:2], every=2)
    >>> _ = model.fit(x, y, batch_size=2, verbose=0, callbacks=[monitor])
    >>> monitor.history["step"]
    [2, 3]
    """

    def __init__(self, inputs=None, log_dir=None, every=100):
        super().__init__()
        self.inputs = inputs
        self.every = in_range("every", every, 1)
        self.writer = None if log_dir is None else tf.summary.create_file_writer(str(log_dir))
        self.history = {}
        self.steps = 0
        self._totals = None

    def on_train_begin(self, logs=None):
        if self._totals is None:  # steps, clipped steps, sum of norms, largest norm
            self._totals = tf.Variable(tf.zeros(4), trainable=False)
        self._observe(self.model.optimizer)
        self.model.make_train_function(force=True)  # traces the step again, now observed

    def on_train_batch_end(self, batch, logs=None):
        if self._totals[0] >= self.every:
            self._record()

    def on_train_end(self, logs=None):
        vars(self.model.optimizer).pop("apply_gradients", None)
        self.model.train_function = None
        if self._totals[0] > 0:
            self._record()

    def _observe(self, optimizer):
        """Has the optimizer show us the gradients that it is to apply."""
        apply = type(optimizer).apply_gradients
        limit = getattr(optimizer, "inner_optimizer", optimizer).global_clipnorm or np.inf

        def observed(gradients_and_variables):
            pairs = list(gradients_and_variables)
            norm = _global_norm([gradient for gradient, _ in pairs]) / optimizer.scale_loss(1.0)
            steps, clipped, total, largest = tf.unstack(self._totals)
            clipped += tf.cast(norm > limit, tf.float32)
            largest = tf.maximum(largest, norm)
            self._totals.assign(tf.stack([steps + 1, clipped, total + norm, largest]))
            return apply(optimizer, pairs)

        object.__setattr__(optimizer, "apply_gradients", observed)  # past Keras's tracking

    def _record(self):
        steps, clipped, total, largest = (float(value) for value in self._totals)
        self._totals.assign(tf.zeros(4))
        self.steps += int(steps)
        figures = {
            "gradient_norm": total / steps,
            "largest_gradient_norm": largest,
            "clipped_fraction": clipped / steps,
            **({} if self.inputs is None else saturation(self.model, self.inputs)),
        }
        for name, value in {"step": self.steps, **figures}.items():
            self.history.setdefault(name, []).append(value)
        if self.writer is not None:
            with self.writer.as_default(step=self.steps):
                for name, value in figures.items():
                    tf.summary.write(f"gradients/{name}", tf.constant(value), metadata=SCALAR)
            self.writer.flush()


def _global_norm(gradients):
    """As Keras clips by it: in the sparse gradient of an embedding each occurrence counts by itself."""
    squares = [keras.ops.sum(keras.ops.square(each)) for each in gradients if each is not None]
    return tf.sqrt(tf.add_n([tf.cast(square, tf.float32) for square in squares]))


# A layer step by step


@dataclass(frozen=True)
class _Run:
    """One run of a layer, in the order in which it took the steps.

    Attributes:
        cell: of the layer.
        inputs: list of `(batch, features)`, one a step.
        before, after: for each step the list of its states, `(batch, units)` each.
        mask: bool `(time, batch)`.
    """

    cell: keras.Layer
    inputs: list
    before: list
    after: list
    mask: np.ndarray


@contextlib.contextmanager
def _step_by_step(layer, runs, tape=None):
    """Within the block the layer calls its cell at each step, and appends a `_Run` to `runs`."""

    def run(sequences, mask=None, initial_state=None, training=False):
        made = _run(layer, sequences, mask, initial_state, tape)
        runs.append(made)
        outputs = _outputs(layer, made)
        if layer.return_sequences and layer.go_backwards:
            outputs = tf.reverse(outputs, [_time_axis(layer)])
        return outputs, made.after[-1]

    def call(sequences, initial_state=None, mask=None, training=False):
        outputs, states = run(sequences, mask, initial_state)
        if layer.return_sequences and layer.go_backwards:  # a call gives the order of the run
            outputs = tf.reverse(outputs, [_time_axis(layer)])
        return (outputs, *states) if layer.return_state else outputs

    object.__setattr__(layer, "call", call)
    object.__setattr__(layer, "run", run)  # what our Bidirectional calls
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
        object.__delattr__(layer, "run")


def _run(layer, sequences, mask, states, tape):
    """Calls the cell at each step; masked steps hold the states."""
    inputs = tf.unstack(tf.convert_to_tensor(sequences), axis=_time_axis(layer))
    if not inputs:
        raise InputError("the batch has no steps: give sequences of at least one step.")
    mask = _mask(layer, mask, inputs)
    inputs = inputs[::-1] if layer.go_backwards else inputs
    if states is None:
        stateful = layer.stateful and layer.states is not None
        states = layer.states if stateful else layer.get_initial_state(batch_size=len(inputs[0]))
    states = [tf.convert_to_tensor(each) for each in keras.tree.flatten(states)]
    befores, afters = [], []
    for x, real in zip(inputs, mask):
        befores.append(states)
        states = _step(layer, x, states, real)
        for each in states if tape is not None else ():
            tape.watch(each)
        afters.append(states)
    return _Run(layer.cell, inputs, befores, afters, mask)


def _step(layer, x, states, real):
    output, new = layer.cell(x, states)
    new = list(keras.tree.flatten(new))
    if output is not new[0]:
        raise InputError(
            f"the cell of layer {layer.name!r} has an output that is not its first state: "
            "expected a cell that returns h, [h, ...]."
        )
    if real.all():
        return new
    return [tf.where(real[:, np.newaxis], each, old) for each, old in zip(new, states)]


def _mask(layer, mask, inputs):
    """Bool `(time, batch)` in the order of the run."""
    if mask is None:
        return np.ones((len(inputs), len(inputs[0])), bool)
    mask = np.asarray(keras.tree.flatten(mask)[0], bool)
    mask = mask if _time_axis(layer) == 0 else mask.T
    return mask[::-1] if layer.go_backwards else mask


def _outputs(layer, run):
    """As in Keras: zero before the first real step, and at every masked one on request."""
    shown = run.mask if layer.zero_output_for_mask else np.logical_or.accumulate(run.mask)
    hidden = tf.stack([states[0] for states in run.after])
    hidden = tf.where(shown[..., np.newaxis], hidden, tf.zeros_like(hidden))
    if not layer.return_sequences:
        return hidden[-1]
    return hidden if _time_axis(layer) == 0 else tf.transpose(hidden, [1, 0, 2])


def _time_axis(layer):
    return getattr(layer, "time_axis", 1)


def _activations(run):
    """Whether each value of the nonlinearities of a cell is saturated, at all the real steps of a run."""
    inputs = tf.boolean_mask(tf.stack(run.inputs), run.mask)
    states = [tf.boolean_mask(tf.stack(each), run.mask) for each in zip(*run.before)]
    values = {name: [] for name in NONLINEARITIES}
    with contextlib.ExitStack() as stack:
        for name, (attribute, usual, saturated) in NONLINEARITIES.items():
            if getattr(run.cell, attribute, None) is usual:
                kept = _kept(usual, saturated, values[name])
                stack.enter_context(_replaced(run.cell, attribute, kept))
        run.cell(inputs, states, training=False)
    return values


def _kept(function, saturated, values):
    """A function that keeps of its values whether they are saturated."""

    def keeping(x):
        y = function(x)
        values.append(saturated(np.asarray(y, np.float32)).ravel())
        return y

    return keeping


@contextlib.contextmanager
def _replaced(cell, attribute, value):
    before = getattr(cell, attribute)
    object.__setattr__(cell, attribute, value)
    try:
        yield
    finally:
        object.__setattr__(cell, attribute, before)


# Which layer, and what of it


def _recurrent_layers(model_or_layer):
    if not isinstance(model_or_layer, keras.Layer):
        raise InputError(
            f"expected a Keras model or a recurrent layer, got {type(model_or_layer).__name__}."
        )
    found = [each for each in model_or_layer._flatten_layers() if isinstance(each, keras.layers.RNN)]
    if not found:
        raise InputError(
            f"{model_or_layer.name!r} has no recurrent layer: give a model with one of "
            "nlpseq.layers or keras.layers."
        )
    return found


def _choose(model_or_layer, layer):
    """The layer that is meant, by itself, by its name, or because it is the only one."""
    found = _recurrent_layers(model_or_layer)
    matching = [each for each in found if layer is None or layer is each or layer == each.name]
    if len(matching) == 1:
        return _supported(matching[0])
    names = [each.name for each in found]
    wanted = getattr(layer, "name", layer)
    problem = (
        f"{model_or_layer.name!r} has {len(matching)} recurrent layers" if layer is None
        else f"{model_or_layer.name!r} has {len(matching)} recurrent layers named {wanted!r}"
    )  # fmt: skip
    raise InputError(f"{problem}; name one with `layer`: {suggest(wanted, names)}")


def _supported(layer):
    if hasattr(layer.cell, "cells"):
        raise InputError(
            f"layer {layer.name!r} runs a stack of cells: expected one cell; stack layers instead."
        )
    return layer


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
        raise InputError(
            f"{model.name!r} has no loss for the targets: compile the model, or give `loss`."
        )
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
