"""Sound files of any rate and number of channels, as samples of one channel at one rate.

TensorFlow is not imported here: `nlpseq predict` reads files without it.
"""

import importlib.util
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import decoded
from nlpseq.data.files.contents import regular_size
from nlpseq.data.files.wav import WaveFile, refuse_truncated
from nlpseq.errors import InputError, in_range

SUFFIXES = (
    ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64",
    ".rf64", ".sph", ".nist", ".voc", *decoded.SUFFIXES,
)  # fmt: skip
BLOCK = 1 << 18  # frames that are read together
LOBES = 16  # of the sinc on each side
ROLLOFF = 0.94  # of the band that is kept
TRUNCATED = re.compile(r"^\s*(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)  # of libsndfile
CLIPPED = 0.001  # share of samples that stay at the greatest value from which a recording is called clipped


def is_audio(path: Path) -> bool:
    """Whether the name of a file is that of a sound."""
    return path.suffix.lower() in SUFFIXES


def has_package() -> bool:
    """Whether soundfile is installed, without which WAV files of integers alone are read."""
    return importlib.util.find_spec("soundfile") is not None


def rate_and_seconds(path: Path) -> tuple[int, float]:
    """The samples a second of a file, and its length.

    Raises:
        InputError: it is not an audio file, or a damaged one, or cannot be read.
    """
    with _opened(path) as file:
        return file.samplerate, len(file) / file.samplerate


def read_audio(path: Path, rate: int, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """The samples of a file, the mean of its channels, from -1 to 1.

    It is read in blocks: of a long file of a high rate only the result is in memory.

    Args:
        path: WAV, FLAC, or another format of libsndfile, of any rate, sample format and number of channels.
        rate: Samples a second of the result.
        start, seconds: The part that is read. Default the whole file.

    Returns:
        float32 `(samples,)`. Samples that are not finite become 0.

    Raises:
        InputError: it is not an audio file, or a damaged one, or cannot be read.
    """
    with _opened(path) as file:
        resampler = Resampler(file.samplerate, rate)
        first = min(round(start * file.samplerate), len(file))
        left = len(file) - first if seconds is None else round(seconds * file.samplerate)
        parts = [resampler(block) for block in _blocks(file, path, first, left)]
    return np.concatenate([np.zeros(0, np.float32), *parts, resampler.finish()])


def _blocks(file, path, first, left) -> Iterator[np.ndarray]:
    try:
        file.seek(first)
        while left > 0 and len(block := file.read(min(BLOCK, left), dtype="float32", always_2d=True)):
            left -= len(block)
            yield np.nan_to_num(block.mean(axis=1), nan=0.0, posinf=0.0, neginf=0.0)
    except RuntimeError as error:  # of libsndfile
        raise InputError(
            f"{path} is damaged ({str(error).removeprefix('Error : ').rstrip('.')}): give another file."
        ) from None


def _opened(path: Path) -> Any:
    regular_size(path)
    try:
        with open(path, "rb") as file:
            header = file.read(4)
        if not header:
            raise InputError(f"{path} is empty: give an audio file, such as WAV or FLAC.")
        if path.suffix.lower() in decoded.SUFFIXES:
            return decoded.DecodedFile(path)
        if not has_package():
            if header == b"RIFF":
                return WaveFile(path)
            raise InputError("reading audio needs the package soundfile: pip install 'nlpseq[audio]'.")
        import soundfile

        opened = soundfile.SoundFile(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}.") from None
    except (RuntimeError, TypeError):  # of libsndfile; a raw file would need its rate
        raise InputError(f"{path} is not an audio file: expected a format such as WAV or FLAC.") from None
    if match := TRUNCATED.search(opened.extra_info):
        opened.close()
        refuse_truncated(path, *map(int, match.groups()))
    return opened


def is_clipped(audio: np.ndarray) -> bool:
    """Whether many samples stay at the greatest value, in both directions, as of a signal that was cut off."""
    if len(audio) < 3:
        return False
    high, low = audio.max(), audio.min()
    held = sum(np.count_nonzero(at[:-2] & at[1:-1] & at[2:]) for at in (audio >= high, audio <= low))
    return bool(high > 0.2 and -low > 0.2 and held > CLIPPED * len(audio) + 4)


class Resampler:
    """Changes the rate of a signal that comes in blocks, by a sinc with a Hann window, in phases.

        y_n = sum_k x_k h(n M / L - k),   L / M = rate of y / rate of x

    The band above the lower of the two Nyquist frequencies is removed. The result does not depend on the blocks.

    Args:
        source, target: Samples a second, 1 or more.

    Example:

    >>> resampler = Resampler(8000, 16000)
    >>> len(resampler(np.zeros(800))) + len(resampler.finish())
    1600

    Reference:
        Crochiere and Rabiner (1983), Multirate digital signal processing, section 2.3.
    """

    def __init__(self, source: int, target: int):
        in_range("rate", min(source, target), 1)
        common = math.gcd(source, target)
        self.up, self.down = target // common, source // common
        cutoff = min(1.0, target / source) * (1.0 if self.up == self.down else ROLLOFF)
        self.half = math.ceil(LOBES / cutoff)
        places = np.arange(-self.half, self.half + 1) - np.arange(self.up)[:, np.newaxis] / self.up
        window = np.cos(np.pi * np.clip(places / (self.half + 1), -1, 1) / 2) ** 2
        filters = np.sinc(cutoff * places) * window
        self.filters = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
        self.held = np.zeros(self.half, np.float32)  # samples from number `first` on
        self.first, self.emitted, self.read = -self.half, 0, 0

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """The samples of the result that a block completes."""
        if self.up == self.down:
            return np.asarray(block, np.float32)
        self.read += len(block)
        return self._make(block, self._count(self.read - self.half))

    def finish(self) -> np.ndarray:
        """The samples behind the last block."""
        if self.up == self.down:
            return np.zeros(0, np.float32)
        return self._make(np.zeros(self.half + 1), self._count(self.read))

    def _count(self, samples):
        """How many samples of the result are before that time in samples of the source."""
        return -(-samples * self.up // self.down) if samples > 0 else 0

    def _make(self, block, count):
        self.held = np.concatenate([self.held, np.asarray(block, np.float32)])
        samples = np.zeros(max(count - self.emitted, 0), np.float32)
        for phase in range(min(self.up, len(samples))):
            number = self.emitted + phase
            centre, fraction = divmod(number * self.down, self.up)
            start = centre - self.half - self.first
            windows = np.lib.stride_tricks.sliding_window_view(self.held[start:], 2 * self.half + 1)
            part = samples[phase :: self.up]
            part[:] = windows[:: self.down][: len(part)] @ self.filters[fraction]
        self.emitted += len(samples)
        keep = max(0, self.emitted * self.down // self.up - self.half - self.first)
        self.held, self.first = self.held[keep:], self.first + keep
        return samples
