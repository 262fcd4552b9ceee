"""Settings of tagging, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.settings import AUTO, Range, Rate, Replaces, Settings
from nlpseq.tasks.settings import (
    BidirectionalSettings,
    CorpusSettings,
    EnsembleSettings,
    PretrainingSettings,
    VectorSettings,
    WordSettings,
)
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class TaggerSettings(BidirectionalSettings):
    """The tagger."""

    model: Annotated[Literal["crf", "softmax"], AUTO] = "crf"
    """Output layer: a CRF over the sentence, or a softmax at each token."""
    characters: Literal["rnn", "cnn", "none"] = "rnn"
    """Character features of words: recurrent, convolutional or none."""
    character_units: Annotated[int, Range(1), AUTO] = 32
    """Units per direction, or filters per width, of the character layer."""
    character_embedding_size: Annotated[int, Range(1), AUTO] = 32
    """Size of the character embeddings."""
    linear: Annotated[Literal["none", "features"], AUTO] = "none"
    """Linear scores beside the network, of words, shapes and affixes of a word and its neighbours."""
    linear_dropout: Rate = 0.3
    """Rate of features that the linear scores drop in training."""
    singleton_dropout: Annotated[float, Range(0, 1)] = 0.5
    """Rate of words that occur once in the training data and are replaced by the unknown word in training."""


@dataclass(frozen=True)
class TokenSettings(WordSettings):
    """The vocabularies of words and characters."""

    max_tokens: Annotated[int, Range(1)] = 400
    """Longer sentences are truncated to this many tokens."""
    max_characters: Annotated[int, Range(1)] = 16
    """Longer words are truncated in the middle to this many characters."""


@dataclass(frozen=True)
class PreparingSettings(TokenSettings, CorpusSettings):
    """How `nlpseq prepare` turns a corpus that does not fit in memory into ids."""

    input_format: Literal["columns", "jsonl", "parquet", "tfrecord"] | None = None
    """Format of the files; None for that of their suffix, or columns: a token a line, a blank line after a sentence."""
    tokens: str | None = None
    """Column of the tokens, by name, or by number from 1; None for the usual one."""
    tags: str | None = None
    """Column of the tags, by name, or by number from 1; None for the usual one, in files of columns the last."""


UNREAD = FileSettings(), SplitSettings(), TokenSettings(), PretrainingSettings(), VectorSettings()  # with `prepared`


@dataclass(frozen=True)
class TaggingData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_tags"
    """Name of a TFDS dataset, or path of a file or folder: columns, CoNLL-U, tables, JSON, words with tags."""
    tokens: str | None = None
    """Feature or column of the tokens, by name, or by number from 1; None for the usual one."""
    tags: str | None = None
    """Feature or column of the tags, by name, or by number from 1; None for the usual one, or the last column."""
    prepared: Annotated[str | None, Replaces.of(("dataset", "tokens", "tags"), *UNREAD)] = None
    """Folder that `nlpseq prepare` wrote, in place of the dataset; its vocabulary and its ids are read."""
    output: str = "saved_models/tagging"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class TaggingSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: TaggingData = TaggingData()
    training: TrainingSettings = TrainingSettings().unset()
    model: TaggerSettings = TaggerSettings().unset()
    words: TokenSettings = TokenSettings()
    pretraining: PretrainingSettings = PretrainingSettings()
    networks: EnsembleSettings = EnsembleSettings().unset()
    word_vectors: VectorSettings = VectorSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()
