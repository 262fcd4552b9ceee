"""Forecasting: from the past of a series to quantiles, a mean and paths of its future."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import one_of
from nlpseq.layers.label_loss import mean_loss, row_weights
from nlpseq.tasks.base import Look, NamedAxis, Task
from nlpseq.tasks.forecasting import examples as histories
from nlpseq.tasks.forecasting import exported, reading, scaling, windows
from nlpseq.tasks.forecasting.answers import batched
from nlpseq.tasks.forecasting.network import QuantileNetwork
from nlpseq.tasks.forecasting.objectives import pinball, quantile_weights
from nlpseq.tasks.forecasting.paths import correlated_paths, spread_out
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.tasks.forecasting.settings import ForecasterSettings
from nlpseq.tasks.forecasting.steps import SEED, StepNetwork
from nlpseq.tasks.forecasting.streaming import ForecastStream

DROPPED_ITEMS = 0.1  # rate at which training forgets which series it sees, so that new series can be forecast
FORECAST_BATCH = 256
LARGEST_WEIGHT = 20.0  # of a window whose scale is larger than the errors of the seasonal naive forecast


@keras.saving.register_keras_serializable("nlpseq")
class Forecaster(Task):
    """One recurrent model of many series.

        z = (x - l) / s                  level l and scale s of the past of each window
        q = l + s network(z, ...)        quantiles of each step of the horizon

    Level, scale and base forecasts (last value, seasonal naive, means of a season, these moved by their recent
    errors, exponential smoothing, the theta method) are computed in the graph, level and scale in float64; the network
    corrects the base. Therefore the forecast of a x + b, a > 0, is that of x times a plus b.
    Missing values are NaN or masked; they are not inputs of the network.

    Args:
        preprocessor: `nlpseq.tasks.forecasting.preprocessor.SeriesPreprocessor`, which describes the series.
        labels: None.
        name: As in `nlpseq.tasks.base.Task`.
        dtype: Of the network. Default float32, whatever the global policy.
        **settings: Attributes of `nlpseq.tasks.forecasting.settings.ForecasterSettings`.

    Call arguments:
        inputs: A dict: `values` float64 `(batch, context)`, NaN where missing; and, where the preprocessor has them,
            `times` int64 `(batch, context + horizon)`, local wall-clock times in seconds since 1970; `past` float64
            `(batch, context, covariates)`; `known` float64 `(batch, context + horizon, covariates)`; `item` int32
            `(batch,)` and `static` int32 `(batch, texts)`, numbers of names, 0 = unknown.
        training: Whether dropout applies. Default False.

    Returns:
        Quantiles, float64 `(batch, horizon, quantiles)`, in the units of the values.

    Raises:
        InputError: a setting is unknown or outside its range.

    Example:

    >>> preprocessor = SeriesPreprocessor(horizon=2, context=8, seasons=[4])
    >>> task = Forecaster(preprocessor, units=4, hidden=4)
    >>> values = np.array([[1.0, 2, 3, 4, 1, 2, 3, 4]])
    >>> tuple(task.forecast({"values": values})["quantiles"].shape)
    (1, 2, 7)

    Reference:
        Smyl (2020), A hybrid method of exponential smoothing and recurrent neural networks for time series forecasting;
        Wen et al. (2017), A multi-horizon quantile recurrent forecaster.
    """

    kind = "forecasting"
    purpose = "Forecasts the next values of a series of numbers, with quantiles of each step."
    settings_class = ForecasterSettings
    metric, metric_mode = "loss", "min"
    settings: ForecasterSettings

    def __init__(self, preprocessor: SeriesPreprocessor, labels: Sequence[str] = (), **kwargs: Any):
        dtype = kwargs.pop("dtype", None) or "float32"  # whatever the global policy: values are numbers of any size
        super().__init__(labels, preprocessor=preprocessor, dtype=dtype, **kwargs)
        self.autocast = False  # values are float64
        self._forecast = tf.function(self.forecast, reduce_retracing=True, autograph=False)

    @property
    def by_steps(self) -> bool:
        """Whether the network forecasts a distribution of each step, from which paths are sampled."""
        return self.settings.method == "steps"

    @property
    def counts(self) -> bool:
        """Whether values are counts of a negative binomial distribution, which are scaled and not shifted."""
        return self.by_steps and self.settings.distribution == "negative_binomial"

    # Layers

    def make_layers(self):
        settings, description = self.settings, self.preprocessor
        size = settings.item_size
        tables = [len(description.items)] * bool(description.items) + list(map(len, description.statics.values()))
        self.vectors = [keras.layers.Embedding(count + 1, size) for count in tables] if size else []
        sizes = reading.known_size(description), 2 * len(description.past)
        network = StepNetwork if self.by_steps else QuantileNetwork
        self.network: Any = network(description, settings, *sizes, len(self.vectors) * size)
        self.random = keras.random.SeedGenerator()  # a variable, so that a training that resumes draws as before

    def build(self, input_shape=None):
        for layer in self.vectors:
            layer.build((None,))
        self.network.build()
        self._make_calibration()
        self.built = True

    def _make_calibration(self):
        """What is fitted on validation windows after training."""
        fixed = {"initializer": "ones", "trainable": False, "dtype": "float32"}
        self.blend = self.add_weight((), name="blend", **fixed)
        self.correction = self.add_weight((len(self.settings.quantiles),), name="correction", **fixed)
        self.persistence = self.add_weight((), name="persistence", **{**fixed, "initializer": "zeros"})

    def call(self, inputs, training=False):
        self.ensure_built()
        if training and self.settings.outliers:
            inputs = {**inputs, "values": self._damaged(inputs)}
        level, scale = self.level_and_scale(inputs)
        z, mask = scaling.scaled(inputs["values"], level, scale)
        z = self.read(z)[..., 0]
        if self.by_steps and "future" in inputs:
            future, observed = scaling.scaled(inputs["future"], level, scale)
            past, known = self.features(inputs)
            vector = self.vector(inputs, tf.shape(z)[0], training)
            past = tf.pad(past, [[0, 0], [0, self.preprocessor.horizon], [0, 0]])
            z, mask = tf.concat([z, future], axis=1), tf.concat([mask, observed], axis=1)
            return self.network(z, mask, past, known, vector, training=training)
        quantiles, _ = self.of_scaled(z, mask, self.features(inputs), inputs, training)
        return level[..., tf.newaxis] + scale[..., tf.newaxis] * tf.cast(quantiles, tf.float64)

    def read(self, z: tf.Tensor) -> tf.Tensor:
        """The scaled value of each step, `(batch, context, 1)`, which `nlpseq.diagnostics` weights."""
        return z[..., tf.newaxis]

    def _damaged(self, inputs):
        """Values, of which some windows have a season that is flatter, and higher or lower, than it was."""
        values, (level, scale) = inputs["values"], self.level_and_scale(inputs)
        season = max([1, *self.preprocessor.seasons[:1]])
        rows, context = tf.shape(values)[0], self.preprocessor.context
        place, chosen, factor = (keras.random.uniform([rows, 1], dtype="float32", seed=self.random) for _ in range(3))
        seasons = tf.cast(-(-context // season) * place**3, tf.int32)  # most of them late
        is_damaged = tf.reverse(tf.range(context) // season, [0])[tf.newaxis] == seasons
        is_damaged &= chosen < self.settings.outliers
        factor, moved = (
            tf.cast(x, values.dtype)
            for x in (factor, keras.random.normal([rows, 1], dtype="float32", seed=self.random))
        )
        return tf.where(is_damaged, level + (values - level) * factor + scale * moved, values)

    def level_and_scale(self, inputs):
        """Level and scale of windows, float64 `(batch, 1)`; of counts the level is 0 and the scale 1 + the mean."""
        values, mask = scaling.observed(inputs["values"])
        if self.counts:
            mean = scaling.masked_mean(values, mask)[:, tf.newaxis]
            return tf.zeros_like(mean), 1 + tf.abs(mean)
        return scaling.level_and_scale(values, mask, max([1, *self.preprocessor.seasons[:1]]))

    def of_scaled(self, z, mask, features, inputs, training=False):
        """Quantiles `(batch, horizon, quantiles)` and base `(batch, horizon)` of scaled values and `features`."""
        if not self.by_steps:
            vector = self.vector(inputs, tf.shape(z)[0], training)
            return self.network(z, mask, *features, vector, training=training), self.network.base(z, mask)
        paths = self._paths(z, mask, inputs, self.settings.paths)
        paths = tf.sort(paths, axis=1)
        places = [round(level * (self.settings.paths - 1)) for level in self.settings.quantiles]
        quantiles = tf.transpose(tf.gather(paths, places, axis=1), [0, 2, 1])
        return quantiles, tf.gather(quantiles, self.middle, axis=-1)

    def _paths(self, z, mask, inputs, count, seed=SEED):
        """Sampled paths of scaled values by the network of steps, `(batch, count, horizon)`."""
        past, known = self.features(inputs)
        vector, (_, scale) = self.vector(inputs, tf.shape(z)[0]), self.level_and_scale(inputs)
        return self.network.paths(z, mask, past, known, vector, tf.cast(scale, tf.float32), count, seed)

    @property
    def middle(self) -> int:
        """The place of the median among the quantiles."""
        return list(self.settings.quantiles).index(0.5)

    def features(self, inputs):
        """Features of the past, and features that are known over the horizon."""
        return reading.features(self.preprocessor, inputs)

    def vector(self, inputs, rows, training=False):
        """The vector of the series, and of its static texts, `(rows, size)`."""
        description = self.preprocessor
        if not self.vectors:
            return tf.zeros([rows, 0])
        numbers = [inputs["item"]] if description.items else []
        numbers += tf.unstack(inputs["static"], axis=1) if description.statics else []
        if training:
            keep = keras.random.uniform([rows], dtype="float32", seed=self.random) >= DROPPED_ITEMS
            numbers = [tf.where(keep, number, 0) for number in numbers]
        vectors = [
            layer(number) * tf.cast(number > 0, tf.float32)[:, tf.newaxis]
            for layer, number in zip(self.vectors, numbers)
        ]
        return tf.concat(vectors, axis=-1)

    def named_axes(self):
        description = self.preprocessor
        names = [["", *description.items]] * bool(description.items)
        names += [["", *texts] for texts in description.statics.values()]
        return [NamedAxis(layer.embeddings, 0, "series", own) for layer, own in zip(self.vectors, names)]

    def look(self, example: Any, answer: str | None = None) -> Look:
        """A history as `nlpseq.diagnostics` examines it; the score is the median of a step of the horizon, in scales
        above the level of the series. A step without weight has the level as its value.

        Args:
            example: `nlpseq.tasks.forecasting.answers.History`; values `(time,)` if the model reads no more.
            answer: The number of the step, from "1". Default "1".

        Raises:
            InputError: `answer` is not a step of the horizon; the model reads more than values.
        """
        description, horizon = self.preprocessor, self.preprocessor.horizon
        numbers = [str(number + 1) for number in range(horizon)]
        step = numbers.index(one_of("answer", answer or "1", numbers))
        history = histories.as_history(description, example)
        inputs = ForecastStream(self).read({name: tf.constant(row) for name, row in batched([history]).items()})
        level, scale = self.level_and_scale(inputs)
        scale = tf.where(scale > 0, scale, tf.ones_like(scale))

        def score(quantiles):
            return tf.cast((quantiles[:, step, self.middle] - level[:, 0]) / scale[:, 0], tf.float32)

        names = histories.step_names(description, history)
        patch = 1 if self.by_steps else min(self.settings.patch, description.context)
        return Look(inputs, names, f"step {step + 1} ahead", score, self.reads(), patch)

    def reads(self):
        return [(self, "read")]

    # Training

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `(inputs, targets)` of `Windows`, or of another draw of `TrainingWindows` in each pass.

        The inputs are those of `call` and `unit`, what an error of 1 counts for, float64 `(batch,)`; targets are
        float64 `(batch, horizon)`, NaN where missing.
        """
        inputs = reading.reader(self.preprocessor, examples.store)

        def make(part):
            scales = examples.scales[part.series]
            future = {"future": part.targets()} if self.by_steps else {}
            return {**inputs(part), **future, "unit": scales.astype(np.float64)}, part.targets()

        return windows.batches(examples, batch_size, seed, make)

    def default_loss(self):
        """Not used: `compute_loss` is the pinball loss."""
        return keras.losses.MeanAbsoluteError()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The mean pinball loss of the quantiles, errors in units of those of the seasonal naive forecast.

        With the method "steps" the mean negative log-likelihood of the scaled values. Sample weights are a number,
        `(batch,)` or `(batch, 1)`.
        """
        weights = row_weights(sample_weight, tf.shape(y)[0])[:, tf.newaxis]
        if self.by_steps:
            level, scale = self.level_and_scale(x)
            z, observed = scaling.scaled(tf.concat([x["values"], y], axis=1), level, scale)
            return self.network.loss(y_pred, z, observed, tf.cast(scale, tf.float32), weights)
        values, mask = scaling.observed(x["values"])
        _, scale = scaling.level_and_scale(values, mask, 1)
        unit = tf.maximum(x["unit"], scale[:, 0] / LARGEST_WEIGHT)
        unit = tf.where(unit > 0, unit, tf.ones_like(unit))[:, tf.newaxis]
        target, observed = scaling.observed(y)
        errors = tf.cast((target[..., tf.newaxis] - y_pred) / unit[..., tf.newaxis], tf.float32)
        loss = pinball(errors, self.settings.quantiles)
        observed = tf.cast(observed, tf.float32)
        return mean_loss(tf.reduce_sum(loss * observed * weights), tf.reduce_sum(observed))

    # Forecasts

    def forecast(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Quantiles `(batch, horizon, quantiles)` and mean `(batch, horizon)`, corrected and in the domain, float64.

        Quantiles of counts are whole numbers, their means are not. Of a series without any value both are NaN.

        Raises:
            InputError: `inputs` have another name or shape than those that the model reads.
        """
        reading.check_inputs(self.preprocessor, inputs)
        quantiles = self._quantiles(inputs)
        mean = tf.reduce_sum(quantiles * self.mean_weights(), axis=-1)
        return {"quantiles": self._whole(quantiles), "mean": mean}

    def mean_weights(self) -> tf.Tensor:
        """Weights of the quantiles whose sum is the mean, float64 `(quantiles,)`.

        They undo what the correction widens: it holds few errors of validation, which lie on one side of a series that
        rose, and is no part of what is expected.
        """
        weights = tf.constant(quantile_weights(self.settings.quantiles), tf.float64)
        shares = weights / tf.maximum(tf.cast(self.correction, tf.float64), 1.0)
        return shares + tf.one_hot(self.middle, len(self.settings.quantiles), dtype=tf.float64) * (
            1.0 - tf.reduce_sum(shares)
        )

    def _quantiles(self, inputs):
        """The quantiles before those of counts are rounded."""
        self.ensure_built()
        level, scale = self.level_and_scale(inputs)
        z, mask = scaling.scaled(inputs["values"], level, scale)
        quantiles, base = self.of_scaled(z, mask, self.features(inputs), inputs)
        median = quantiles[..., self.middle : self.middle + 1]
        moved = base[..., tf.newaxis] + self.blend * (median - base[..., tf.newaxis])
        quantiles = moved + spread_out((quantiles - median) * self.correction, self.middle)
        quantiles = self._in_domain(level, scale, quantiles)
        empty = ~tf.reduce_any(scaling.observed(inputs["values"])[1], axis=1)
        return tf.where(empty[:, tf.newaxis, tf.newaxis], np.float64("nan"), quantiles)

    def _whole(self, values):
        return tf.round(values) if self.preprocessor.domain == "count" else values

    def _in_domain(self, level, scale, scaled):
        """Scaled values `(batch, ...)` in the units of the series and in its domain, float64."""
        values = level[..., tf.newaxis] + scale[..., tf.newaxis] * tf.cast(scaled, tf.float64)
        return values if self.preprocessor.domain == "real" else tf.maximum(values, 0.0)

    def sample(self, inputs: dict[str, tf.Tensor], paths: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Paths of the future, float64 `(batch, paths, horizon)`, random for a seed: `correlated_paths`.

        The method "steps" samples its own. The same random numbers are used for all series of a batch.

        Args:
            inputs: As of `call`.
            paths: Number of paths, int32.
            seed: int32.

        Raises:
            InputError: As of `forecast`.
        """
        reading.check_inputs(self.preprocessor, inputs)
        if self.by_steps:
            level, scale = self.level_and_scale(inputs)
            z, mask = scaling.scaled(inputs["values"], level, scale)
            return self._whole(self._in_domain(level, scale, self._paths(z, mask, inputs, paths, seed)))
        quantiles = self._quantiles(inputs)
        sampled = correlated_paths(quantiles, self.settings.quantiles, self.persistence, paths, seed)
        return sampled if self.preprocessor.domain == "real" else self._whole(tf.maximum(sampled, 0.0))

    def predict_windows(self, examples: windows.Windows, batch_size: int = FORECAST_BATCH) -> dict[str, np.ndarray]:
        """The forecasts of windows: `quantiles` `(windows, horizon, quantiles)` and `mean` `(windows, horizon)`."""
        inputs, parts = reading.reader(self.preprocessor, examples.store), []
        for start in range(0, len(examples), batch_size):
            answer = self._forecast(inputs(examples.select(slice(start, start + batch_size))))
            parts.append({name: value.numpy() for name, value in answer.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    # Exporting

    def combined(self, others):
        from nlpseq.tasks.forecasting.ensemble import ForecasterEnsemble

        return ForecasterEnsemble.of([self, *others])

    def signatures(self):
        """ "serving_default" and "forecast" of raw series, "sample", "init" and "step"."""
        self.ensure_built()
        return ForecastStream(self).signatures()

    @property
    def text_preprocessor(self):
        """None: names are numbered by `Answers.compute`."""
        return None

    def numeric_functions(self):
        return exported.functions(self)

    def client_options(self):
        return exported.options(self)

    def validation_sample(self, examples, count):
        part = examples.select(slice(count))
        return list(zip(histories.of_windows(self.preprocessor, part), part.targets()))

    def synthetic_examples(self, count):
        return histories.random_histories(self.preprocessor, count)

    def odd_examples(self):
        return histories.odd(self.preprocessor)

    def warmup(self):
        return ForecastStream(self).examples()

    def resources(self):
        return []

    def details(self):
        """The description of the series, without what only the network needs."""
        config = self.preprocessor.get_config()
        inner = ("base", "spreads", "means", "deviations", "items")
        described = {name: value for name, value in config.items() if name not in inner}
        return {**described, "quantiles": list(self.settings.quantiles), "items": len(self.preprocessor.items)}

    def limits(self):
        description = self.preprocessor
        step = f"steps of {description.frequency}" if description.frequency else "steps"
        return [
            f"It reads the last {description.context:,} {step} of a series and forecasts {description.horizon:,}.",
            "It continues the past: what no series of its training shows, it cannot foresee.",
            "Its intervals hold for series like those of its training; for others they may be too narrow.",
        ]
