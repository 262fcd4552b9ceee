"""Times a training step of the forecaster beside itself with a GRU of keras.layers, and beside a plain Keras model.

    python -m tests.benchmarks.forecasting                              the embedded series, sizes of the recipe
    python -m tests.benchmarks.forecasting --dataset FILE --patch 1     a step of the recurrent layer for each value

All train on the same batches in turn. The plain model scales the values of a window, reads patches of them with the
calendar, and forecasts quantiles from the state of a GRU and what is known of each step, with layers of the same sizes;
it has neither base forecasts nor missing values.
"""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.tasks.forecasting import defaults, reading
from nlpseq.tasks.forecasting.objectives import pinball
from nlpseq.tasks.forecasting.settings import ForecastingSettings
from nlpseq.training import Adam
from tests.benchmarks import timing


@dataclass(frozen=True)
class Settings:
    dataset: str = "nlpseq_series"
    """Series, as of the recipe."""
    patch: int | None = None
    """Values in a step of the recurrent layer; None for that of the recipe."""
    batches: int = 100
    """Batches on which the models take turns."""


def forecaster(preprocessor, options, recurrent=None):
    """A compiled `Forecaster`, with the recurrent layers that are given instead of its own."""
    task = nlpseq.tasks.Forecaster(preprocessor, **options)
    task.network.recurrent = recurrent or task.network.recurrent
    task.compile(Adam(1e-3, global_clipnorm=1.0))
    return task


def keras_layers(units, layers):
    return [keras.layers.GRU(units, return_sequences=number < layers - 1) for number in range(layers)]


def plain_model(task):
    """The shape of `QuantileNetwork`, from `values` and features of the calendar."""
    description, settings, network = task.preprocessor, task.settings, task.network
    context, horizon, features = description.context, description.horizon, reading.known_size(description)
    values: Any = keras.Input((context,))
    known: Any = keras.Input((context + horizon, features))
    level = keras.ops.mean(values, axis=1, keepdims=True)
    scale = keras.ops.std(values, axis=1, keepdims=True) + 1e-6
    z = (values - level) / scale
    steps = keras.ops.concatenate([z[..., None], known[:, :context]], axis=-1)
    patches = context // network.patch
    steps = steps[:, context - patches * network.patch :]
    hidden = keras.ops.reshape(steps, (-1, patches, network.patch * (1 + features)))
    for layer in keras_layers(settings.units, settings.layers):
        hidden = layer(hidden)
    hidden = keras.layers.Dropout(settings.dropout)(hidden)
    of_state = keras.layers.Dense(settings.hidden)(hidden)[:, None]
    hidden = keras.ops.relu(of_state + keras.layers.Dense(settings.hidden)(known[:, context:]))
    hidden = keras.layers.Dense(settings.hidden, activation="relu")(hidden)
    quantiles = keras.layers.Dense(len(settings.quantiles))(hidden) + keras.layers.Dense(horizon)(z)[..., None]
    model = keras.Model([values, known], level[..., None] + scale[..., None] * quantiles)

    def loss(y, y_pred):
        return tf.reduce_mean(pinball(tf.cast(y, y_pred.dtype)[..., None] - y_pred, settings.quantiles))

    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss)
    return model


def main(settings):
    source = nlpseq.data.load_series(settings.dataset)
    profile = defaults.profile(source)
    config = ForecastingSettings()
    chosen = defaults.choose(profile, config.series) | ({} if settings.patch is None else {"patch": settings.patch})
    config = config.filled(chosen)
    data = source.split(config.series.horizon, 1, config.series.season, config.series.context)
    preprocessor, options = defaults.describe(data, config, profile), {**config.model.flat(), "cell": "gru"}
    ours = forecaster(preprocessor, options)
    same = forecaster(preprocessor, options, keras_layers(config.model.units, config.model.layers))
    plain = plain_model(ours)
    batches = list(ours.prepare(data.train, config.training.batch_size, training=True).take(settings.batches))
    scaled = [
        ((tf.cast(inputs["values"], tf.float32), reading.features(ours.preprocessor, inputs)[1]), targets)
        for inputs, targets in batches
    ]
    steps = {
        "keras, plain": lambda _, batch: plain.train_on_batch(*batch),
        "keras.layers.GRU in the forecaster": lambda batch, _: same.train_on_batch(*batch),
        "nlpseq": lambda batch, _: ours.train_on_batch(*batch),
    }
    seconds = timing.turns(list(zip(batches, scaled)), steps, shape=lambda batch, _: batch[1].shape)
    patches = -(-config.series.context // ours.network.patch)
    print(f"{len(batches)} batches of {config.training.batch_size}, {patches} steps, {config.model.units} units")
    timing.print_steps("Training step of a forecaster", seconds)
    for name in list(seconds)[:-1]:
        print(f"times faster than {name}: {timing.ratio(seconds[name], seconds['nlpseq']):.2f} (median of steps)")


if __name__ == "__main__":
    main(tyro.cli(Settings))
