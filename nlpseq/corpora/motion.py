"""Short clips of small moving shapes, whose class is what happens over time."""

import numpy as np
import tensorflow_datasets as tfds

from nlpseq.corpora.seeded import SeededCorpus

SIZE = 16  # rows and columns of a frame
SHORTEST, LONGEST = 8, 16  # frames of a clip
# Of each pair the second class is the first one played backwards.
PAIRS = (("right", "left"), ("down", "up"), ("opening", "closing"), ("circle first", "square first"))
CLASSES = tuple(name for pair in PAIRS for name in pair)
NOISE = 14.0  # standard deviation of the grey values


class NlpseqMotion(SeededCorpus):
    """`nlpseq_motion`: generated clips of a shape that moves, opens, closes or is replaced by another.

    The classes are pairs, of which one is the other played backwards: the frames of a clip, without their order, are
    as probable under both. Who sees single frames, or the average of all, is right in half of the clips at most.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": 1600, "validation": 240, "test": 400}

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "frames": tfds.features.Tensor(shape=(None, SIZE, SIZE), dtype=np.uint8),
                "label": tfds.features.ClassLabel(names=list(CLASSES)),
            }
        )
        return self.dataset_info_from_configs(
            features=features,
            supervised_keys=("frames", "label"),
            description="Clips of small moving shapes, drawn by a program; no real pictures.",
            license="No rights reserved: the clips are generated.",
        )

    def _generate_examples(self, seed, size):
        for index, (frames, label) in enumerate(motion_clips(size, seed)):
            yield index, {"frames": frames, "label": label}


def motion_clips(count: int, seed: int = 0) -> list[tuple[np.ndarray, str]]:
    """Clips and their classes, all of which are equally frequent.

    Args:
        count: Number of clips.
        seed: Of the random generator.

    Returns:
        A list of `(frames, label)`; frames uint8 `(8 to 16, 16, 16)`.

    Example:

    >>> frames, label = motion_clips(1)[0]
    >>> frames.shape[1:], label
    ((16, 16), 'right')
    """
    generator = np.random.default_rng([seed, 1977])
    return [(_clip(generator, index % len(CLASSES)), CLASSES[index % len(CLASSES)]) for index in range(count)]


def _clip(generator, number):
    """A clip of the class of a number: drawn as the first class of its pair, and played backwards for the second."""
    time = np.linspace(0, 1, generator.integers(SHORTEST, LONGEST + 1))
    kind, backwards = divmod(number, 2)
    shapes = (_moving, _falling, _opening, _changing)[kind](generator, time)
    low, high = generator.uniform(20, 70), generator.uniform(150, 230)
    clip = low + (high - low) * (shapes[::-1] if backwards else shapes)
    return np.clip(clip + generator.normal(0, NOISE, clip.shape), 0, 255).astype(np.uint8)


def _moving(generator, time):
    """A shape that moves to the right from anywhere; what leaves on one side enters on the other."""
    column = generator.uniform(0, SIZE) + generator.uniform(8, 14) * time
    return _shapes(generator.integers(2), generator.uniform(4, 11), column, generator.uniform(1.6, 3))


def _falling(generator, time):
    """A shape that moves down."""
    return _moving(generator, time).transpose(0, 2, 1)


def _opening(generator, time):
    """A shape that grows in its place, from any size, and begins small again after the largest."""
    grown = (generator.uniform() + generator.uniform(0.6, 0.9) * time) % 1
    return _shapes(generator.integers(2), *generator.uniform(5, 10, 2), 0.8 + 4.2 * grown)


def _changing(generator, time):
    """A circle for a while, then nothing, then a square in its place; nothing before and after."""
    begin, pause, end = generator.uniform(0.02, 0.12), generator.uniform(0.35, 0.65), generator.uniform(0.88, 0.98)
    place, size = generator.uniform(4, 11, 2), generator.uniform(2.5, 4)
    circle, square = (_shapes(kind, *place, size + 0 * time) for kind in (0, 1))
    at = time.reshape(-1, 1, 1)
    return circle * ((begin < at) & (at < pause - 0.04)) + square * ((pause + 0.04 < at) & (at < end))


def _shapes(kind, row, column, size):
    """Circles (kind 0) or squares (1) with soft edges, 0 to 1, `(time, SIZE, SIZE)`; the edges of a frame meet."""
    row, column, size = (np.reshape(value, [-1, 1, 1]) for value in (row, column, size))
    rows, columns = np.mgrid[:SIZE, :SIZE]
    down, right = (
        np.abs((at - centre + SIZE / 2) % SIZE - SIZE / 2) for at, centre in ((rows, row), (columns, column))
    )
    distance = np.maximum(down, right) if kind else np.hypot(down, right)
    return np.clip(size - distance + 0.5, 0, 1)
