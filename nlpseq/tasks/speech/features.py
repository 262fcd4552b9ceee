"""From samples to normalized log-mel features, in the graph."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.tasks.speech.configured import ConfiguredLayer
from nlpseq.tasks.speech.settings import FeatureSettings

FLOOR = 1e-8  # power that is added: eighty decibels below the loudest signal
LOWEST = 60.0  # hertz
LEAST_VARIANCE = 0.05
PRIOR_FRAMES = 20  # how much the mean and variance of training count before anything is heard
DELTA_FRAMES = 2  # frames on each side of the one whose change is measured


@keras.saving.register_keras_serializable("nlpseq")
class LogMel(ConfiguredLayer):
    """Normalized log-mel features of sounds, and as many frames a step as `stack` says.

        e_n = x_n - a x_{n-1}                       pre-emphasis
        X_t(k) = |DFT(w e_{t h - W + h} ... )|^2    frame t ends with the samples of its hop: nothing is read ahead
        m_t(b) = log(sum_k F_b(k) X_t(k) + floor)   F: triangles, equidistant on the mel scale
        f_t = (m_t - mean) / sqrt(variance)         of the utterance, or of what has been heard so far

    The mean is that of each band; the variance is that of all bands together, so that a band with a signal stands out
    from one with noise.

    Samples before the sound are zeros. Deltas are slopes of a regression over five frames, two frames late.

    Args:
        settings: `nlpseq.tasks.speech.settings.FeatureSettings`, or its attributes as a dict.

    Weights:
        mean, variance: Those of training, `(bands,)`, not trainable: what "running" starts from.

    Reference:
        Davis and Mermelstein (1980), Comparison of parametric representations for monosyllabic word recognition.
    """

    kind = FeatureSettings

    def __init__(self, settings: Any, **kwargs: Any):
        super().__init__(settings, **kwargs)
        rate = self.settings.sample_rate
        self.hop = max(1, round(self.settings.hop * rate))
        self.window = max(self.hop, round(self.settings.window * rate))
        self.size = 2 ** math.ceil(math.log2(self.window))  # of the Fourier transform
        window = np.hanning(self.window + 2)[1:-1]
        self.weights_of_window = (window / np.sqrt(np.sum(window**2))).astype(np.float32)
        self.before = self.window - self.hop + 1  # samples that a frame reads before its hop
        self.edges = mel_edges(self.settings.bands, rate)
        self.matrix = mel_triangles(self.edges[np.newaxis], self.bins)[0].numpy()

    def build(self, input_shape: Any = None) -> None:
        weight = {"shape": (self.settings.bands,), "trainable": False, "dtype": "float32", "autocast": False}
        self.mean = self.add_weight(name="mean", initializer="zeros", **weight)
        self.variance = self.add_weight(name="variance", initializer="ones", **weight)
        self.built = True

    @property
    def bins(self) -> np.ndarray:
        """The frequencies of the Fourier transform in hertz."""
        return np.linspace(0, self.settings.sample_rate / 2, self.size // 2 + 1).astype(np.float32)

    @property
    def features(self) -> int:
        """Features of a frame."""
        return self.settings.bands * (2 if self.settings.deltas else 1)

    def frame_counts(self, lengths: tf.Tensor) -> tf.Tensor:
        """The number of frames of sounds, int32 `(batch,)`."""
        return _divided_up(lengths, self.hop)

    def step_counts(self, lengths: tf.Tensor) -> tf.Tensor:
        """The number of steps of sounds, int32 `(batch,)`."""
        return _divided_up(lengths, self.hop * self.settings.stack)

    def log_mel(self, samples: tf.Tensor, warps: tf.Tensor | None = None, by_products: bool = False) -> tf.Tensor:
        """`m_t`, float32 `(batch, frames, bands)`.

        Args:
            samples: `(batch, before + frames * hop)`, the `before` samples that precede the first hop included.
            warps: Factors of the frequencies, `(batch,)`. Default None, 1.
            by_products: Whether X_t is computed by products with cosines and sines, for formats that have no Fourier
                transform: at 16,000 samples a second in twice the time. Default False.
        """
        emphasized = samples[:, 1:] - self.settings.preemphasis * samples[:, :-1]
        power = self._power_by_products(emphasized) if by_products else self._power(emphasized)
        if warps is None:
            mel = tf.tensordot(power, tf.constant(self.matrix), 1)
        else:
            mel = tf.matmul(power, mel_triangles(warps[:, tf.newaxis] * self.edges, self.bins))
        return tf.math.log(mel + FLOOR)

    def _power(self, samples):
        """|X_t|^2, `(batch, frames, bins)`."""
        frames = tf.signal.frame(samples, self.window, self.hop)
        spectrum = tf.signal.rfft(frames * self.weights_of_window, [self.size])
        return tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2

    def _power_by_products(self, samples):
        """The same as a convolution with the waves of the bins."""
        angles = 2 * np.pi / self.size * np.arange(self.window)[:, np.newaxis] * np.arange(len(self.bins))
        waves = self.weights_of_window[:, np.newaxis] * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        kernel = tf.constant(waves[:, np.newaxis], tf.float32)  # (window, 1, 2 * bins)
        parts = tf.nn.conv1d(tf.expand_dims(samples, -1), kernel, self.hop, "VALID")
        cosines, sines = tf.split(parts, 2, axis=-1)
        return cosines**2 + sines**2

    def padded(self, audio: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """The samples that `log_mel` reads: zeros before the sound, and behind it up to a whole step, one at least."""
        real = tf.sequence_mask(lengths, tf.shape(audio)[1])
        audio = tf.where(real & (tf.abs(audio) <= tf.float32.max), audio, 0.0)  # finite, in ops that all formats have
        step = self.hop * self.settings.stack
        longest = tf.maximum(tf.reduce_max(self.step_counts(lengths)), 1) * step
        audio = audio[:, :longest]
        return tf.pad(audio, [[0, 0], [self.before, longest - tf.shape(audio)[1]]])

    def normalized(self, mel: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        """`f_t` of whole sounds of so many frames, zeros behind them."""
        mask = tf.sequence_mask(counts, tf.shape(mel)[1])[..., tf.newaxis]
        kind = self.settings.normalization
        if kind == "running":
            return tf.where(mask, self.running(mel, self.no_sums(tf.shape(mel)[0]), counts)[0], 0.0)
        if kind == "none":
            scale = tf.math.rsqrt(tf.reduce_mean(self.variance) + LEAST_VARIANCE)
            return tf.where(mask, (mel - self.mean) * scale, 0.0)
        total = tf.maximum(tf.cast(counts, tf.float32), 1.0)[:, tf.newaxis, tf.newaxis]
        moved = tf.where(mask, mel - mel[:, :1], 0.0)  # small numbers, whose sums are exact in every order
        mean = tf.reduce_sum(moved, axis=1, keepdims=True) / total
        centred = tf.where(mask, moved - mean, 0.0)
        variance = tf.reduce_mean(tf.reduce_sum(centred**2, axis=1, keepdims=True) / total, axis=2, keepdims=True)
        return centred * tf.math.rsqrt(variance + LEAST_VARIANCE)

    def no_sums(self, batch: Any) -> tf.Tensor:
        """What "running" carries before anything is heard: number of frames, sums, sums of squares."""
        return tf.zeros([batch, 1 + 2 * self.settings.bands])

    def running(self, mel: tf.Tensor, sums: tf.Tensor, counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """`f_t` with mean and variance up to each frame, counted from those of training, and the sums afterwards."""
        bands = self.settings.bands
        centred = mel - self.mean
        values = tf.concat([tf.ones_like(mel[..., :1]), centred, centred**2], axis=-1)
        values = tf.cumsum(values, axis=1) + sums[:, tf.newaxis]
        count = values[..., :1] + PRIOR_FRAMES
        mean = values[..., 1 : bands + 1] / count
        square = (values[..., bands + 1 :] + PRIOR_FRAMES * self.variance) / count
        variance = tf.reduce_mean(tf.maximum(square - mean**2, 0.0), axis=-1, keepdims=True)
        normalized = (centred - mean) * tf.math.rsqrt(variance + LEAST_VARIANCE)
        return normalized, tf.gather(tf.concat([sums[:, tf.newaxis], values], axis=1), counts, batch_dims=1)

    @property
    def carried_frames(self) -> int:
        """Frames before a step that its features read."""
        return (2 * DELTA_FRAMES if self.settings.deltas else 0) + (self.width - self.settings.stack)

    @property
    def width(self) -> int:
        """Frames that a step reads."""
        return self.settings.stack * (1 if self.settings.subsampling == "stack" else 3)

    def steps(self, frames: tf.Tensor) -> tf.Tensor:
        """Steps `(batch, steps, width * features)` of frames `(batch, carried_frames + steps * stack, bands)`."""
        if self.settings.deltas:

            def at(shift):
                return frames[:, shift : tf.shape(frames)[1] - 2 * DELTA_FRAMES + shift]

            change = (2 * (at(4) - at(0)) + at(3) - at(1)) / 10
            frames = tf.concat([at(4), change], axis=-1)
        parts = self.width // self.settings.stack
        stacked = tf.reshape(frames, [tf.shape(frames)[0], -1, self.settings.stack * self.features])
        count = tf.shape(stacked)[1] - (parts - 1)
        return tf.concat([stacked[:, part : part + count] for part in range(parts)], axis=-1)

    def before_first(self, frames: tf.Tensor) -> tf.Tensor:
        """Frames with the zeros that precede the first step."""
        return tf.pad(frames, [[0, 0], [self.carried_frames, 0], [0, 0]])


def _divided_up(count, size):
    """`count / size`, rounded up."""
    return (count + size - 1) // size


def mel_edges(bands: int, rate: int) -> np.ndarray:
    """The frequencies at which triangles begin, peak and end, `(bands + 2,)`, in hertz (O'Shaughnessy 1987)."""

    def to_mel(hertz):
        return 2595 * np.log10(1 + hertz / 700)

    mels = np.linspace(to_mel(min(LOWEST, rate / 8)), to_mel(rate / 2), bands + 2)
    return (700 * (10 ** (mels / 2595) - 1)).astype(np.float32)


def mel_triangles(edges: Any, bins: np.ndarray) -> tf.Tensor:
    """The weights of the bins in each band, `(batch, bins, bands)`, for edges `(batch, bands + 2)`.

    Each triangle is widened to the distance of two bins, so that none is empty.
    """
    edges = tf.convert_to_tensor(edges, tf.float32)[:, tf.newaxis]
    least = float(bins[1] - bins[0])
    low, peak, high = edges[..., :-2], edges[..., 1:-1], edges[..., 2:]
    frequencies = tf.constant(bins)[:, tf.newaxis]
    rising = 1 - (peak - frequencies) / tf.maximum(peak - low, least)
    falling = 1 - (frequencies - peak) / tf.maximum(high - peak, least)
    return tf.maximum(0.0, tf.minimum(rising, falling))
