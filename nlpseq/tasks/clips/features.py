"""What the recurrent layers read of each frame: standardised channels, their differences, and pictures as vectors."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

CONSTANT = 1e-6  # standard deviation, relative to the mean, below which a channel is constant
LARGEST = 20.0  # standard deviations to which values are limited: a broken sensor must not drown all else
SPEED = 2.0  # times `warp` is the standard deviation of the logarithm of speed in training
LAST_SIZE = 4  # rows or columns of a picture after the convolutions, about
MOST_FILTERS = 8  # times those of the first convolution


@keras.saving.register_keras_serializable("nlpseq")
class FrameFeatures(keras.layers.Layer):
    """Standardised frames, and their differences, by what `adapt` has learnt of training data.

        x'_t = (x_t - mean_t x_t) / r     with scaling "sequence", where r is the root mean square over time and
                                          channels of x_t - mean_t x_t; channels of two values stay as they are
        z_t = (x'_t - m) / s              m, s: mean and standard deviation of each channel
        d_t = (z_t - z_{t-1}) / r_d       with derived "differences"; d_1 = 0

    Missing values, NaN or infinite, are z = 0, the mean. In training z_t becomes (I + `warp` N) z_t before its
    differences are taken, with a matrix N of normal random numbers for each sequence: strokes are turned, sheared and
    stretched a little. Channels of two values are left alone. Differences are those of another speed, exp(2 `warp` n)
    times as large, with a normal random number n for each sequence.

    Args:
        scaling: "channel", "sequence" or "none", as in `nlpseq.tasks.clips.settings.SequenceSettings`.
        derived: "none" or "differences".
        warp: As in `nlpseq.tasks.clips.settings.SequenceSettings`. Default 0.
        **kwargs: As in `keras.layers.Layer`.

    Call arguments:
        frames: `(batch, time, ..., channels)`, integers or floats.
        mask: Bool `(batch, time)`, True for real frames.
        training: Whether `warp` applies. Default False.

    Returns:
        Float `(batch, time, ..., channels)`, twice as many channels with differences.

    Weights, not trained:
        mean m, scale s, difference_scale r_d, relative (0 for channels of two values), each `(channels,)`.

    Example:

    >>> features = FrameFeatures()
    >>> features.adapt([(np.array([[[1.0], [3.0]]]), np.array([[True, True]]))])
    >>> features(np.array([[[3.0], [np.nan]]]), np.array([[True, True]])).numpy().ravel().tolist()
    [1.0, 0.0]
    """

    def __init__(self, scaling: str = "channel", derived: str = "none", warp: float = 0.0, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.scaling, self.derived, self.warp = scaling, derived, warp
        self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        channels = (input_shape[-1],)

        def add(name, initial):
            return self.add_weight(shape=channels, initializer=initial, trainable=False, dtype="float32", name=name)

        self.mean, self.scale = add("mean", "zeros"), add("scale", "ones")
        self.difference_scale, self.relative = add("difference_scale", "ones"), add("relative", "ones")
        self.built = True

    def adapt(self, batches: Iterable[tuple[Any, Any]], flags: Sequence[bool] = ()) -> None:
        """Learns the statistics of training data.

        Args:
            batches: Frames and masks, as of `call`; iterated up to twice.
            flags: Which channels have two values only. Default none.
        """
        batches = list(batches)
        if not self.built:
            self.build(batches[0][0].shape)
        if len(flags):
            self.relative.assign(1.0 - np.array(flags, np.float32))
        if self.scaling != "none":
            mean, deviation = _moments(self._own_scale(*batch) for batch in batches)
            self.mean.assign(mean)
            self.scale.assign(np.where(deviation <= CONSTANT * np.maximum(1, np.abs(mean)), 1, deviation))
        if self.derived == "differences":
            mean, deviation = _moments(self._steps(*batch) for batch in batches)
            size = np.sqrt(mean**2 + deviation**2)
            self.difference_scale.assign(np.where(size <= CONSTANT, 1, size))

    def call(self, frames: tf.Tensor, mask: tf.Tensor, training: bool = False) -> tf.Tensor:
        z = self.standardised(frames, mask)
        if training and self.warp:
            channels = z.shape[-1]
            change = keras.random.normal(
                [tf.shape(z)[0], channels, channels], dtype="float32", seed=self.seed_generator
            )
            change *= self.warp * self.relative * self.relative[:, tf.newaxis]
            z += tf.einsum("bt...c,bcd->bt...d", z, change)
        if self.derived == "differences":
            steps = self.differences(z[:, 1:], z[:, :-1], z[:, :1])
            if training and self.warp:
                shape = [tf.shape(z)[0], *[1] * (len(z.shape) - 1)]
                steps *= tf.exp(
                    SPEED * self.warp * keras.random.normal(shape, dtype="float32", seed=self.seed_generator)
                )
            z = tf.concat([z, steps], axis=-1)
        return tf.cast(z, self.compute_dtype)

    def standardised(self, frames: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """z of frames, float32, zero where they are missing."""
        scaled, real = self._own_scale(frames, mask)
        z = (scaled - self.mean) / self.scale
        return tf.where(real, tf.clip_by_value(z, -LARGEST, LARGEST), 0.0)

    def differences(self, later: tf.Tensor, earlier: tf.Tensor, first: tf.Tensor | None = None) -> tf.Tensor:
        """d of standardised frames and those before; behind zeros like `first`, if it is given."""
        steps = tf.clip_by_value((later - earlier) / self.difference_scale, -LARGEST, LARGEST)
        return steps if first is None else tf.concat([tf.zeros_like(first), steps], axis=1)

    def _own_scale(self, frames, mask):
        """x' of frames, float32, and which values are real."""
        frames = tf.cast(frames, tf.float32)
        axes = list(range(1, len(frames.shape) - 1))
        real = _spread(mask, frames) & (tf.abs(frames) <= tf.float32.max)  # finite, in ops that all formats have
        frames = tf.where(real, frames, 0.0)
        if self.scaling != "sequence":
            return frames, real
        counts = tf.cast(real, tf.float32)
        centre = _ratio(tf.reduce_sum(frames, axes, True), tf.reduce_sum(counts, axes, True))
        moved = tf.where(real, frames - centre, 0.0)
        counted = counts * self.relative
        axes.append(len(frames.shape) - 1)
        size = tf.sqrt(_ratio(tf.reduce_sum(moved**2 * counted, axes, True), tf.reduce_sum(counted, axes, True)))
        return tf.where(self.relative > 0, moved / tf.maximum(size, CONSTANT), frames), real

    def _steps(self, frames, mask):
        z = self.standardised(frames, mask)
        steps = z[:, 1:] - z[:, :-1]
        return steps, _spread(mask[:, 1:], steps) & tf.ones_like(steps, bool)

    def compute_output_shape(self, input_shape: Any, *args: Any) -> tuple:
        return (*input_shape[:-1], input_shape[-1] * (2 if self.derived == "differences" else 1))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("autocast", None)
        return {**config, "scaling": self.scaling, "derived": self.derived, "warp": self.warp}


def _spread(mask, frames):
    """A mask `(batch, time)` with an axis for each of frames."""
    return mask[(..., *[tf.newaxis] * (len(frames.shape) - 2))]


def _ratio(total, count):
    return total / tf.maximum(count, 1.0)


def _moments(batches):
    """Mean and standard deviation of each channel over `(values, real)`; the first batch is the origin of the sums."""
    count, total, squares, origin = 0.0, 0.0, 0.0, None
    for values, real in batches:
        values, real = values.numpy().astype(np.float64), np.asarray(real)
        axes = tuple(range(values.ndim - 1))
        if origin is None:
            origin = np.where(real, values, 0).sum(axes) / np.maximum(real.sum(axes), 1)
        moved = np.where(real, values - origin, 0)
        count, total, squares = count + real.sum(axes), total + moved.sum(axes), squares + (moved**2).sum(axes)
    mean = total / np.maximum(count, 1)
    return (origin + mean).astype(np.float32), np.sqrt(np.maximum(0, squares / np.maximum(count, 1) - mean**2))


def picture_encoder(frame: Sequence[int], filters: int, size: int) -> keras.Sequential:
    """A small convolutional network from a picture to a vector.

        conv 3 x 3, stride 2, relu     until about 4 rows or columns are left, each with twice the filters
        dense, relu

    Args:
        frame: Rows, columns and channels of a picture.
        filters: Filters of the first convolution.
        size: Size of the vector.

    Example:

    >>> picture_encoder((16, 16, 1), 8, 32).compute_output_shape((None, 16, 16, 1))
    (None, 32)
    """
    count = max(1, round(math.log2(min(frame[:2]) / LAST_SIZE)))
    convolutions = [
        keras.layers.Conv2D(filters * min(2**number, MOST_FILTERS), 3, 2, "same", activation="relu")
        for number in range(count)
    ]
    dense = keras.layers.Dense(size, activation="relu")
    return keras.Sequential([keras.Input(tuple(frame)), *convolutions, keras.layers.Flatten(), dense])
