"""WAV files by the standard library, for programs without soundfile."""

import os
import wave
from pathlib import Path

import numpy as np

from nlpseq.errors import InputError

UNKNOWN = 0x7FFF0000  # bytes; so many or more are written where the length is not known yet
WHOLE = 0.99  # share of the samples that must be there


def refuse_truncated(path: Path, expected: int, actual: int) -> None:
    """Raises an `InputError` if bytes of samples are missing that the header of a file counts."""
    if actual < WHOLE * expected and expected < UNKNOWN:
        raise InputError(
            f"{path} is damaged ({actual:,} of {expected:,} bytes of its samples are there): give another file."
        )


class WaveFile:
    """A WAV file of integers, as far as `soundfile.SoundFile` is used here.

    Args:
        path: The file.

    Raises:
        InputError: it is not a WAV file, or a truncated one, or one of floats or of a compressed format.
    """

    def __init__(self, path: Path):
        try:
            self._file = wave.open(str(path), "rb")  # noqa: SIM115  closed by `__exit__`
        except (wave.Error, EOFError) as error:
            raise InputError(
                f"{path} is not a WAV file of integers ({error}); other formats need the package soundfile: "
                "pip install 'nlpseq[audio]'."
            ) from None
        self.samplerate, self._bytes = self._file.getframerate(), self._file.getsampwidth()
        expected = len(self) * self._file.getnchannels() * self._bytes
        refuse_truncated(path, expected, min(expected, os.path.getsize(path)))

    def __len__(self):
        return self._file.getnframes()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def seek(self, frame: int) -> None:
        """Goes to a frame."""
        self._file.setpos(frame)

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> np.ndarray:
        """The next frames, from -1 to 1, float32 `(frames, channels)`."""
        data = np.frombuffer(self._file.readframes(frames), np.uint8)
        size, channels = self._bytes, self._file.getnchannels()
        data = data[: len(data) // (size * channels) * size * channels].reshape(-1, size)
        if size == 1:
            data = data ^ 128  # bytes are unsigned, larger samples signed
        samples = np.zeros((len(data), 4), np.uint8)
        samples[:, 4 - size :] = data  # the highest bytes of little-endian integers
        return (samples.view("<i4")[:, 0] / np.float32(2**31)).astype(np.float32).reshape(-1, channels)
