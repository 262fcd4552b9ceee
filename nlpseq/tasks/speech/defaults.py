"""The defaults of speech recognition that follow the data."""

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nlpseq.tasks.profile import clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.speech.data import SpeechData

FRAMES = 100  # a second
SPARE = 1.4  # frames a step needs per unit, at least, after the fastest speaking
MOST_STACKED = 4  # frames a step, where texts are sparse, as of Morse code
CLOSED, OFTEN = 200, 20  # most different words of a closed vocabulary, and how often they occur
GENERATED = {
    "subsampling": "convolution",
    "averaging": 0.0,
    "dropout": 0.1,
    "output_dropout": 0.1,
    "warp": 0.0,
    "noise": 0.0,
    "frequency_masks": 0,
    "time_masks": 0,
}  # all sounds have the same source
NATURAL = {
    "subsampling": "bands",
    "averaging": 0.99,
    "dropout": 0.0,
    "output_dropout": 0.2,
    "warp": 0.2,
    "noise": 0.5,
    "frequency_masks": 1,
    "time_masks": 1,
}  # what voices need
LATE = 0.45  # seconds by which the text of a stream is late
EQUALIZED = 9.0  # decibels, of voices that are normalized by what has been heard so far
LEAST = 1500  # training steps of a few recordings
PLATEAU = 300  # training steps for which a network may write nothing
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 1.5, 2),
    "layers": Among(1, 2, 3),
    "dropout": Between(0.0, 0.6),
    "output_dropout": Between(0.0, 0.6),
    "speed": Between(0.0, 0.3),
    "warp": Between(0.0, 0.3),
    "noise": Between(0.0, 0.9),
}  # what `nlpseq search` tries


class SpeechProfile(NamedTuple):
    """What the defaults are chosen from.

    Attributes:
        utterances: Number of training utterances.
        seconds: Their mean length.
        sample_rate: Samples a second.
        frames_per_character: Frames for each character of a text, of the densest twentieth of the utterances.
        words: Mean number of words.
        different: Number of different words.
        generated: Whether the sounds are generated.
    """

    utterances: int
    seconds: float
    sample_rate: int
    frames_per_character: float
    words: float
    different: int
    generated: bool = False


def profile(data: "SpeechData") -> SpeechProfile:
    """The profile of the training utterances."""
    texts = data.train.strings()
    seconds = data.train.lengths / data.sample_rate
    needed = [len(text) + sum(a == b for a, b in itertools.pairwise(text)) for text in texts]
    dense = np.quantile([FRAMES * s / n for s, n in zip(seconds, needed) if n] or [10.0], 0.02)
    words = float(np.mean([len(text.split()) for text in texts]))
    different = len({word for text in texts for word in text.split()})
    return SpeechProfile(
        len(texts), float(seconds.mean()), data.sample_rate, float(dense), words, different, data.generated
    )


def choose(profile: SpeechProfile, streaming: bool = False) -> dict[str, Any]:
    """The defaults for a profile, and whether the model answers while it listens, by the flat names of the settings.

    Short recordings of single words are joined to strings in training, so that strings are recognized too. The denser
    the speech, the fewer frames a step has. Voices differ in pitch and speed, which the fewer they are the more must
    be made up by augmentation; generated sounds do not. Filters over bands that are wide enough to hide the pitch find
    the same sounds in other voices, and with so much augmentation little dropout is needed; scores of
    few validation voices vary, so the weights are averaged and the patience is long.

    A network first learns to write nothing, for some hundred training steps, which are many passes over few recordings.

    Few words that occur often, as digits or commands, are spelled right by n-grams of letters; what these take from
    each word of a string is given back as a bonus.

    A model that answers while it listens waits for half a second, without which its letters are hardly right, and
    does not know the level and the bands of a voice when it begins: in training these change at random.

    Example:

    >>> choose(SpeechProfile(1000, 0.5, 8000, 8.0, 1.0, 10))["splice"]
    0.5
    """
    closed = profile.different <= CLOSED and profile.utterances * profile.words >= OFTEN * profile.different
    ngram = closed and not streaming
    single = profile.words < 1.5 and profile.seconds < 2.5
    total = profile.utterances * profile.seconds / 3600  # hours
    steps = 1300 if profile.generated else 6000
    batch = 16 if profile.utterances < 4000 else 32
    passes = batch / profile.utterances  # of one training step
    of_source = GENERATED if profile.generated else NATURAL
    return {
        "sample_rate": profile.sample_rate,
        "epochs": clipped(steps * passes, 4, max(50, round(LEAST * passes))),
        "batch_size": batch,
        "learning_rate": 3e-3,
        "validations": clipped(total / 2, 1, 10),
        "patience": max(8 if profile.generated else 20, round(PLATEAU * passes)),
        "bands": clipped(8 * np.log2(profile.sample_rate / (500 if profile.generated else 1000)), 16, 40),
        "stack": clipped(np.floor(profile.frames_per_character / SPARE), 1, MOST_STACKED),
        "normalization": "running" if streaming else "utterance",
        "units": 96 if profile.generated else 128 if total < 3 else 256,
        "layers": 1 if profile.generated else 2 if total < 10 else 3,
        "lookahead": LATE if streaming else 0.0,
        "equalization": EQUALIZED if streaming and not profile.generated else 0.0,
        "speed": 0.05 if profile.generated else 0.2 if single else 0.1,
        "beam_size": 1 if streaming else 8,
        "splice": 0.5 if single and not profile.generated else 0.0,
        "vocabulary": "character",
        "language_model": "ngram" if ngram else "none",
        "word_bonus": round(0.5 * float(np.log(profile.different)), 2) if ngram else 0.0,
        **of_source,
    }
