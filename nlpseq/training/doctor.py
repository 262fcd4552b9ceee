"""A callback that names what keeps a training from learning."""

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq import engine
from nlpseq.diagnostics.observing import loss_scale, observed, square_sum
from nlpseq.diagnostics.saturated import saturation
from nlpseq.errors import InputError
from nlpseq.reporting import say
from nlpseq.training import rules
from nlpseq.training.rules import Evidence

# The loss is judged after these shares of all steps, and not before `LEAST`. Whether it moves at all is asked late:
# where memory is needed, it often stands still at first.
PARTS = ((0.2, (*rules.GRADIENTS, *rules.LOSS, rules.dead_embedding)), (0.5, (rules.flat_loss,)))
LEAST = 50
FEW = 10  # a training of fewer steps is not judged
LOOKED_AT = 2  # validation examples on which gates are measured
LONGEST = 200  # steps of these, each of which takes milliseconds


class Doctor(keras.callbacks.Callback):
    """Says in a sentence what is wrong with a training that does not learn, and what to do; else it is silent.

    It sees gradients that explode or vanish, embeddings of which most rows are never used, saturated gates, a loss
    that does not move, a learning rate that is too high or too low, labels that look shuffled, and a validation that
    drifts away. The rules and their sources are in `nlpseq.training.rules`. Each rule speaks once.

    A step adds the squares of its gradients to totals, which are read at validations; the loss of each step is read
    as Keras reports it. Gates are measured only where the loss has hardly moved.

    Args:
        metric, mode: The metric that training monitors, without "val_", and whether "max" or "min" is its best
            value. Default "loss" and "min".
        validation: Batches `(inputs, labels)`, of which the first ones are looked at. Default none: there are no
            rules about gates and labels.
        steps: Number of all training steps. Default 0, not known.
        every_pass: Validations in a pass over the training data. Default 1.
        fresh: Whether the weights are new. Those of a trained model are not expected to move. Default True.
        report: Called with each sentence. Default: it is printed.

    Attributes:
        findings: The sentences by the name of their rule.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(1e-9), "mse")
    >>> doctor = Doctor(report=lambda sentence: None)
    >>> _ = model.fit(np.ones((64, 3)), np.ones(64), batch_size=1, verbose=0, callbacks=[doctor])
    >>> list(doctor.findings)
    ['rate_too_low']
    """

    def __init__(
        self,
        metric: str = "loss",
        mode: str = "min",
        validation: Any = None,
        steps: int = 0,
        every_pass: int = 1,
        fresh: bool = True,
        report: Callable[[str], None] | None = None,
    ):
        super().__init__()
        self.metric, self.mode, self.validation = metric, mode, validation
        self.steps, self.every_pass, self.fresh, self.report = steps, every_pass, fresh, report or _print
        self.findings: dict[str, str] = {}
        self._observation = contextlib.ExitStack()
        self._totals = None
        self.history: dict[str, list[float]] = {}
        self._restart()

    def _restart(self):
        self._losses: list[float] = []
        self._mean, self._steps_taken, self._part = 0.0, 0, 0 if self.fresh else len(PARTS)

    @property
    def _judged(self):
        return self._part == len(PARTS)

    # What it sees

    def on_train_begin(self, logs=None):
        self._start = self._weights()
        if tf.distribute.has_strategy() or self.model.distribute_strategy.num_replicas_in_sync > 1:
            return  # gradients are seen on one device only
        self._observation.close()  # of a training that ended with an exception
        self._observation.enter_context(observed(self.model, self._add))
        if self.model.built:
            self._make_totals()

    def _make_totals(self):
        """Before the step is traced if possible: a function that makes variables is traced twice."""
        if self._totals is None:
            self._names = list(_layers(self.model))
            self._totals = tf.Variable(tf.zeros(len(self._names) + 1), trainable=False)

    def _add(self, pairs):
        """Adds the gradient norm of each layer, and 1, to the totals; traced into the training step."""
        layers = _layers(self.model)
        with tf.init_scope():
            self._make_totals()
        owners = {id(weight): number for number, weights in enumerate(layers.values()) for weight in weights}
        sums = [tf.constant(0.0)] * len(layers)
        for gradient, variable in pairs:
            if gradient is not None and id(variable) in owners:
                sums[owners[id(variable)]] += square_sum(gradient)
        norms = tf.sqrt(tf.stack(sums)) / loss_scale(self.model.optimizer)
        self._totals.assign_add(tf.concat([norms, [1.0]], axis=0))

    def _weights(self):
        layers = _layers(self.model) if not self._judged else {}
        return {name: [np.array(weight) for weight in weights] for name, weights in layers.items()}

    def on_epoch_begin(self, epoch, logs=None):
        self._mean, self._count = 0.0, 0

    def on_train_batch_end(self, batch, logs=None):
        mean = (logs or {}).get("loss")
        if mean is None:
            return
        mean, self._count, self._steps_taken = float(mean), self._count + 1, self._steps_taken + 1
        loss = self._count * mean - (self._count - 1) * self._mean  # Keras reports the mean since the epoch began
        self._mean = mean
        if not self._judged:
            self._losses.append(loss)
            self._start = self._start or self._weights()  # of a model that its first step builds
        if not math.isfinite(loss):
            self._apply(rules.GRADIENTS, self._evidence())

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        if (epoch + 1) % self.every_pass == 0:
            self._judge_parts()
        evidence = self._evidence()
        if self._steps_taken >= FEW:  # where weights start at zero, the first steps have no gradients below them
            self._apply(rules.GRADIENTS, evidence)
        self._apply(rules.VALIDATION, evidence)
        if self._totals is not None:
            self._totals.assign(tf.zeros_like(self._totals))

    def on_train_end(self, logs=None):
        if len(self._losses) >= FEW:
            self._judge_parts(at_end=True)
        self._observation.close()

    # What it says

    def _judge_parts(self, at_end: bool = False):
        """Applies the rules about the loss whose time has come, each once."""
        while not self._judged:
            share, chosen = PARTS[self._part]
            if not at_end and len(self._losses) < max(LEAST, share * self.steps):
                return
            self._part += 1
            self._judge(chosen)
        self._losses, self._start = [], {}

    def _judge(self, chosen):
        evidence = self._evidence()
        if evidence.fall < rules.POOR:
            evidence = self._evidence(saturated=self._saturated())
        about_loss = [rule for rule in chosen if rule in (*rules.LOSS, rules.flat_loss)]
        self._apply([rule for rule in chosen if rule not in about_loss], evidence)
        spoken = {rule.__name__ for rule in (*rules.GRADIENTS, *rules.LOSS)} & {*self.findings}
        if not spoken:
            self._apply(about_loss, evidence, first_only=True)

    def _apply(self, chosen: Sequence[Callable[[Evidence], str | None]], evidence: Evidence, first_only: bool = False):
        """Reports what rules find that have not spoken yet."""
        for rule in chosen:
            sentence = rule(evidence)
            if sentence is None:
                continue
            if rule.__name__ not in self.findings:
                self.findings[rule.__name__] = sentence
                self.report(sentence)
            if first_only:
                break

    def _evidence(self, saturated=None) -> Evidence:
        return Evidence(
            losses=self._first_and_latest(),
            start=self._losses[0] if self._losses else math.inf,
            noise=self._noise(),
            steps=len(self._losses),
            norms=self._norms(),
            **self._moves(),
            saturated=saturated,
            history=self.history,
            metric=self.metric,
            mode=self.mode,
            entropy=self._entropy(),
        )

    def _first_and_latest(self):
        if len(self._losses) < FEW:
            return None
        parts = np.array(self._losses[: len(self._losses) // 5]), np.array(self._losses[-(len(self._losses) // 5) :])
        return float(parts[0].mean()), float(parts[1].mean())

    def _noise(self):
        count = len(self._losses) // 5
        parts = self._losses[:count], self._losses[-count:]
        return math.sqrt(sum(np.var(part) / count for part in parts)) if count else 0.0

    def _norms(self):
        if self._totals is None:
            return {}
        *sums, steps = self._totals.numpy().tolist()
        held = _tables(self.model, held=True)  # whose rows may be frozen
        norms = {name: total / steps for name, total in zip(self._names, sums) if steps}
        return {name: norm for name, norm in norms.items() if name not in held}

    def _moves(self):
        """Relative changes of layers, and unused rows of embeddings; empty after the judgement."""
        changes, unused = {}, {}
        for name, weights in _layers(self.model).items():
            if name not in self._start:
                continue
            first, last = self._start[name], [np.array(weight) for weight in weights]
            if name in _tables(self.model, held=False):
                rows = np.all(first[0] == last[0], axis=-1)
                unused[name] = (int(rows.sum()), len(rows))
                continue
            size = math.sqrt(sum(float(np.sum(np.square(w))) for w in first))
            change = math.sqrt(sum(float(np.sum(np.square(w - w0))) for w, w0 in zip(last, first)))
            if size > 0:  # else it starts at zero
                changes[name] = change / size
        return {"changes": changes, "unused": unused}

    def _saturated(self):
        """The share of saturated gates on a few validation examples; None if it cannot be measured."""
        inputs = next(iter(self.validation), [None])[0] if self.validation is not None else None
        if inputs is None or any(x.shape[1] > LONGEST for x in tf.nest.flatten(inputs) if len(x.shape) > 1):
            return None
        inputs = tf.nest.map_structure(lambda x: x[:LOOKED_AT] if len(x.shape) else x, inputs)
        with contextlib.suppress(InputError), engine.mode("portable"):
            return saturation(self.model, inputs).get("saturated_gates")  # pyright: ignore[reportArgumentType]
        return None

    def _entropy(self):
        """The entropy of integer labels of the validation; measured where the validation loss has not improved."""
        losses = self.history.get("val_loss", [])
        if self.validation is None or len(losses) < 3 or min(losses) < 0.95 * losses[0]:
            return None
        labels = [np.ravel(batch[1]) for batch in self.validation.take(50) if _is_integer(batch[1])]
        numbers = np.concatenate([np.zeros(0, int), *labels])
        counts = np.unique(numbers[numbers >= 0], return_counts=True)[1]
        return float(-np.sum(counts / counts.sum() * np.log(counts / counts.sum()))) if len(counts) > 1 else None

    # Resuming: the rules about the first steps need those steps

    def get_state(self):
        return {"findings": dict(self.findings), "history": {name: [*v] for name, v in self.history.items()}}

    def set_state(self, state):
        self.findings = dict(state["findings"])
        self.history = {name: [*values] for name, values in state["history"].items()}
        self._part = len(PARTS)


def _print(sentence):
    say(f"doctor: {sentence}")


def _is_integer(labels):
    return hasattr(labels, "dtype") and tf.as_dtype(labels.dtype).is_integer


def _layers(model):
    """The trainable weights by the name of the layer that owns them.

    A table of one row, that of no item, is none of them: it is read where nothing is to be learnt.
    """
    empty = {id(layer.embeddings) for layer in _lookups(model) if layer.embeddings.shape[0] == 1}
    layers: dict[str, list] = {}
    for weight in model.trainable_variables:
        if id(weight) in empty:
            continue
        layers.setdefault(weight.path.rpartition("/")[0] or weight.path, []).append(weight)
    return layers


def _tables(model, held):
    """The paths of layers that look up rows of weights: those that can hold rows, or the others."""
    return {layer.embeddings.path.rpartition("/")[0] for layer in _lookups(model) if hasattr(layer, "held") == held}


def _lookups(model):
    """The built layers that look up rows of weights."""
    layers = (layer for layer in model._flatten_layers() if not isinstance(layer, keras.Model))
    return [layer for layer in layers if hasattr(layer, "embeddings")]
