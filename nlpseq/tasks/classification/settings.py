"""Settings of text classification, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.settings import AUTO, OPEN, Range, Rate, Replaces, Settings
from nlpseq.tasks.settings import (
    BidirectionalSettings,
    CorpusSettings,
    EnsembleSettings,
    PretrainingSettings,
    ScoreSettings,
    VectorSettings,
    WordSettings,
    check_class_weights,
)
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class ClassifierSettings(BidirectionalSettings):
    """The classifier."""

    pooling: Annotated[Literal["last", "max", "mean", "max_mean", "attention"], AUTO] = "max"
    """How the outputs of all time steps are pooled into one vector."""
    skip: bool = False
    """Whether the output layer also reads the pooled embeddings."""
    linear: Annotated[Literal["none", "bayes", "svm"], AUTO] = "none"
    """Linear classifier, averaged with the recurrent one: none, one of n-grams that starts as naive Bayes and is
    trained too, or a support vector machine of words and n-grams that is fitted before."""
    class_weights: Annotated[Literal["none", "balanced"], OPEN] = "none"
    """Whether all classes count alike in the loss, however rare; in Python also a weight by label, others have 1."""
    ngram_embedding_size: Annotated[int, Range(0), AUTO] = 16
    """Size of the n-gram embeddings; 0 if only the linear classifier reads n-grams."""
    dropout: Annotated[Rate, AUTO] = 0.2
    """Dropout rate of the embeddings."""
    output_dropout: Annotated[Rate, AUTO] = 0.2
    """Dropout rate of the inputs of the output layer."""
    word_dropout: Annotated[Rate, AUTO] = 0.02
    """Rate of words replaced by the unknown word, and of n-grams dropped, in training."""
    linear_dropout: Rate = 0.3
    """Rate of words and n-grams that naive Bayes drops in training."""

    def check(self) -> None:
        super().check()
        check_class_weights(self.class_weights)


@dataclass(frozen=True)
class NgramSettings(WordSettings):
    """The vocabulary of words and n-grams."""

    max_tokens: Annotated[int, Range(1), AUTO] = 400
    """Longer texts are truncated to this many words."""
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
class PreparingSettings(CorpusSettings):
    """How `nlpseq prepare` turns a corpus that does not fit in memory into ids."""

    input_format: Literal["csv", "tsv", "jsonl", "parquet", "tfrecord"] | None = None
    """Format of the files; None for that of their suffix."""
    text: str = "text"
    """Column of the text."""
    label: str = "label"
    """Column of the label."""
    vocabulary_size: Annotated[int, Range(3)] = 30_000
    """Maximum size of the vocabulary, including padding and the unknown word."""
    min_count: Annotated[int, Range(1)] = 2
    """Minimum number of occurrences of a word in the training texts."""
    max_tokens: Annotated[int, Range(1)] = 400
    """Longer texts lose their middle, so that this many words are left."""
    lowercase: bool = True
    """Whether to convert texts to lower case."""


UNREAD = FileSettings(), SplitSettings(), NgramSettings(), PretrainingSettings(), VectorSettings()  # with `prepared`


@dataclass(frozen=True)
class ClassificationData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_reviews"
    """Name of a TFDS dataset, or path: a table (.csv, .tsv, .jsonl, ...), labelled lines, or a folder of such
    files or of texts for each class."""
    text: str | None = None
    """Feature or column of the text, or several separated by commas; None for the default of the dataset."""
    label: str | None = None
    """Feature or column of the label, or several columns of 0 and 1 separated by commas; None for the default."""
    label_separator: str | None = None
    """What separates several labels in a cell, a character, or "none"; None to find it out."""
    prepared: Annotated[
        str | None,
        Replaces.of(("dataset", "text", "label", "label_separator"), *UNREAD),
    ] = None
    """Folder that `nlpseq prepare` wrote, in place of the dataset; its vocabulary and its ids are read."""
    output: str = "saved_models/sentiment"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class ClassificationSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: ClassificationData = ClassificationData()
    training: TrainingSettings = TrainingSettings().unset()
    model: ClassifierSettings = ClassifierSettings().unset()
    words: NgramSettings = NgramSettings().unset()
    scores: ScoreSettings = ScoreSettings()
    pretraining: PretrainingSettings = PretrainingSettings()
    networks: EnsembleSettings = EnsembleSettings().unset()
    word_vectors: VectorSettings = VectorSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()
