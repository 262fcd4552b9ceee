"""Sounds of formats that libsndfile does not read, such as .m4a, decoded by PyAV."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.errors import InputError, shorten

SUFFIXES = (".m4a", ".m4b", ".aac", ".wma", ".webm", ".amr", ".3gp")


class DecodedFile:
    """A sound in memory, with what `audio.py` uses of a `soundfile.SoundFile`.

    Args:
        path: A file of one of `SUFFIXES`.

    Raises:
        InputError: PyAV is not installed, or cannot decode it.
    """

    extra_info = ""

    def __init__(self, path: Path):
        if importlib.util.find_spec("av") is None:
            raise InputError(f"reading {path} needs the package av: pip install 'nlpseq[video]'.")
        import av
        from av.error import FFmpegError

        try:
            with av.open(str(path)) as container:
                stream = container.streams.audio[0]
                self.samplerate = int(stream.rate)
                mixer = av.AudioResampler(format="fltp")
                frames = [part for frame in container.decode(stream) for part in mixer.resample(frame)]
                parts = [frame.to_ndarray().mean(axis=0, dtype=np.float32) for frame in frames]
        except (FFmpegError, IndexError, ValueError) as error:
            raise InputError(f"{path} is no audio file, or a damaged one ({shorten(str(error), 100)}).") from None
        self.samples = np.concatenate([np.zeros(0, np.float32), *parts])
        self.place = 0

    def __len__(self):
        return len(self.samples)

    def __enter__(self):
        return self

    def __exit__(self, *details: Any):
        return None

    def seek(self, place: int) -> None:
        """Makes a sample that which is read next."""
        self.place = place

    def read(self, count: int, **form: Any) -> np.ndarray:
        """The next samples, float32 `(samples, 1)`."""
        self.place += count
        return self.samples[self.place - count : self.place, np.newaxis]
