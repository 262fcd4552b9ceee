"""Settings of tagging: the one place of its defaults."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, SplitSettings
from nlpseq.settings import Range, Settings
from nlpseq.tasks.settings import BidirectionalSettings, WordSettings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class TaggerSettings(BidirectionalSettings):
    """The tagger."""

    model: Literal["crf", "softmax"] = "crf"
    """A CRF over the whole sentence, or a softmax at each token."""
    characters: Literal["rnn", "cnn", "none"] = "rnn"
    """How the characters of a word are read."""
    character_units: Annotated[int, Range(1)] = 32
    """Units in each direction, or filters of each width, of the character layer."""
    character_embedding_size: Annotated[int, Range(1)] = 32
    """Size of a character vector."""
    singleton_dropout: Annotated[float, Range(0, 1)] = 0.5
    """Rate of words that occur once, replaced by the unknown word in training."""


@dataclass(frozen=True)
class TokenSettings(WordSettings):
    """The words and characters that the model knows."""

    max_tokens: Annotated[int, Range(1)] = 400
    """Longer sentences are truncated to this many tokens."""
    max_characters: Annotated[int, Range(1)] = 16
    """Longer words lose characters in their middle."""


@dataclass(frozen=True)
class TaggingData(DataSettings):
    """The data to learn from, and where the result is written."""

    dataset: str = "nlpseq_tags"
    """Name of a TFDS dataset, or path of a file of columns or CoNLL-U, or of a folder of them."""
    tokens: str | None = None
    """Feature of the tokens; in files the number of a column from 1. None for the usual one."""
    tags: str | None = None
    """Feature or column of the tags; None for the usual one, in files the last."""
    encoding: str = "utf-8"
    """Encoding of files."""
    output: str = "saved_models/tagging"
    """Folder in which the export gets the next free version number."""


@dataclass(frozen=True)
class TaggingSettings(Settings):
    """All settings of the recipe."""

    data: TaggingData = TaggingData()
    training: TrainingSettings = TrainingSettings(epochs=3, batch_size=32)
    model: TaggerSettings = TaggerSettings()
    words: TokenSettings = TokenSettings()
    splits: SplitSettings = SplitSettings()


# The settings that are the defaults of a dataset; its help shows them.
PRESETS = {
    "universal_dependencies": {
        "units": 128,
        "embedding_size": 128,
        "character_units": 64,
        "character_embedding_size": 48,
        "dropout": 0.5,
        "output_dropout": 0.5,
        "word_dropout": 0.05,
        "epochs": 10,
        "patience": 10,
        "averaging": 0.998,
    },
}
