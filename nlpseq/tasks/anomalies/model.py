"""Anomaly detectors: a score and an alarm for every step of a series, as it comes."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import check
from nlpseq.data.batching import evaluation_batches, training_batches
from nlpseq.errors import InputError, one_of, shorten
from nlpseq.tasks.anomalies.calibration import Calibration, calibrated
from nlpseq.tasks.anomalies.density import MeanSurprise
from nlpseq.tasks.anomalies.networks import NETWORKS
from nlpseq.tasks.anomalies.novelty import COLD, MARGINS
from nlpseq.tasks.anomalies.recordings import Recording
from nlpseq.tasks.anomalies.scans import TENSORS, States, scan, zeros
from nlpseq.tasks.anomalies.settings import DetectorSettings
from nlpseq.tasks.anomalies.statistics import Fitted, Statistics
from nlpseq.tasks.base import Look, Task
from nlpseq.tasks.checked import checked
from nlpseq.tasks.text_task import TracedFunctions

SHOWN = 120  # steps of each series by which formats are compared
MOST_VALUES = 4_000_000  # of a batch of series


@keras.saving.register_keras_serializable("nlpseq")
class AnomalyDetector(Task):
    """A recurrent anomaly detector for series of one or several channels, which reads them once, step by step.

        u_t, scale = RunningScale(x_t, scale)            numbers about 1
        surprise_t, network = Network(u_t, network)      -log p(u_t | u_1 ... u_{t-1}), or of a reconstruction
        evidence_t, novelty = Novelty(x_t, surprise_t, usual, novelty)
        alarm_t, alarms = Alarms(score_t, threshold, alarms), with the score max(evidence_t)

    The weights of the network are trained; `calibrate` sets the threshold, what is usual, and which evidence counts;
    all else is a running statistic of the series itself, which starts anew with every series and adapts to it. Nothing
    depends on later steps.

    Args:
        channels: Names of the channels.
        threshold: The least score of an alarm. Default 1.0.
        labels, preprocessor: None.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.anomalies.settings.DetectorSettings`, which documents their meaning,
            range and default.

    Call arguments:
        inputs: Normalised values, and 1 where they were observed, float32 `(batch, time, 2 * channels)`.
        training: Whether dropout applies. Default False.

    Returns:
        The parameters of the distribution of every step, float32 `(batch, time, parameters)`.

    Example:

    >>> detector = AnomalyDetector(["temperature"], units=4)
    >>> outputs = detector.detect([np.sin(np.arange(60.0))[:, None]])
    >>> outputs[0]["score"].shape, outputs[0]["alarm"].dtype
    ((60,), dtype('bool'))
    """

    kind = "anomalies"
    purpose = "Reads numbers over time, and gives a score and an alarm for every step."
    settings_class = DetectorSettings
    settings: DetectorSettings
    metric, metric_mode = "loss", "min"

    def __init__(self, channels: Sequence[str] = ("value",), threshold: float = 1.0, labels=(), **options: Any):
        self.channels, self._first_threshold = [str(name) for name in channels], float(threshold)
        super().__init__((), **options)

    def make_layers(self):
        settings, count = self.settings, len(self.channels)
        self.network = NETWORKS[settings.method](settings, count)
        self.statistics = Statistics(count, settings.flat(), TENSORS)
        self._functions = TracedFunctions()

    @property
    def input_shapes(self):
        return (None, None, 2 * len(self.channels))

    def build(self, input_shape=None):
        self.network.build()
        first = keras.initializers.Constant(self._first_threshold)
        self._threshold = self.add_weight(name="threshold", initializer=first, dtype="float32", trainable=False)
        constant: Any = keras.initializers.Constant
        unknown = constant([1.0 - (name == "usual") for name in MARGINS])
        self._counts = self.add_weight((len(MARGINS),), unknown, name="counts", dtype="float32", trainable=False)
        self._usual = self.add_weight((2,), constant([1.0, 0.0]), name="usual", dtype="float32", trainable=False)
        self.built = True

    def call(self, inputs, training=False):
        self.ensure_built()
        return self.network(inputs, training=training)

    @property
    def threshold(self) -> float:
        """The least score of an alarm."""
        return float(self._threshold) if self.built else self._first_threshold

    @threshold.setter
    def threshold(self, value: float):
        self.ensure_built()
        self._threshold.assign(value)

    # Training

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `(features, targets)` of segments of `Recordings`; what is labelled an anomaly is not a target."""
        features, targets, lengths = self._segments(examples)
        rows, aims = (tf.RaggedTensor.from_row_lengths(part, lengths) for part in (features, targets))
        return (
            training_batches(rows, aims, batch_size, seed) if training else evaluation_batches(rows, aims, batch_size)
        )

    def _segments(self, recordings):
        """Overlapping segments of all recordings one after the other, `(steps, 2 * channels)`, and their lengths."""
        count, length = len(self.channels), self.network.segment
        features, targets = [], []
        for recording, rows in zip(recordings, self._features([item.values for item in recordings])):
            aims = rows.copy()
            aims[recording.labels, count:] = 0
            aims[: recording.start, count:] = 0
            for start in range(0, max(len(rows) - length // 2, 1), max(length // 2, 1)):
                if aims[start : start + length, count:].any():
                    features.append(rows[start : start + length])
                    targets.append(aims[start : start + length])
        if not features:
            raise InputError("the series to learn from hold no values: give at least one series with numbers.")
        return np.concatenate(features), np.concatenate(targets), [len(part) for part in features]

    def default_loss(self):
        """The mean surprise."""
        return MeanSurprise()

    # Detection

    def features(self, values: tf.Tensor) -> tf.Tensor:
        """What the network reads, `(batch, time, 2 * channels)`, of values float64 `(batch, time, channels)`."""
        parts, _ = scan(self._scale_step, {"values": values}, zeros(self.statistics.scale.sizes, tf.shape(values)[0]))
        return parts["features"]

    def _scale_step(self, values, states):
        features, states = self.statistics.features(values, states)
        return {"features": features}, states

    def _days_before(self, values, season):
        """The values a day before each step, `(batch, time, channels)`, NaN where there are none."""
        place = tf.range(tf.shape(values)[1]) - season[:, tf.newaxis]
        seen = self._remembered(season)[:, tf.newaxis] & (place >= 0)
        earlier = tf.gather(values, tf.maximum(place, 0), batch_dims=1)
        return tf.where(seen[..., tf.newaxis], earlier, np.nan)

    def _remembered(self, season):
        """Whether seasons are known, and short enough."""
        return (season > 0) & (season <= self.settings.longest_season)

    def _score_step(self, values, before, surprise, states):
        fitted = Fitted(*(variable.value for variable in (self._usual, self._counts, self._threshold)))
        return self.statistics.scores(values, before, surprise, fitted, states)

    def answer(self, values: tf.Tensor, season: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default".

        Args:
            values: Series, float64 `(batch, time, channels)`; NaN is missing, and pads shorter series at their end.
            season: Steps of a day of each series, int32 `(batch,)`; 0 where it is not known.

        Returns:
            A dict of `score`, `surprise`, float32 `(batch, time)`, and `alarm`, bool `(batch, time)`.
        """
        scored = self._scored(values, _whole_steps(season))
        return {name: scored[name] for name in ("score", "surprise", "alarm")}

    def _scored(self, values, season):
        steps = tf.shape(values)[1]
        values = tf.pad(values, [[0, 0], [0, 1], [0, 0]], constant_values=np.nan)  # a series may have no steps
        surprise = self.network.surprises(self.features(values))
        states = zeros(self.statistics.score_sizes, tf.shape(values)[0])
        sequences = {"values": values, "before": self._days_before(values, season), "surprise": surprise}
        scores, _ = scan(self._score_step, sequences, states)
        return {name: value[:, :steps] for name, value in {**scores, "surprise": surprise}.items()}

    def step(self, values: tf.Tensor, states: States) -> tuple[dict[str, tf.Tensor], States]:
        """Score, surprise and alarm, `(batch,)`, of values of a step, float64 `(batch, channels)`; and the states."""
        features, scale = self.statistics.features(values, states)
        surprise, network = self.network.step(features, {name: states[name] for name in self.network.sizes})
        history = tf.reshape(states["history"], [-1, self.settings.longest_season, len(self.channels)])
        season = tf.cast(states["season"][:, 0], tf.int32)
        seen = self._remembered(season) & (states["steps"][:, 0] >= states["season"][:, 0])
        place = tf.where(seen, self.settings.longest_season - season, 0)
        before = tf.where(seen[:, tf.newaxis], tf.gather(history, place, batch_dims=1), np.nan)
        scores, others = self._score_step(values, before, surprise, states)
        own = {
            "season": states["season"],
            "history": tf.concat([states["history"][:, len(self.channels) :], values], 1),
        }
        scores = {"score": scores["score"], "surprise": surprise, "alarm": scores["alarm"]}
        return scores, {**own, **scale, **network, **others}

    def first_states(self, season: tf.Tensor) -> States:
        """The states before the first step of series with these steps of a day, int32 `(batch,)`."""
        rows = tf.shape(season)[0]
        history = {"history": self.settings.longest_season * len(self.channels)}
        running = {**self.statistics.scale.sizes, **self.statistics.score_sizes}
        states = {**zeros({**history, **running}, rows), **zeros(self.network.sizes, rows, tf.float32)}
        return {**states, "season": tf.cast(season, tf.float64)[:, tf.newaxis]}

    def calibrate(self, examples: Any, method: str = "auto", rate: float | None = None) -> Calibration:
        """Sets what is usual in normal operation, which evidence counts, and the threshold of alarms.

        Args:
            examples: `nlpseq.data.Recordings` that were not learnt from.
            method, rate: As of `nlpseq.tasks.anomalies.calibration.calibrated`.
        """
        self.ensure_built()
        evidence = [row["evidence"] for row in self._in_batches("evidence", examples.values, examples.seasons)]
        scored, settings = examples.after(self.settings.warm_up), self.settings
        result = calibrated(evidence, scored, tuple(self._usual.numpy()), settings.rest, method, rate)
        self._usual.assign(result.usual)
        self._counts.assign([float(name in result.evidence) for name in MARGINS])
        self.threshold = result.threshold
        return result

    def detect(self, series: Sequence[np.ndarray], seasons: Sequence[int] | None = None) -> list[dict[str, np.ndarray]]:
        """Scores series.

        Args:
            series: Arrays `(steps, channels)`; NaN is missing.
            seasons: The steps of a day of each, 0 where it is not known. Default the setting `season`.

        Returns:
            For each series a dict of `score`, `surprise`, float32 `(steps,)`, and `alarm`, bool `(steps,)`.

        Raises:
            InputError: a series is no numbers of this shape.
        """
        self.ensure_built()
        return self._in_batches("answer", list(map(self._checked, series)), seasons)

    def _checked(self, values):
        """The values of a series, float `(steps, channels)`; with one channel also from `(steps,)`."""
        count = len(self.channels)
        try:
            array = np.asarray(values, float)
        except (TypeError, ValueError):
            raise InputError(f"expected numbers in each series, got {shorten(repr(values), 60)}.") from None
        array = array[:, np.newaxis] if array.ndim == 1 and count == 1 else array
        if array.ndim != 2 or array.shape[1] != count:
            raise InputError(f"expected arrays of shape (steps, {count}), one for each series, got {array.shape}.")
        return array

    def _features(self, series):
        return [row["features"] for row in self._in_batches("features", series)]

    def _in_batches(self, name, series, seasons=None):
        """The outputs of a method for series, in batches of similar length."""
        count = len(self.channels)
        specs = [tf.TensorSpec([None, None, count], tf.float64), tf.TensorSpec([None], tf.int32)]
        seasons = np.array(seasons or [0] * len(series), np.int32)
        seasons = np.where(seasons, seasons, self.settings.season).astype(np.int32)
        methods = {
            "answer": self.answer,
            "evidence": lambda values, season: {"evidence": self._scored(values, season)["evidence"]},
            "features": lambda values, season: {"features": self.features(values)},
        }
        function = self._functions.get(name, lambda: tf.function(methods[name], specs, autograph=False))
        order, results = np.argsort([len(row) for row in series], kind="stable"), [{}] * len(series)
        for part in _batches(order, [len(row) for row in series], MOST_VALUES // count):
            rows = np.full([len(part), max(len(series[i]) for i in part), count], np.nan)
            for row, i in zip(rows, part):
                row[: len(series[i])] = np.reshape(series[i], [-1, count])
            outputs = {
                key: value.numpy() for key, value in function(tf.constant(rows), tf.constant(seasons[part])).items()
            }
            for number, i in enumerate(part):
                results[i] = {key: value[number, : len(series[i])] for key, value in outputs.items()}
        return results

    def look(self, example: Any, answer: str | None = None) -> Look:
        """A series as `nlpseq.diagnostics` examines it; the score is the surprise of a step.

        The network reads as many steps up to that one as a segment of training has, from its first state.

        Args:
            example: Values `(steps, channels)`, NaN where missing, or a `Recording`.
            answer: The number of the step, from "1". Default that of the highest score, else of the greatest surprise.

        Raises:
            InputError: there are no steps, or `answer` is none of their numbers.
        """
        values = np.asarray(getattr(example, "values", example), float).reshape(-1, len(self.channels))
        if not len(values):
            raise InputError("the series has no steps: give one with values.")
        features = tf.constant(self._features([values]))
        numbers = [str(number + 1) for number in range(len(values))]
        if answer is None:
            (detected,) = self.detect([values], [getattr(example, "season", 0)])
            answer = numbers[np.lexsort([detected["surprise"], detected["score"]])[-1]]
        end = 1 + numbers.index(one_of("answer", answer, numbers))
        inputs = self.network.ending(features[:, :end])
        names = getattr(example, "times", None) or [f"step {number}" for number in numbers]
        names = [*["-"] * (inputs.shape[1] - end), *map(str, names[:end])][-inputs.shape[1] :]
        title = f"surprise of {names[-1]}"
        return Look(inputs, names, title, lambda outputs: self.network.last_surprise(outputs, inputs), self.reads())

    def reads(self):
        return [(self.network, "read")]

    # Exporting

    def signatures(self):
        channels = len(self.channels)
        series = tf.TensorSpec([None, None, channels], tf.float64, name="values")
        season = tf.TensorSpec([None], tf.int32, name="season")
        values = tf.TensorSpec([None, channels], tf.float64, name="values")
        states = {name: tf.TensorSpec([None, state.shape[1]], state.dtype, name=name)
                  for name, state in self.first_states(tf.zeros([1], tf.int32)).items()}  # fmt: skip

        def step(values, **states):
            scores, new = self.step(values, states)
            return {**scores, **new}

        def init(values, season):
            """The states after the beginning of a series, which may have no steps."""
            return scan(self.step, {"values": values}, self.first_states(_whole_steps(season)))[1]

        numbers = [name for name in states if name != "history"]  # which has NaN where values were missing
        return {
            "serving_default": tf.function(checked(self.answer), [series, season], autograph=False),
            "init": tf.function(checked(init), [series, season], autograph=False),
            "step": tf.function(checked(step, numbers), autograph=False).get_concrete_function(values, **states),
        }

    def numeric_functions(self):
        """Those of the network, between what `nlpseq.tasks.anomalies.computing` computes."""
        self.ensure_built()
        return self.network.numeric_functions()

    def client_options(self):
        settings = self.settings.flat()
        names = ("memory", "smoothing", "rest", "warm_up", "longest_season", "window")
        fitted = {"usual": self._usual, "counts": self._counts}
        return {
            "channels": len(self.channels),
            "sizes": self.network.sizes,
            "threshold": self.threshold,
            **{name: settings[name] for name in names},
            **{name: variable.numpy().tolist() for name, variable in fitted.items()},
        }

    def validation_sample(self, examples, count):
        return [
            (Recording(one.name, one.values[:SHOWN], season=one.season), None)
            for one in itertools.islice(examples, count)
        ]

    def synthetic_examples(self, count):
        """Waves with noise, steps and gaps."""
        random, channels = np.random.default_rng(0), len(self.channels)
        examples = []
        for length in random.integers(20, 3 * COLD, size=count):
            values = np.sin(np.arange(length)[:, np.newaxis] / random.uniform(1, 9) + np.arange(channels))
            values += 0.1 * random.normal(size=values.shape) + 5 * (np.arange(length)[:, np.newaxis] > 0.8 * length)
            values[random.random(values.shape) < 0.02] = np.nan
            examples.append(10.0 ** random.integers(-3, 6) * values)
        return examples

    def odd_examples(self):
        constant = np.ones((2 * COLD, len(self.channels)))
        far = constant.copy()
        far[-2] = 1e12
        return {
            "a series of no step": constant[:0],
            "a series of one step": constant[:1],
            "a constant series": 3 * constant,
            "a series without a value": np.nan * constant,
            "a series with one value of 1e12": far,
        }

    def warmup(self):
        season = np.zeros(1, np.int32)
        return [{"values": np.zeros((1, steps, len(self.channels))), "season": season} for steps in (1, 50)]

    def details(self):
        """The channels, the threshold, and what decides when alarms are given."""
        settings = self.settings
        own = {"rest": settings.rest, "warm_up": settings.warm_up, "season": settings.season}
        counts = [name for name, counts in zip(MARGINS, self._counts.numpy()) if counts]
        return {"channels": self.channels, "threshold": round(self.threshold, 6), "evidence": counts, **own}

    def get_config(self):
        config = {**super().get_config(), "channels": self.channels, "threshold": self.threshold}
        return {name: value for name, value in config.items() if name != "labels"}

    def limits(self):
        settings = self.settings
        return [
            f"It gives no alarm in the first {settings.warm_up:,} steps of a series, from which it learns its range.",
            f"For {settings.rest:,} steps after an alarm only a higher score is another one.",
            "It takes steps in their order, however far apart in time they are.",
            f"An alarm is a score of {self.threshold:.4g} or more; whether that suits another source of data has to be "
            "measured there.",
        ]


def _batches(order, lengths, most):
    """Parts of an order whose padded size is at most `most` steps, or that have one series."""
    part = []
    for i in order:
        if part and (len(part) + 1) * max(lengths[i], 1) > most:
            yield part
            part = []
        part = [*part, i]
    if part:
        yield part


def _whole_steps(season):
    """Seasons of a signature, refused if one is negative."""
    with tf.control_dependencies(check(tf.reduce_all(season >= 0), "season must be 0 or more steps, got %s.", season)):
        return tf.identity(season)
