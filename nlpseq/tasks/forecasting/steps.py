"""The network that forecasts step by step: the distribution of the next value, and paths that are sampled from it."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.layers.label_loss import mean_loss
from nlpseq.tasks.forecasting import distributions
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.tasks.forecasting.scaling import clipped
from nlpseq.tasks.forecasting.settings import ForecasterSettings
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.streaming import CellStates

SEED = 20  # of the paths of a forecast, the same for each call


class StepNetwork(keras.layers.Layer):
    """An autoregressive recurrent network (DeepAR).

        x_t = [z_{t-1} ; z_{t-s} ... ; k_t ; c_{t-1} ; v]     the last values, those of a season s ago, what is known
        h_t = RNN(x_1 ... x_t)                                of step t, past covariates, the vector of the series
        p_t = W h_t + b;  m_t += w . [z_{t-1} ; z_{t-s} ...]  parameters of the distribution of z_t, m its location

    In training the true values are read at every step, and each step has a loss. A forecast samples paths: a value that
    is drawn is read at the next step.

    Args:
        preprocessor, settings, features, past_features, vectors: As of `QuantileNetwork`.

    Reference:
        Salinas et al. (2020), DeepAR: probabilistic forecasting with autoregressive recurrent networks.
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
        self.lags = [1, *preprocessor.seasons]
        self.size = 2 * len(self.lags) + features + past_features + vectors
        options: dict = {**settings.recurrent(), "layers": 1, "return_sequences": True, "return_state": True}
        self.recurrent = [recurrent_layers(**options)[0] for _ in range(settings.layers)]
        self.states = CellStates(self.recurrent)
        self.head = keras.layers.Dense(3)
        self.dropout = keras.layers.Dropout(settings.dropout)
        self.counts = settings.distribution == "negative_binomial"

    def build(self, input_shape=None):
        size = self.size
        for layer in self.recurrent:
            layer.build((None, None, size))
            size = self.settings.units
        self.head.build((None, None, size))
        if not self.counts:
            first = np.array([0.0] + [2.0] * (len(self.lags) - 1), np.float32)  # seasons first
            self.lag_logits = self.add_weight((len(self.lags),), "zeros", name="lag_logits")
            self.lag_logits.assign(first)
        self.built = True

    def call(self, z, mask, past, known, vector, training=False):
        """Parameters of the distribution of each step, float32 `(batch, time, 3)`.

        Args:
            z: Scaled values, float32 `(batch, time)`, 0 where missing; the context and, in training, the horizon.
            mask: bool `(batch, time)`.
            past, known: Features `(batch, time, ...)`; those of `past` are read one step later.
            vector: float32 `(batch, vectors)`.
        """
        return self._run(z, mask, past, known, vector, training)[0]

    def _run(self, z, mask, past, known, vector, training=False):
        lagged = tf.stack([_delayed(z, lag) for lag in self.lags], axis=-1)
        observed = tf.stack([_delayed(tf.cast(mask, z.dtype), lag) for lag in self.lags], axis=-1)
        steps = tf.shape(z)[1]
        vectors = tf.repeat(vector[:, tf.newaxis], steps, axis=1)
        hidden = tf.concat([clipped(lagged), observed, known, _delayed(past, 1), vectors], axis=-1)
        started = tf.cumsum(tf.cast(mask, tf.int32), axis=1, exclusive=True) > 0  # padding and gaps before the series
        states = []
        for layer in self.recurrent:
            hidden, *final = layer(self.dropout(hidden, training=training), mask=started, training=training)
            states += final
        return self._parameters(hidden, lagged, observed), states

    def _parameters(self, hidden, lagged, observed):
        """Parameters from the outputs of the recurrent layer, the location beside values of the past."""
        parameters = self.head(hidden)
        if self.counts:
            return parameters
        weights = tf.nn.softmax(self.lag_logits) * observed
        base = tf.math.divide_no_nan(tf.reduce_sum(weights * lagged, -1), tf.reduce_sum(weights, -1))
        return tf.concat([parameters[..., :1] + base[..., tf.newaxis], parameters[..., 1:]], axis=-1)

    def loss(self, parameters, z, mask, scale, row_weights):
        """The mean negative log-likelihood of the values that the mask holds.

        `scale` of the series and `row_weights`, with which losses count, are `(batch, 1)`.
        """
        if self.counts:
            counts = tf.maximum(tf.round(z * scale), 0.0)
            losses = distributions.negative_binomial_loss(parameters, counts, tf.broadcast_to(scale, tf.shape(z)))
        else:
            losses = distributions.student_loss(parameters, z)
        weights = tf.cast(mask, losses.dtype)
        return mean_loss(tf.reduce_sum(losses * weights * row_weights), tf.reduce_sum(weights))

    def paths(self, z, mask, past, known, vector, scale, count, seed=SEED):
        """Paths of scaled values, float32 `(batch, count, horizon)`.

        Args:
            z, mask, past: Of the context.
            known: Of context and horizon.
            vector: As of `call`.
            scale: Of the series, float32 `(batch, 1)`.
            count: Number of paths, int32.
            seed: int32.
        """
        context, horizon = self.description.context, self.description.horizon
        _, states = self._run(z, mask, past, known[:, :context], vector)

        def repeat(x):
            return tf.repeat(x, count, axis=0)  # (batch * count, ...)

        rows = tf.shape(z)[0]
        uniform = tf.random.stateless_uniform([horizon, 3, count], tf.stack([seed, 0]), 1e-6, 1.0)
        names = list(self.states.sizes)
        ahead, vectors, scales = repeat(known[:, context:]), repeat(vector), repeat(scale)[:, 0]
        last_past = repeat(past[:, -1])

        def body(step, drawn, values, observed, *states):
            lagged = tf.stack([values[:, -lag] for lag in self.lags], axis=-1)
            flags = tf.stack([observed[:, -lag] for lag in self.lags], axis=-1)
            covariates = last_past * tf.cast(step == 0, tf.float32)
            inputs = tf.concat([clipped(lagged), flags, ahead[:, step], covariates, vectors], axis=-1)
            hidden, new = self.states.step(inputs, dict(zip(names, states)))
            parameters = self._parameters(hidden, lagged, flags)
            numbers = tf.tile(uniform[step], [1, rows])  # the same for all series
            if self.counts:
                value = distributions.negative_binomial_sample(parameters, scales, numbers) / scales
            else:
                value = distributions.student_sample(parameters, numbers)
            values = tf.concat([values[:, 1:], value[:, tf.newaxis]], axis=1)
            observed = tf.concat([observed[:, 1:], tf.ones_like(value)[:, tf.newaxis]], axis=1)
            return step + 1, drawn.write(step, value), values, observed, *(new[name] for name in names)

        drawn = tf.TensorArray(tf.float32, horizon)
        loop = (tf.constant(0), drawn, repeat(z), repeat(tf.cast(mask, tf.float32)), *map(repeat, states))
        _, drawn, *_ = tf.while_loop(lambda step, *_: step < horizon, body, loop)
        return tf.transpose(tf.reshape(drawn.stack(), [horizon, rows, count]), [1, 2, 0])


def _delayed(values, steps):
    """Values `steps` later on the time axis, zeros before the first."""
    rest = [[0, 0]] * (len(values.shape) - 2)
    length = tf.shape(values)[1]
    return tf.pad(values, [[0, 0], [steps, 0], *rest])[:, :length]
