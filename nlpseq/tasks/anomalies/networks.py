"""The two networks: one predicts the next step, the other reconstructs the last steps.

Both read, of every step, the normalised values and which of them were observed, `(batch, time, 2 * channels)`, and give
the surprise of every step, and the parameters of `nlpseq.tasks.anomalies.density`.
"""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.tasks.anomalies.density import parameters, surprise
from nlpseq.tasks.anomalies.settings import DetectorSettings
from nlpseq.tasks.base import NumericFunction
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.streaming import CellStates

States = dict[str, tf.Tensor]


class Network(keras.layers.Layer):
    """Base of the two.

    Args:
        settings: Those of the detector.
        channels: Number of channels.
    """

    def __init__(self, settings: DetectorSettings, channels: int, **options: Any):
        super().__init__(**options)
        self.settings, self.channels = settings, channels
        self.dropout = keras.layers.Dropout(settings.dropout)
        self.head = keras.layers.Dense(parameters(channels, settings.components), dtype="float32")

    def _stack(self, **options):
        settings = self.settings
        return recurrent_layers(settings.cell, settings.units, settings.layers, bidirectional=False, **options)

    def _build(self, layers, size):
        for number, layer in enumerate(layers):
            layer.build((None, None, self.settings.units if number else size))

    @property
    def segment(self) -> int:
        """Steps of a training example."""
        raise NotImplementedError

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state of `step`; all are float32 `(batch, size)` and start at zero."""
        raise NotImplementedError

    def read(self, features: tf.Tensor) -> tf.Tensor:
        """What the first recurrent layer reads of each step: the features, which `nlpseq.diagnostics` weights."""
        return features

    def surprises(self, features: tf.Tensor) -> tf.Tensor:
        """The surprise of every step, float32 `(batch, time)`, from features `(batch, time, 2 * channels)`."""
        raise NotImplementedError

    def ending(self, features: tf.Tensor) -> tf.Tensor:
        """The last `segment` steps of features `(batch, time, 2 * channels)`, or all if there are fewer."""
        return features[:, -self.segment :]

    def last_surprise(self, outputs: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
        """The surprise of the last step, float32 `(batch,)`, from the outputs of `call` for features of `ending`."""
        raise NotImplementedError

    def step(self, features: tf.Tensor, states: States) -> tuple[tf.Tensor, States]:
        """The surprise of a step, float32 `(batch,)`, from features `(batch, 2 * channels)`; and the new states."""
        raise NotImplementedError

    def numeric_functions(self) -> dict[str, NumericFunction]:
        """As of `nlpseq.tasks.base.Task`."""
        raise NotImplementedError


class Predictor(Network):
    """The next values from all values before.

    h_t = RNN(u_t, h_{t-1});  the parameters of step t are W h_{t-1} + b, with h_0 = 0

    Source: Malhotra et al. 2015, "Long Short Term Memory Networks for Anomaly Detection in Time Series".
    """

    def __init__(self, settings, channels, **options):
        super().__init__(settings, channels, **options)
        self.recurrent = self._stack()
        self.cell_states = CellStates(self.recurrent)

    @property
    def segment(self):
        return self.settings.steps

    def build(self, input_shape=None):
        self._build(self.recurrent, 2 * self.channels)
        self.head.build((None, self.settings.units))
        self.built = True

    def call(self, inputs, training=False):
        hidden = self.read(inputs)
        for layer in self.recurrent:
            hidden = layer(hidden, training=training)
        before = tf.concat([tf.zeros_like(hidden[:, :1]), hidden[:, :-1]], axis=1)
        return self.head(self.dropout(before, training=training))

    def surprises(self, features):
        return surprise(self(features), *tf.split(features, 2, axis=-1))

    def last_surprise(self, outputs, features):
        return surprise(outputs[:, -1], *tf.split(features[:, -1], 2, axis=-1))

    @property
    def sizes(self):
        return {"output": self.settings.units, **self.cell_states.sizes}

    def step(self, features, states):
        error = surprise(self.head(states["output"]), *tf.split(features, 2, axis=-1))
        hidden, new = self.cell_states.step(tf.cast(features, self.compute_dtype), states)
        return error, {"output": tf.cast(hidden, tf.float32), **new}

    def numeric_functions(self):
        """The surprises of a whole series, and of a step, with its new states."""
        states = {name: tf.TensorSpec([None, size], tf.float32) for name, size in self.sizes.items()}

        def step(features, **states):
            surprise, new = self.step(features, states)
            return {"surprise": surprise, **{f"new_{name}": state for name, state in new.items()}}

        whole = {"features": tf.TensorSpec([None, None, 2 * self.channels], tf.float32)}
        one = {"features": tf.TensorSpec([None, 2 * self.channels], tf.float32)}
        return {
            "surprises": NumericFunction(lambda features: {"surprise": self.surprises(features)}, whole),
            "step": NumericFunction(step, {**one, **states}),
        }


class Autoencoder(Network):
    """The last values from one vector, in reverse order.

    c = RNN(u_{t-w+1} ... u_t), its last output;  g_1 ... g_w = RNN(c ... c);  u_{t+1-k} has the parameters W g_k + b

    The surprise of a step is the mean of those of the last w steps, itself included, so that nothing is known of later
    ones. Source: Malhotra et al. 2016, "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection".
    """

    CHUNK = 2048  # windows that are reconstructed together

    def __init__(self, settings, channels, **options):
        super().__init__(settings, channels, **options)
        self.encoder, self.decoder = self._stack(return_sequences=False), self._stack()

    @property
    def segment(self):
        return self.settings.window

    def build(self, input_shape=None):
        self._build(self.encoder, 2 * self.channels)
        self._build(self.decoder, self.settings.units)
        self.head.build((None, self.settings.units))
        self.built = True

    def call(self, inputs, training=False):
        code, steps = self.read(inputs), tf.shape(inputs)[1]
        for layer in self.encoder:
            code = layer(code, training=training)
        hidden = tf.repeat(code[:, tf.newaxis], steps, axis=1)
        for layer in self.decoder:
            hidden = layer(hidden, training=training)
        return self.head(self.dropout(tf.reverse(hidden, [1]), training=training))

    def ending(self, features):
        padding = max(0, self.segment - features.shape[1])
        return super().ending(tf.pad(features, [[0, 0], [padding, 0], [0, 0]]))

    def _of_windows(self, windows):
        """The surprise of windows `(batch, window, 2 * channels)`, `(batch,)`."""
        return self.last_surprise(self(windows), windows)

    def last_surprise(self, outputs, features):
        values, observed = tf.split(features, 2, axis=-1)
        total = tf.reduce_sum(surprise(outputs, values, observed), axis=-1)
        return total / tf.maximum(tf.reduce_sum(tf.reduce_max(observed, axis=-1), axis=-1), 1.0)

    def surprises(self, features):
        window, (rows, steps) = self.settings.window, (tf.shape(features)[0], tf.shape(features)[1])
        padded = tf.pad(features, [[0, 0], [window - 1, 0], [0, 0]])
        flat = tf.reshape(padded, [-1, 2 * self.channels])
        starts = tf.reshape(tf.range(rows)[:, tf.newaxis] * (steps + window - 1) + tf.range(steps), [-1])
        count = tf.size(starts)
        chunks = tf.TensorArray(tf.float32, -(-count // self.CHUNK), infer_shape=False, element_shape=[None])

        def body(number, chunks):
            chunk = starts[number * self.CHUNK : (number + 1) * self.CHUNK]
            windows = tf.gather(flat, chunk[:, tf.newaxis] + tf.range(window))
            return number + 1, chunks.write(number, self._of_windows(windows))

        _, chunks = tf.while_loop(lambda number, _: number * self.CHUNK < count, body, (tf.constant(0), chunks))
        return tf.reshape(chunks.concat(), [rows, steps])

    @property
    def sizes(self):
        return {"window": self.settings.window * 2 * self.channels}

    def step(self, features, states):
        windows = tf.concat([states["window"][:, 2 * self.channels :], features], axis=1)
        shaped = tf.reshape(windows, [-1, self.settings.window, 2 * self.channels])
        return self._of_windows(shaped), {"window": windows}

    def numeric_functions(self):
        """The surprise of windows."""
        windows = {"windows": tf.TensorSpec([None, self.settings.window, 2 * self.channels], tf.float32)}
        return {"windows": NumericFunction(lambda windows: {"surprise": self._of_windows(windows)}, windows)}


NETWORKS = {"predictor": Predictor, "autoencoder": Autoencoder}
