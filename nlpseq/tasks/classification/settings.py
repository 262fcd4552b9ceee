"""Settings of text classification, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.settings import AUTO, Range, Rate, Settings
from nlpseq.tasks.settings import (
    BidirectionalSettings,
    EnsembleSettings,
    PretrainingSettings,
    VectorSettings,
    WordSettings,
)
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class ClassifierSettings(BidirectionalSettings):
    """The classifier."""

    pooling: Annotated[Literal["last", "max", "mean", "max_mean", "attention"], AUTO] = "max"
    """How the outputs of all time steps are pooled into one vector."""
    skip: bool = False
    """Whether the output layer also reads the pooled embeddings."""
    linear: Annotated[Literal["none", "bayes"], AUTO] = "none"
    """Linear classifier of n-grams, averaged with the recurrent one: none, or one that starts as naive Bayes."""
    ngram_embedding_size: Annotated[int, Range(0), AUTO] = 16
    """Size of the n-gram embeddings; 0 if only the linear classifier reads n-grams."""
    dropout: Annotated[Rate, AUTO] = 0.2
    """Dropout rate of the embeddings."""
    output_dropout: Annotated[Rate, AUTO] = 0.2
    """Dropout rate of the inputs of the output layer."""
    word_dropout: Annotated[Rate, AUTO] = 0.02
    """Rate of words replaced by the unknown word, and of n-grams dropped, in training."""


@dataclass(frozen=True)
class NgramSettings(WordSettings):
    """The vocabulary of words and n-grams."""

    min_count: Annotated[int, Range(1), AUTO] = 2
    """Minimum number of occurrences of a word in the training texts."""
    ngrams: Annotated[int, Range(1, 5), AUTO] = 1
    """Length of the longest n-grams that have embeddings; 1 for words only."""
    ngram_min_count: Annotated[int, Range(1), AUTO] = 4
    """Minimum number of occurrences of an n-gram in the training texts."""
    lowercase: bool = True
    """Whether to convert texts to lower case."""
    truncation: Annotated[Literal["end", "middle"], AUTO] = "end"
    """Part of a longer text that is dropped; with "middle" a third of the words kept are its first ones."""


@dataclass(frozen=True)
class ClassificationData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_reviews"
    """Name of a TFDS dataset, or path of a .tsv, .csv or .jsonl file, or of a folder of such files."""
    text: str | None = None
    """Feature or column of the text, or several separated by commas; None for the default of the dataset."""
    label: str | None = None
    """Feature or column of the label; None for the default of the dataset."""
    output: str = "saved_models/sentiment"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class ClassificationSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: ClassificationData = ClassificationData()
    training: TrainingSettings = TrainingSettings().unset()
    model: ClassifierSettings = ClassifierSettings().unset()
    words: NgramSettings = NgramSettings().unset()
    pretraining: PretrainingSettings = PretrainingSettings()
    networks: EnsembleSettings = EnsembleSettings()
    word_vectors: VectorSettings = VectorSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()
