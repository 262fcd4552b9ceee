"""The network that forecasts the quantiles of a whole horizon at once, from scaled values."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.tasks.forecasting import scaling, simple
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.tasks.forecasting.settings import ForecasterSettings
from nlpseq.tasks.recurrent import recurrent_layers

STEP_SIZE = 16  # of the vector of a step of the horizon
LEAST_SPREAD = 1e-3  # between quantiles, in scales


class QuantileNetwork(keras.layers.Layer):
    """Quantiles of the horizon, from a recurrent encoder of the past.

        p_n = [z ; mask ; covariates] of patch n         P steps each, the last one ends at the present
        s = [RNN(p_1 ... p_N) ; v]                       v: vectors of the series and of its static texts
        w_h = softmax(b_h + W_w s)                       weights of the base forecasts
        g_h = relu(W_g relu(A s + B [l_h ; k_h ; e_h]))  l_h: z at the same phase of earlier seasons; k_h: what is
                                                         known of step h; e_h: a vector of the step
        m_h = w_h . base_h + e_h (D_h z / sqrt(T) + W_m g_h)   the median; e_h: the mean of spread_h, T steps of context
        d_h = softplus'(W_d g_h) spread_h                distances between neighbouring quantiles, all positive

    W_w, D and W_m start at zero and d at `spread`, so that an untrained network forecasts as the base does. It corrects
    the base in units of the errors of the base: where a season is regular these are far below the scale of z, and what
    is learned of a short series would be larger than what it corrects. The quantiles are the median and sums of
    distances away from it: they cannot cross.

    Args:
        preprocessor: `SeriesPreprocessor`.
        settings: `ForecasterSettings`.
        features: Number of features of a step that are known over the horizon: calendar and covariates.
        past_features: Number of features of a step of the past beside them.
        vectors: Size of v.

    Call arguments:
        z: Scaled values, float32 `(batch, context)`, 0 where missing.
        mask: bool `(batch, context)`.
        past: float32 `(batch, context, past_features)`.
        known: float32 `(batch, context + horizon, features)`.
        vector: float32 `(batch, vectors)`.
        training: Whether dropout applies.

    Returns:
        Quantiles of scaled values, float32 `(batch, horizon, quantiles)`, ascending.
    """

    def __init__(
        self,
        preprocessor: SeriesPreprocessor,
        settings: ForecasterSettings,
        features: int,
        past_features: int,
        vectors: int,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.description, self.settings = preprocessor, settings
        self.features, self.past_features, self.vectors = features, past_features, vectors
        self.middle = list(settings.quantiles).index(0.5)
        self.patch = min(settings.patch, preprocessor.context)
        self.recurrent = recurrent_layers(**settings.recurrent(), return_sequences=False)
        dense = keras.layers.Dense
        self.of_state = dense(settings.hidden)
        self.of_step = dense(settings.hidden, use_bias=False)
        self.second = dense(settings.hidden, activation="relu")
        self.weighting = dense(len(preprocessor.base_names), kernel_initializer="zeros")
        self.linear = dense(preprocessor.horizon, use_bias=False, kernel_initializer="zeros")
        self.median = dense(1, kernel_initializer="zeros")
        self.distances = dense(len(settings.quantiles) - 1, kernel_initializer="zeros")
        self.input_dropout = keras.layers.Dropout(settings.dropout)
        self.state_dropout = keras.layers.Dropout(settings.dropout)

    @property
    def local_size(self) -> int:
        """Features of a step of the horizon."""
        return len(self.description.base_names) - 1 + 2 * self.features + STEP_SIZE

    def build(self, input_shape=None):
        description, settings = self.description, self.settings
        shape = (None, None, self.patch * (2 + self.past_features + self.features))
        for layer in self.recurrent:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        state = (None, settings.units + self.vectors)
        self.of_state.build(state)
        self.weighting.build(state)
        self.of_step.build((None, None, self.local_size))
        self.second.build((None, None, settings.hidden))
        self.linear.build((None, description.context))
        self.median.build((None, None, settings.hidden))
        self.distances.build((None, None, settings.hidden))
        count, bases = len(settings.quantiles), len(description.base_names)
        base = np.zeros((description.horizon, bases)) if description.base is None else description.base
        spread = np.full((description.horizon, count - 1), 0.2) if description.spreads is None else description.spreads
        constant: Any = keras.initializers.Constant
        self.base_logits = self.add_weight((description.horizon, bases), constant(base), name="base_logits")
        self.spread = self.add_weight(
            (description.horizon, count - 1), constant(np.maximum(spread, LEAST_SPREAD)), name="spread", trainable=False
        )
        self.steps = self.add_weight((description.horizon, STEP_SIZE), "glorot_uniform", name="steps")
        self.built = True

    def call(self, z, mask, past, known, vector, training=False):
        description = self.description
        context = description.context
        clipped = scaling.clipped(z)
        state = self._state(clipped, mask, past, known[:, :context], vector, training)
        bases = simple.forecasts(z, mask, description.seasons, description.horizon)
        weights = tf.nn.softmax(self.base_logits + self.weighting(state)[:, tf.newaxis])
        hidden = self._hidden(state, bases, known, training)
        correction = self.linear(clipped) / np.sqrt(context) + self.median(hidden)[..., 0]
        median = tf.reduce_sum(weights * bases, axis=-1) + tf.reduce_mean(self.spread, axis=-1) * correction
        distances = self.spread * tf.math.softplus(self.distances(hidden) + np.log(np.e - 1))
        return self._quantiles(median, distances)

    def base(self, z: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """The base forecast of scaled values with the weights that the data chose, `(batch, horizon)`."""
        description = self.description
        logits = np.zeros(self.base_logits.shape, np.float32) if description.base is None else description.base
        weights = tf.nn.softmax(tf.constant(logits))
        return tf.reduce_sum(weights * simple.forecasts(z, mask, description.seasons, description.horizon), axis=-1)

    def _state(self, z, mask, past, known, vector, training):
        inputs = _joined([tf.stack([z, tf.cast(mask, z.dtype)], axis=-1), past, known])
        padding = -self.description.context % self.patch  # before the first step
        inputs = tf.pad(inputs, [[0, 0], [padding, 0], [0, 0]])
        patches = (self.description.context + padding) // self.patch
        hidden = tf.reshape(inputs, [-1, patches, self.patch * inputs.shape[-1]])
        observed = tf.reduce_any(tf.reshape(tf.pad(mask, [[0, 0], [padding, 0]]), [-1, patches, self.patch]), axis=-1)
        hidden = self.input_dropout(hidden, training=training)
        for layer in self.recurrent:
            hidden = layer(hidden, mask=observed, training=training)
        return self.state_dropout(_joined([hidden, vector]), training=training)

    def _hidden(self, state, bases, known, training):
        """Features of each step of the horizon, `(batch, horizon, hidden)`."""
        description = self.description
        horizon, context = description.horizon, description.context
        ahead = known[:, context:]
        if description.seasons:  # what was known at the phase that the base has its value from
            places = np.maximum(scaling.lags(description.seasons[-1], horizon, context, 1)[0], 0)
            before = tf.gather(known, places, axis=1)
        else:
            before = tf.repeat(known[:, context - 1 : context], horizon, axis=1)
        steps = tf.broadcast_to(self.steps, [tf.shape(state)[0], horizon, STEP_SIZE])
        without_level = tf.concat([bases[..., :1], bases[..., 2:]], axis=-1)
        local = _joined([scaling.clipped(without_level), ahead, before, steps])
        hidden = tf.nn.relu(self.of_state(state)[:, tf.newaxis] + self.of_step(local))
        return self.second(self.state_dropout(hidden, training=training))

    def _quantiles(self, median, distances):
        below = tf.cumsum(distances[..., : self.middle], axis=-1, reverse=True)
        above = tf.cumsum(distances[..., self.middle :], axis=-1)
        middle = median[..., tf.newaxis]
        return tf.concat([middle - below, middle, middle + above], axis=-1)


def _joined(parts):
    """Features side by side; those of no size, which not all formats have, are left out."""
    return tf.concat([part for part in parts if part.shape[-1]], axis=-1)
