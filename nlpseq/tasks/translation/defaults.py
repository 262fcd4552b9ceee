"""The defaults of translation that follow the data."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.profile import Profile, clipped
from nlpseq.tasks.space import Among, Around, Between, Times
from nlpseq.tasks.translation.settings import PairSettings

if TYPE_CHECKING:
    from nlpseq.tasks.translation.data import ParallelTexts

ADDED = 10  # tokens of a translation beside those in proportion to the source, see `length_ratio`
TOKENS_READ = 8_000_000  # source and target tokens that are read in training
SEVERAL = 1.5  # subwords of a word, about
ALIKE = 0.5  # `likeness` of two languages of one alphabet: English has 0.85 with German, and 0 with Russian
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "averaging": Among(0.0, 0.998),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 1.5),
    "layers": Among(1, 2),
    "decoder_layers": Among(1, 2),
    "embedding_size": Times(0.5, 1.5),
    "attention": Among("bahdanau", "general"),
    "dropout": Between(0.0, 0.5),
    "output_dropout": Between(0.0, 0.5),
}  # what `nlpseq search` tries, by the validation loss; tokens and label smoothing, which change it, stay as chosen


@dataclass(frozen=True)
class PairProfile(Profile):
    """The profile of pairs of texts.

    Attributes:
        ratio: Least `length_ratio` with which a thousandth of the targets, at most, is too long.
        likeness: `likeness` of the words of both sides.
    """

    ratio: float = 2.0
    likeness: float = 0.0


def profile(data: "ParallelTexts") -> PairProfile:
    """The profile of the training pairs, with words between white space as tokens.

    That of a prepared corpus is known.
    """
    if stored := getattr(data, "profile", None):
        return stored
    sources, targets = ([text.split() for text in side] for side in (data.train.sources, data.train.targets))
    joint = Profile.of(chain(sources, targets))
    ratios = [(len(target) - ADDED) / max(1, len(source)) for source, target in zip(sources, targets)]
    return PairProfile(
        len(sources),
        joint.tokens,
        joint.vocabulary,
        ratio=float(np.quantile(ratios, 0.999)),
        likeness=likeness(set(chain.from_iterable(sources)), set(chain.from_iterable(targets))),
    )


def likeness(sources: Iterable[bytes], targets: Iterable[bytes]) -> float:
    """The overlap of the letters of two languages, sum_c min(p_c, q_c), counted over distinct words.

    >>> likeness([b"ab"], [b"a", b"c"])
    0.5
    """
    letters = [
        Counter(filter(str.isalpha, b"".join(words).decode("utf-8", "replace").lower())) for words in (sources, targets)
    ]
    p, q = ({letter: n / counts.total() for letter, n in counts.items()} for counts in letters)
    return sum(min(share, q.get(letter, 0.0)) for letter, share in p.items())


def choose(profile: PairProfile, tokens: PairSettings | None = None, vectors: Any = None) -> dict[str, Any]:
    """The defaults for a profile, by the flat names of the settings.

    Texts of a natural language have ever new words: they are split into subwords (Sennrich et al.
    2016), and the model is large, with strong dropout, label smoothing and a moving average of the
    weights. With a closed vocabulary words are tokens, and a small model learns the grammar; a larger
    one, in more passes, if translations are much longer than their sources. The number of passes is
    bounded by the tokens to read. Translations may be as long as those in training. Languages of one alphabet share
    their subwords, unless the sources have word vectors.

    Example:

    >>> choose(PairProfile(examples=29_000, tokens=700_000, vocabulary=35_000))["vocabulary"]
    'bpe'
    """
    natural, growing = not profile.closed, profile.ratio > 2
    subwords = ((tokens and tokens.vocabulary) or ("bpe" if natural else "word")) not in ("word", "character")
    return {
        "epochs": clipped(TOKENS_READ / profile.tokens, 1, 11 if natural else 10 if growing else 6),
        "validations": clipped(profile.tokens / 2_000_000, 1, 20),
        "patience": 3,
        "batch_size": 64 if natural else 32,
        "learning_rate": 2e-3 if natural or growing else 4e-3,
        "averaging": 0.998 if natural else 0.0,
        "layers": 1,
        "units": 384 if natural else 200 if growing else 128,
        "embedding_size": 256 if natural else 64,
        "dropout": 0.4 if natural else 0.05,
        "output_dropout": 0.4 if natural else 0.0,
        "label_smoothing": 0.1 if natural else 0.0,
        "length_ratio": max(2.0, round(profile.ratio * (SEVERAL if natural else 1.0), 1)),
        "vocabulary": "bpe" if natural else "word",
        "vocabulary_size": clipped(profile.vocabulary / 6, 2_000, 16_000) if natural else 8_000,
        "joint": subwords and profile.likeness >= ALIKE and vectors is None,
    }
