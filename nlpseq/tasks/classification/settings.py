"""Settings of text classification: the one place of its defaults."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, SplitSettings
from nlpseq.settings import Range, Rate, Settings
from nlpseq.tasks.settings import BidirectionalSettings, WordSettings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class ClassifierSettings(BidirectionalSettings):
    """The classifier."""

    pooling: Literal["last", "max", "mean", "max_mean", "attention"] = "max"
    """How the outputs over time become one vector."""
    skip: bool = False
    """Whether pooled embeddings join the pooled outputs under the output layer."""
    ngram_embedding_size: Annotated[int, Range(1)] = 16
    """Size of an n-gram vector."""
    dropout: Rate = 0.2
    """Rate of dropped embeddings."""
    output_dropout: Rate = 0.2
    """Rate of dropped inputs of the output layer."""
    word_dropout: Rate = 0.02
    """Rate of words replaced by the unknown word, and of n-grams left out, in training."""


@dataclass(frozen=True)
class NgramSettings(WordSettings):
    """The words and n-grams that the model knows."""

    min_count: Annotated[int, Range(1)] = 2
    """How often a word must occur in training to be in the vocabulary."""
    ngrams: Annotated[int, Range(1, 5)] = 1
    """Longest n-gram with a vector of its own; 1 for words alone."""
    ngram_min_count: Annotated[int, Range(1)] = 4
    """How often an n-gram must occur in training to be known."""
    lowercase: bool = True
    """Whether to fold case."""
    truncation: Literal["end", "middle"] = "end"
    """What a longer text loses; "middle" keeps a third of its words from the start."""


@dataclass(frozen=True)
class ClassificationData(DataSettings):
    """The data to learn from, and where the result is written."""

    dataset: str = "nlpseq_reviews"
    """Name of a TFDS dataset, or path of a .tsv, .csv or .jsonl file or of a folder of them."""
    text: str | None = None
    """Feature or column of the text, or several separated by commas; None for the usual one."""
    label: str | None = None
    """Feature or column of the label; None for the usual one."""
    output: str = "saved_models/sentiment"
    """Folder in which the export gets the next free version number."""


@dataclass(frozen=True)
class ClassificationSettings(Settings):
    """All settings of the recipe."""

    data: ClassificationData = ClassificationData()
    training: TrainingSettings = TrainingSettings(epochs=6, learning_rate=3e-3, patience=4)
    model: ClassifierSettings = ClassifierSettings()
    words: NgramSettings = NgramSettings()
    splits: SplitSettings = SplitSettings()


# The settings that are the defaults of a dataset; its help shows them.
_NGRAMS = {"ngrams": 3, "pooling": "max_mean", "skip": True, "output_dropout": 0.3, "word_dropout": 0.1}
PRESETS = {
    "imdb_reviews": {
        **_NGRAMS,
        "ngram_min_count": 3,
        "truncation": "middle",
        "units": 48,
        "embedding_size": 48,
        "epochs": 1,  # a second pass memorises the n-grams
        "validations": 5,
        "batch_size": 32,
        "learning_rate": 5e-3,
    },
    "trec": {
        **_NGRAMS,
        "ngram_min_count": 2,
        "min_count": 1,
        "lowercase": False,
        "units": 48,
        "epochs": 3,
        "validations": 2,
        "batch_size": 8,
        "learning_rate": 8e-3,
    },
}
