"""The task: a GRU over a series of numbers, and the next number from its last state."""

from dataclasses import dataclass
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf

from nlpseq.layers import GRU
from nlpseq.settings import Range, Settings
from nlpseq.tasks.base import Task


@dataclass(frozen=True)
class ForecasterSettings(Settings):
    """The forecaster."""

    units: Annotated[int, Range(1)] = 8
    """Size of the state."""
    bias: bool = True
    """Whether the output layer has a bias."""


@keras.saving.register_keras_serializable("toy_kind")
class SeriesForecaster(Task):
    """y = W_hy GRU(x_1 ... x_T) + b_y."""

    kind = "series"
    purpose = "Takes a series of numbers, gives the next one."
    settings_class = ForecasterSettings
    metric, metric_mode = "loss", "min"

    def make_layers(self):
        self.recurrent = GRU(self.settings.units)
        self.head = keras.layers.Dense(1, use_bias=self.settings.bias)

    def build(self, input_shape=None):
        self.recurrent.build((None, None, 1))
        self.head.build((None, self.settings.units))
        self.built = True

    def call(self, inputs, training=False):
        self.ensure_built()
        series, length = inputs
        mask = tf.sequence_mask(length, tf.shape(series)[1])
        return self.head(self.recurrent(series[..., tf.newaxis], mask=mask, training=training))[:, 0]

    def prepare(self, examples, batch_size=64, training=False, seed=0):
        series, targets = examples
        lengths = np.full(len(series), series.shape[1], np.int32)
        return tf.data.Dataset.from_tensor_slices(((series, lengths), targets)).batch(batch_size)

    def default_loss(self):
        return keras.losses.MeanSquaredError()

    def answer(self, series, length):
        """What the export serves: `series` `(batch, longest)`, `length` `(batch,)` -> `next` `(batch,)`."""
        return {"next": self((series, length))}

    def signatures(self):
        series = tf.TensorSpec([None, None], tf.float32, name="series")
        length = tf.TensorSpec([None], tf.int32, name="length")
        return {"serving_default": tf.function(self.answer, input_signature=[series, length])}

    def warmup(self):
        return [{"series": np.zeros((1, 3), np.float32), "length": np.array([3], np.int32)}]

    def limits(self):
        return ["It knows nothing of calendars."]
