"""The gates and states of recurrent layers while they read an example."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.reading import look_at, look_at_each
from nlpseq.diagnostics.stepping import StepRecord, recurrent_layers, replaced, require_single_cell, step_by_step
from nlpseq.errors import InputError

# Of cells by the name of their class: names of the gates in the order in which they are computed, and of the states.
GATES = {"LSTMCell": ("input", "forget", "output"), "GRUCell": ("update", "reset")}
STATES = {"LSTMCell": ("hidden", "cell")}
QUOTES, NEGATIONS = '"“”„«»', ("not", "no", "never", "n't", "n’t", "nor", "without", "hardly")


@dataclass(frozen=True)
class LayerStates:
    """What one recurrent layer computes while it reads an example.

    Attributes:
        layer: Name of the layer.
        steps: A name for each time step.
        values: Float32 `(time, units)` by name, in the order of the steps: the gates ("input", "forget", "output" of
            an LSTM, "update" and "reset" of a GRU, "gate 1" ... of other cells), "candidate", "cell" and "hidden".
    """

    layer: str
    steps: list[str]
    values: dict[str, np.ndarray]


def gates(task: Any, example: Any) -> list[LayerStates]:
    """Each gate, candidate, cell state and hidden state of a trained task, by time step and unit.

    The layers run step by step, in inference. A layer in both directions is two layers; the values of the one that
    runs backwards are in the order of the steps too.

    Args:
        task: A task of `nlpseq.tasks` that has `look`, built.
        example: An example, such as a text, a series or a sound.

    Returns:
        A list of `LayerStates`, in the order in which the layers run. Layers that read another number of steps, such
        as the characters of words, are left out; a layer that reads patches of steps has the names of their last steps.

    Raises:
        InputError: the task has no `look`, or no recurrent layer with a single cell.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], cell="gru", units=4, bidirectional=False)
    >>> (layer,) = gates(task, "good film")
    >>> {name: values.shape for name, values in layer.values.items()}
    {'update': (2, 4), 'reset': (2, 4), 'candidate': (2, 4), 'hidden': (2, 4)}

    Reference:
        Karpathy, Johnson and Fei-Fei (2015), Visualizing and understanding recurrent networks.
    """
    return gates_of(task, look_at(task, example))


def gates_of(task: Any, look: Any) -> list[LayerStates]:
    """As `gates`, for what `look` of the task returned."""
    runs: list[tuple[Any, StepRecord]] = []
    with contextlib.ExitStack() as stack:
        for layer in recurrent_layers(task):
            stack.enter_context(step_by_step(require_single_cell(layer), _Appended(runs, layer)))
        task(look.inputs, training=False)
    names = look.steps[::-1][:: look.patch][::-1]  # of a patch the last step
    return [LayerStates(layer.name, names, _values(layer, record))
            for layer, record in runs if len(record.inputs) == len(names) and len(record.inputs[0]) == 1]  # fmt: skip


class Neuron(NamedTuple):
    """A unit that follows a feature.

    Attributes:
        layer: Name of its layer.
        unit: Number of the unit.
        feature: Name of the feature.
        correlation: Of the hidden state with the feature over all steps, from -1 to 1.
    """

    layer: str
    unit: int
    feature: str
    correlation: float


def neurons(
    task: Any,
    examples: Iterable[Any],
    features: Mapping[str, Callable[[Sequence[str]], Sequence[float]]] | None = None,
    count: int = 3,
) -> list[Neuron]:
    """The units whose hidden state follows a feature of the text best.

    Args:
        task: A task of `nlpseq.tasks` that has `look`, built.
        examples: Examples, texts.
        features: Functions by name, from the names of the steps to a number for each of them. Default `FEATURES`:
            "quotes", 1 inside of them; "position", the number of steps since the last line end; "negation", 1 at and
            after a negation, up to the next punctuation mark.
        count: How many units for each feature. Default 3.

    Returns:
        `count` of `Neuron` for each feature that varies in the examples, the highest correlations first.

    Raises:
        InputError: there are no examples, or one is of another kind; `features` is not a dict.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["not good , fine", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], units=4)
    >>> [neuron.feature for neuron in neurons(task, ["not good , fine"], count=1)]
    ['position', 'negation']

    Reference:
        Karpathy, Johnson and Fei-Fei (2015), Visualizing and understanding recurrent networks, section 4.2.
    """
    features = FEATURES if features is None else features
    if not isinstance(features, Mapping):
        raise InputError(f"`features` must be a dict of functions by name, got {type(features).__name__}.")
    hidden: dict[str, list[np.ndarray]] = {}
    values: dict[str, list[np.ndarray]] = {name: [] for name in features}
    for look in look_at_each(task, examples):
        layers = gates_of(task, look)
        for layer in layers:
            hidden.setdefault(layer.layer, []).append(layer.values["hidden"])
        for name, feature in features.items():
            values[name].append(np.asarray(feature(layers[0].steps), np.float64))
    chosen = []
    for name, parts in values.items():
        feature = np.concatenate(parts)
        if feature.std() == 0:
            continue
        candidates = [
            Neuron(layer, unit, name, float(value))
            for layer, states in hidden.items()
            for unit, value in enumerate(_correlations(np.concatenate(states), feature))
        ]
        chosen += sorted(candidates, key=lambda neuron: -abs(neuron.correlation))[:count]
    return chosen


def inside_quotes(steps: Sequence[str]) -> list[float]:
    """1 for the steps after an opening quotation mark, up to the closing one."""
    inside, values = 0.0, []
    for step in steps:
        inside = 1 - inside if step.strip() and step.strip() in QUOTES else inside
        values.append(inside)
    return values


def position(steps: Sequence[str]) -> list[float]:
    """The number of steps since the last line end, or since the start."""
    count, values = 0.0, []
    for step in steps:
        count = 0.0 if step in ("\n", r"\n") else count + 1
        values.append(count)
    return values


def after_negation(steps: Sequence[str]) -> list[float]:
    """1 for a negation and the steps after it, up to the next punctuation mark."""
    inside, values = 0.0, []
    for step in steps:
        word = step.strip().lower()
        inside = 1.0 if word in NEGATIONS else inside if any(map(str.isalnum, word)) else 0.0
        values.append(inside)
    return values


FEATURES = {"quotes": inside_quotes, "position": position, "negation": after_negation}


class _Appended(list):
    """Appends each record together with its layer to a list that several layers share."""

    def __init__(self, runs, layer):
        super().__init__()
        self.runs, self.layer = runs, layer

    def append(self, record):
        self.runs.append((self.layer, record))


def _values(layer, record):
    """The values by name, in the order of the inputs."""
    cell, names = record.cell, {parent.__name__ for parent in type(record.cell).__mro__}
    gate_class = next((name for name in GATES if name in names), None)
    states = [tf.concat([step[number] for step in record.after], axis=0) for number in range(len(record.after[0]))]
    state_names = STATES.get(gate_class or "", ("hidden",)) + tuple(f"state {n + 1}" for n in range(len(states)))
    values = {**_activations(record, cell, gate_class), **dict(zip(state_names, map(np.asarray, states)))}
    if "cell" in values:
        values["hidden"] = values.pop("hidden")  # the last one
    return {name: value[::-1] if layer.go_backwards else value for name, value in values.items()}


def _activations(record, cell, gate_class):
    """The gates and the candidate: the cell computes all steps at once from the recorded states."""
    computed: dict[str, list] = {"recurrent_activation": [], "activation": []}
    with contextlib.ExitStack() as stack:
        for attribute, values in computed.items():
            if callable(function := getattr(cell, attribute, None)):
                stack.enter_context(replaced(cell, **{attribute: _recorder(function, values)}))
        before = [
            tf.concat([step[number] for step in record.before], axis=0) for number in range(len(record.before[0]))
        ]
        cell(tf.concat(record.inputs, axis=0), before, training=False)
    gate_values = computed["recurrent_activation"]
    names = GATES.get(gate_class or "", ())
    if len(gate_values) == len(names) - 1:  # coupled: the input gate is 1 - forget
        names = names[1:]
    if len(gate_values) != len(names):
        names = tuple(f"gate {number + 1}" for number in range(len(gate_values)))
    candidates = computed["activation"][:1] if gate_values else []  # of a simple RNN it is the hidden state
    return dict(zip((*names, "candidate"), [*gate_values, *candidates]))


def _recorder(function, values):
    def record(x):
        y = function(x)
        values.append(np.asarray(y, np.float32))
        return y

    return record


def _correlations(states, feature):
    """Of each column of `states` `(steps, units)` with `feature` `(steps,)`; 0 for a column that does not vary."""
    centred, target = states - states.mean(axis=0), feature - feature.mean()
    scale = np.sqrt(np.square(centred).sum(axis=0) * np.square(target).sum())
    return np.divide(centred.T @ target, scale, out=np.zeros(states.shape[1]), where=scale > 1e-12)
