"""The defaults of language modelling that follow the data."""

from typing import TYPE_CHECKING, Any

from nlpseq.tasks.profile import Profile, clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.data import RunningTexts

SMALL = 300_000  # tokens of a text that a small model learns by heart
TOKENS_READ = 7_000_000  # tokens that are read in training
TOKENS_OF_TWO = 2_000_000  # tokens of a text of words, up to which a second network is worth its time
TOKENS_OF_A_STREAM = 1_000  # of a short text, which would have few steps in each pass
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 1.5),
    "layers": Among(1, 2),
    "embedding_size": Times(0.5, 2),
    "steps": Times(0.5, 2),
    "dropout": Between(0.0, 0.6),
    "hidden_dropout": Between(0.0, 0.5),
    "output_dropout": Between(0.0, 0.6),
    "embedding_dropout": Between(0.0, 0.2),
    "weight_dropout": Between(0.0, 0.5),
}  # what `nlpseq search` tries, by the validation loss; tokens, on which it depends, stay as chosen


def profile(data: "RunningTexts", characters: bool = False) -> Profile:
    """The profile of the lines of the training text, with characters or words between white space as tokens.

    That of a prepared corpus is known.
    """
    if stored := getattr(data, "profile", None):
        return stored
    lines = (line.decode("utf-8", "replace") for line in data.train.lines)
    return Profile.of((line if characters else line.split()) for line in lines)


def choose(profile: Profile, characters: bool = False) -> dict[str, Any]:
    """The defaults for a profile, and whether tokens are characters, by the flat names of the settings.

    A text of less than 300,000 tokens gets a model of 128 units, a longer one of 512, with more
    dropout (Zaremba et al. 2014). The number of passes is bounded by the tokens to read. Models of
    characters have small embeddings, and need longer segments to see as many words. Texts of less than 20,000
    tokens have fewer streams, and so more steps (250 and 60 lines of PTB's validation text, validation perplexity:
    96 with 4 streams where 20 give 102; 265 where 20 do not fit).

    Of a natural text of up to two million words a network has learnt what it can after these passes; more dropout
    and twice as many of them bring less (PTB) than a second network, whose probabilities are averaged with its own.

    Example:

    >>> choose(Profile(examples=42_000, tokens=890_000, vocabulary=10_000))["units"]
    512
    """
    small = profile.tokens < SMALL
    saturated = SMALL <= profile.tokens <= TOKENS_OF_TWO and not characters and not profile.closed
    steps = 100 if characters else 35
    streams = clipped(profile.tokens / TOKENS_OF_A_STREAM, 4, 32 if characters else 20)
    return {
        "ensemble": 2 if saturated else 1,
        "epochs": clipped(TOKENS_READ / profile.tokens, 1, 8),
        "validations": clipped(profile.tokens / 2_000_000, 1, 20),
        "patience": 3,
        "batch_size": max(1, min(streams, profile.tokens // (2 * steps))),
        "learning_rate": 5e-3 if small else 3e-3 if characters else 2e-3,
        "averaging": 0.0,
        "layers": 1,
        "units": 128 if small else 512,
        "embedding_size": 64 if characters else 128 if small else 256,
        "steps": steps,
        "dropout": 0.1 if small or characters else 0.3,
        "hidden_dropout": 0.1,
        "sample_length": 300 if characters else 40,
        "output_dropout": 0.1 if small else 0.3 if characters else 0.4,
    }
