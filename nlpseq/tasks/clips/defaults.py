"""The defaults of the classification of sequences that follow the data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.clips.strokes import PEN
from nlpseq.tasks.profile import clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.clips.dataset import LabelledClips

READ = 80_000  # sequences that are read in training, about
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 1.5, 2),
    "layers": Among(1, 2),
    "pooling": Among("max", "mean", "max_mean", "attention", "last"),
    "derived": Among("none", "differences"),
    "dropout": Between(0.0, 0.5),
    "output_dropout": Between(0.0, 0.6),
    "noise": Between(0.0, 0.5),
}  # what `nlpseq search` tries


@dataclass(frozen=True)
class SequenceProfile:
    """The size of a training split, and what its frames are.

    Attributes:
        examples: Number of sequences.
        length: Their mean number of frames.
        frame: Shape of a frame.
        classes: Number of classes.
        strokes: Whether the channels are the place of a pen: x and y, and perhaps whether it leaves the paper.
        generated: Whether the data are generated.
    """

    examples: int
    length: float
    frame: tuple[int, ...]
    classes: int
    strokes: bool = False
    generated: bool = False


def profile(data: "LabelledClips") -> SequenceProfile:
    """The profile of the training clips."""
    train = data.train
    channels = tuple(name.strip().lower() for name in data.channels or ())
    return SequenceProfile(
        len(train),
        float(np.mean(train.lengths)),
        train.frame,
        len(data.labels),
        channels in (PEN, PEN[:2]),
        data.generated,
    )


def choose(profile: SequenceProfile) -> dict[str, Any]:
    """The defaults for a profile, by the flat names of the settings.

    Where a pen writes and how large counts not: strokes are scaled one by one, and their differences, the direction of
    the pen, are read beside them. The fewer the sequences, the smaller the batch, the more passes at most and the
    stronger the dropout; training stops when validation has not improved for a while. Handwriting is validated by
    writers of the training data, whom a network knows long before it has learnt what others do: all passes are made,
    and the weights averaged. GRUs did better on writers that training lacks than LSTMs, 0.977 against 0.966 of pen
    digits, the mean of three folds of ten held-out writers each.

    Example:

    >>> choose(SequenceProfile(7_000, 40.0, (3,), 10, strokes=True))["scaling"]
    'sequence'
    """
    pictures = len(profile.frame) == 3
    few = profile.examples < 1000
    return {
        "epochs": clipped(READ / profile.examples, 5, 60),
        "validations": 1,
        "patience": 15 if few else 30 if profile.strokes else 6,
        "batch_size": clipped(profile.examples / 60, 4, 32),
        "learning_rate": 2e-3 if pictures else 3e-3,
        "averaging": 0.99 if profile.strokes else 0.0,
        "cell": "gru" if profile.strokes else "lstm",
        "layers": 1 if pictures or few else 2,
        "units": 64,
        "pooling": "max_mean",
        "scaling": "sequence" if profile.strokes else "channel",
        "derived": "none" if pictures else "differences",
        "filters": 16,
        "frame_size": 64,
        "warp": 0.2 if profile.strokes else 0.0,
        "noise": 0.0 if pictures else 0.1 if profile.strokes else 0.05,
        "dropout": 0.1 if pictures or profile.strokes else 0.0,
        "output_dropout": 0.3,
        "bag_of_frames": "yes" if profile.generated else "no",
    }
