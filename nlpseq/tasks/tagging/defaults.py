"""The defaults of tagging that follow the data."""

from typing import TYPE_CHECKING, Any

from nlpseq.tasks.profile import Profile, clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.tagging.data import TaggedSentences

TOKENS_READ = 2_000_000  # tokens that are read in training
MOST_TAGS = 2_000  # of a CRF, whose time and memory grow with their square
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "averaging": Among(0.0, 0.998),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 1.5, 2),
    "layers": Among(1, 2),
    "embedding_size": Times(0.5, 2),
    "characters": Among("rnn", "cnn"),
    "character_units": Times(0.5, 2),
    "linear": Among("none", "features"),
    "dropout": Between(0.1, 0.6),
    "output_dropout": Between(0.0, 0.6),
    "recurrent_dropout": Between(0.0, 0.4),
    "word_dropout": Between(0.0, 0.2),
}  # what `nlpseq search` tries; vocabularies and the output layer stay as chosen


def profile(data: "TaggedSentences") -> Profile:
    """The profile of the training sentences. That of a prepared corpus is known."""
    return getattr(data, "profile", None) or Profile.of(data.train.tokens, len(data.labels))


def choose(profile: Profile) -> dict[str, Any]:
    """The defaults for a profile, by the flat names of the settings.

    Taggers profit from strong dropout and from many passes, over which the score on validation
    data rises slowly and hardly falls (Reimers and Gurevych 2017): the number of passes is bounded
    by the tokens to read, and a moving average of the weights is validated. Small batches give
    few sentences enough steps. Linear scores of words, affixes and shapes learn fast from few
    sentences. With a closed vocabulary a small model and few passes suffice. A CRF scores pairs of tags:
    with very many a softmax at each token is trained instead.

    Example:

    >>> choose(Profile(examples=12_500, tokens=200_000, vocabulary=20_000, classes=17))["epochs"]
    10
    """
    natural = not profile.closed
    return {
        "model": "crf" if profile.classes <= MOST_TAGS else "softmax",
        "ensemble": 1,
        "epochs": clipped(TOKENS_READ / profile.tokens, 6, 25) if natural else 3,
        "validations": 1,
        "patience": 6,
        "batch_size": clipped(profile.examples / 500, 8, 32) if natural else 32,
        "learning_rate": 2e-3,
        "averaging": 0.998 if natural else 0.0,
        "layers": 1,
        "units": 128 if natural else 64,
        "embedding_size": 128 if natural else 64,
        "character_units": 64 if natural else 32,
        "character_embedding_size": 48 if natural else 32,
        "linear": "features" if natural else "none",
        "dropout": 0.5 if natural else 0.3,
        "output_dropout": 0.5 if natural else 0.3,
        "word_dropout": 0.05 if natural else 0.0,
    }
