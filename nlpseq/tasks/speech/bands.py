"""A convolution over the bands of a spectrogram, which hears the same shape at another pitch."""

from typing import Any

import keras
import tensorflow as tf

REACH, POOLED = 8, 3  # bands that a filter covers, and over whose places the largest value is taken


@keras.saving.register_keras_serializable("nlpseq")
class BandConvolution(keras.layers.Layer):
    """Filters over neighbouring bands of the frames of a step, and the largest value of neighbouring places.

        v_{p,k} = relu(sum_{t, b} W_{t,b,k} f_{t, p+b} + c_k)           place p, filter k
        x = relu(V [max(v_{1..3,k}) ; max(v_{4..6,k}) ; ...] + d)

    Voices whose spectra are alike but shifted, as those of other speakers, give the same values.

    Args:
        frames: Number of frames that a step holds side by side.
        filters: Number of filters over the bands.
        units: Size of the output.

    Call arguments:
        steps: `(batch, steps, frames * bands)`.

    Returns:
        `(batch, steps, units)`.

    Example:

    >>> tuple(BandConvolution(frames=3, filters=4, units=5)(tf.ones([2, 7, 3 * 16])).shape)
    (2, 7, 5)

    Reference:
        Abdel-Hamid et al. (2014), Convolutional neural networks for speech recognition.
    """

    def __init__(self, frames: int, filters: int, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.frames, self.filters, self.units = frames, filters, units
        self.convolution = keras.layers.Dense(filters, "relu", dtype=self.dtype_policy)  # of the bands of a filter
        self.output_layer = keras.layers.Dense(units, "relu", dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        bands = input_shape[-1] // self.frames
        self.bands, self.reach = bands, min(REACH, bands)
        self.places = bands - self.reach + 1
        self.pools = -(-self.places // POOLED)
        self.convolution.build((None, None, self.reach * self.frames))
        self.output_layer.build((None, None, self.pools * self.filters))
        self.built = True

    def call(self, steps: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(steps)
        frames = tf.reshape(steps, [shape[0] * shape[1], self.frames, self.bands])
        windows = tf.stack([frames[:, :, at : at + self.reach] for at in range(self.places)], axis=1)
        windows = tf.reshape(windows, [shape[0] * shape[1], self.places, self.frames * self.reach])
        values = tf.pad(self.convolution(windows), [[0, 0], [0, self.pools * POOLED - self.places], [0, 0]])
        pooled = tf.reduce_max(tf.reshape(values, [-1, self.pools, POOLED, self.filters]), axis=2)
        return self.output_layer(tf.reshape(pooled, [shape[0], shape[1], self.pools * self.filters]))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return *input_shape[:-1], self.units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "frames": self.frames, "filters": self.filters, "units": self.units}
