"""Random changes of sounds and features in training, in the graph."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.tasks.speech.configured import ConfiguredLayer
from nlpseq.tasks.speech.settings import AugmentationSettings

QUIET, LOUD = 5.0, 40.0  # decibels of the sound above the noise
SMOOTHEST, TILT = 4, 0.6  # waves over the bands, and the size of those that change the balance, beside the level
WIDEST_BANDS, WIDEST_TIME = 0.2, 0.1  # of a mask, as a share of all bands and frames


@keras.saving.register_keras_serializable("nlpseq")
class Augmentation(ConfiguredLayer):
    """Changes each sound of a batch in its own way.

    Args:
        settings: `nlpseq.tasks.speech.settings.AugmentationSettings`, or its attributes as a dict.

    Reference:
        Ko et al. (2015), Audio augmentation for speech recognition; Jaitly and Hinton (2013), Vocal tract length
        perturbation improves speech recognition; Park et al. (2019), SpecAugment.
    """

    kind = AugmentationSettings

    def __init__(self, settings: Any, **kwargs: Any):
        super().__init__(settings, **kwargs)
        self.seeds = keras.random.SeedGenerator()
        self.built = True

    def uniform(self, shape: Any, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """Random numbers."""
        return keras.random.uniform(shape, low, high, dtype="float32", seed=self.seeds)

    def sounds(self, audio: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Sounds at other speeds, some with noise, and their lengths."""
        if self.settings.speed:
            audio, lengths = self._faster(audio, lengths)
        if self.settings.noise:
            audio = self._noisy(audio, lengths)
        return audio, lengths

    def _faster(self, audio, lengths):
        """The signal read at another speed, by linear interpolation."""
        rows, samples = tf.unstack(tf.shape(audio))
        factors = self.uniform([rows], 1 - self.settings.speed, 1 + self.settings.speed)
        lengths = tf.cast(tf.cast(lengths, tf.float32) / factors, tf.int32)
        places = tf.cast(tf.range(tf.reduce_max(lengths)), tf.float32) * factors[:, tf.newaxis]
        first = tf.minimum(tf.cast(places, tf.int32), samples - 1)
        share = places - tf.floor(places)
        second = tf.minimum(first + 1, samples - 1)
        low, high = (tf.gather(audio, at, batch_dims=1) for at in (first, second))
        return low + share * (high - low), lengths

    def _noisy(self, audio, lengths):
        rows = tf.shape(audio)[0]
        total = tf.maximum(tf.cast(lengths, tf.float32), 1.0)[:, tf.newaxis]
        power = tf.reduce_sum(audio**2, axis=1, keepdims=True) / total
        ratio = 10 ** (self.uniform([rows, 1], QUIET, LOUD) / 10)
        chosen = tf.cast(self.uniform([rows, 1]) < self.settings.noise, tf.float32)
        noise = keras.random.normal(tf.shape(audio), dtype="float32", seed=self.seeds)
        return audio + noise * chosen * tf.sqrt(power / ratio)

    def warps(self, rows: tf.Tensor) -> tf.Tensor | None:
        """Factors of the frequencies of the mel bands, `(batch,)`."""
        warp = self.settings.warp
        return self.uniform([rows], 1 - warp, 1 + warp) if warp else None

    def equalized(self, mel: tf.Tensor) -> tf.Tensor:
        """Log-mel features `(batch, frames, bands)` of another level, and with other smooth weights of the bands.

        What is added to band b of B is sum_k a_k cos(pi k (b + 1/2) / B) for k from 0 to 3, with normal a_k of the
        deviation `equalization` for the level, k = 0, and TILT / sqrt(k) of it for the others.
        """
        if not self.settings.equalization:
            return mel
        rows, bands = tf.shape(mel)[0], mel.shape[-1]
        orders = np.arange(SMOOTHEST)
        shares = np.where(orders, TILT / np.sqrt(np.maximum(orders, 1)), 1.0)[:, np.newaxis]
        waves = shares * np.cos(np.pi / bands * orders[:, np.newaxis] * (np.arange(bands) + 0.5))
        deviation = self.settings.equalization * np.log(10) / 10  # of the logarithm of a power
        factors = deviation * keras.random.normal([rows, SMOOTHEST], dtype="float32", seed=self.seeds)
        return mel + tf.matmul(factors, tf.constant(waves, tf.float32))[:, tf.newaxis]

    def masked(self, frames: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        """Normalized frames `(batch, frames, bands)` with zeros in some bands and at some times."""
        rows, time, bands = tf.unstack(tf.shape(frames))
        for _ in range(self.settings.frequency_masks):
            hidden = self._mask(rows, bands, tf.fill([rows], bands), WIDEST_BANDS)
            frames = tf.where(hidden[:, tf.newaxis], 0.0, frames)
        for _ in range(self.settings.time_masks):
            frames = tf.where(self._mask(rows, time, counts, WIDEST_TIME)[..., tf.newaxis], 0.0, frames)
        return frames

    def _mask(self, rows, size, counts, widest):
        """Whether each of `size` places is in an interval within `counts`, `(batch, size)`."""
        counts = tf.cast(counts, tf.float32)
        widths = self.uniform([rows]) * widest * counts
        starts = self.uniform([rows]) * (counts - widths)
        places = tf.cast(tf.range(size), tf.float32)
        return (places >= starts[:, tf.newaxis]) & (places < (starts + widths)[:, tf.newaxis])
