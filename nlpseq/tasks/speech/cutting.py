"""Long sounds in parts that a recognizer can read at once, cut where it is quiet."""

from collections.abc import Iterator

import numpy as np

LONGEST, SHORTEST = 20.0, 5.0  # seconds of a part
FRAME = 0.02  # seconds whose energy is compared


def quietest(samples: np.ndarray, rate: int) -> int:
    """Where to cut samples of more than `LONGEST` seconds: in the quietest fifth of a second, not before `SHORTEST`."""
    size = max(1, round(FRAME * rate))
    first, last = round(SHORTEST * rate), round(LONGEST * rate)
    count = (last - first) // size
    energy = (samples[first : first + count * size].reshape(count, size) ** 2).mean(axis=1)
    smooth = np.convolve(energy, np.ones(11) / 11, mode="same")
    return first + (int(smooth.argmin()) * size) + size // 2


def parts(samples: np.ndarray, rate: int) -> Iterator[np.ndarray]:
    """Consecutive parts of at most `LONGEST` seconds; one if the sound is no longer."""
    while len(samples) > LONGEST * rate:
        at = quietest(samples, rate)
        yield samples[:at]
        samples = samples[at:]
    yield samples
