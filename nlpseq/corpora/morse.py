"""Morse code in noise, as sounds with their texts."""

import random
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from nlpseq.corpora.seeded import SeededCorpus

CODE = {
    "a": ".-", "b": "-...", "c": "-.-.", "d": "-..", "e": ".", "f": "..-.", "g": "--.", "h": "....", "i": "..",
    "j": ".---", "k": "-.-", "l": ".-..", "m": "--", "n": "-.", "o": "---", "p": ".--.", "q": "--.-", "r": ".-.",
    "s": "...", "t": "-", "u": "..-", "v": "...-", "w": ".--", "x": "-..-", "y": "-.--", "z": "--..",
}  # fmt: skip
RATE = 4000  # samples a second
UNITS = (0.032, 0.048)  # seconds of a dot: 25 to 37 words a minute
PITCHES = (550.0, 750.0)  # hertz
NOISE = (3.0, 15.0)  # decibels of the tone above the noise of all frequencies
SWAY = 0.15  # of the speed, up and down in some seconds
WAVER = 0.02  # of the pitch
JITTER = 0.08  # of each element's duration


class NlpseqMorse(SeededCorpus):
    """`nlpseq_morse`: generated Morse code in noise, with swaying speed and pitch, and the text that it says.

    Texts are one to three words of random letters, so that nothing but the sound tells what comes next.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": 1200, "validation": 150, "test": 250}

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "audio": tfds.features.Audio(dtype=np.int16, sample_rate=RATE),
                "text": tfds.features.Text(),
            }
        )
        return self.dataset_info_from_configs(
            features=features,
            supervised_keys=("audio", "text"),
            description="Morse code in noise; no recording.",
            license="No rights reserved: the sounds are generated.",
        )

    def _generate_examples(self, seed, size):
        for index, (audio, text) in enumerate(morse_code(size, seed)):
            yield index, {"audio": np.round(32767 * audio).astype(np.int16), "text": text}


def morse_code(count: int, seed: int = 0) -> Iterator[tuple[np.ndarray, str]]:
    """Sounds at `RATE` samples a second, float32 from -1 to 1, and their texts.

    Args:
        count: Number of texts.
        seed: Of the random generator.

    Example:

    >>> [(audio, text)] = morse_code(1)
    >>> audio.dtype, text.isascii()
    (dtype('float32'), True)
    """
    generator = random.Random(f"morse {seed}")
    noise = np.random.default_rng([seed, 1837])
    for _ in range(count):
        words = [
            "".join(generator.choices(list(CODE), k=generator.randint(1, 5))) for _ in range(generator.randint(1, 3))
        ]
        yield _sound(generator, noise, words), " ".join(words)


def _sound(generator, noise, words):
    """The sound of some words, with noise before, between and behind them."""
    times = _times(generator, words)
    samples = np.arange(int(RATE * times[-1]))
    seconds = samples / RATE
    # The tone is on in every second interval; its edges take five milliseconds, as clicks would be heard everywhere.
    on = (np.searchsorted(times, seconds, side="right") % 2).astype(np.float32)
    edge = np.hanning(int(0.005 * RATE) + 2)[1:-1]
    envelope = np.convolve(on, edge / edge.sum(), mode="same")
    pitch = generator.uniform(*PITCHES) * (1 + WAVER * _swaying(generator, seconds))
    tone = envelope * np.sin(2 * np.pi * np.cumsum(pitch) / RATE)
    ratio = 10 ** (generator.uniform(*NOISE) / 20)
    sound = tone + noise.normal(size=len(tone)) * np.sqrt(0.5) / ratio
    return (generator.uniform(0.2, 0.9) * sound / np.abs(sound).max()).astype(np.float32)


def _times(generator, words):
    """The times at which the tone starts and stops in turn, and last the end of the sound, in seconds."""
    unit, phase, period = generator.uniform(*UNITS), generator.uniform(0, 6.28), generator.uniform(2, 6)
    time = generator.uniform(3, 8) * unit
    times = []
    for number, word in enumerate(words):
        time += 4 * unit * bool(number)  # seven with the gap behind the letter
        for letter in word:
            for element in CODE[letter]:
                speed = 1 + SWAY * np.sin(6.28 * time / period + phase)
                for length in (3 if element == "-" else 1, 1):  # the tone, and the gap behind it
                    times.append(time)
                    time += length * unit * speed * generator.uniform(1 - JITTER, 1 + JITTER)
            time += 2 * unit
    return np.array([*times, time + generator.uniform(1, 6) * unit])


def _swaying(generator, seconds):
    return np.sin(2 * np.pi * (seconds / generator.uniform(1, 4) + generator.random()))
