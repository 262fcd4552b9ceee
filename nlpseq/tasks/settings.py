"""Settings that several kinds of task share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from nlpseq.errors import in_range, one_of
from nlpseq.settings import AUTO, FREE, OPEN, Range, Rate, Settings

Cell = Literal["rnn", "lstm", "gru"]
RECURRENT = ("cell", "units", "layers", "bidirectional", "recurrent_dropout", "weight_dropout")


@dataclass(frozen=True)
class CellSettings(Settings):
    """Recurrent layers over any features."""

    cell: Annotated[Cell, OPEN] = "lstm"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(1), AUTO] = 64
    """Size of the state in each direction."""
    layers: Annotated[int, Range(1), AUTO] = 1
    """Number of recurrent layers."""
    dropout: Annotated[Rate, AUTO] = 0.3
    """Dropout rate of the inputs of the recurrent layers."""
    output_dropout: Annotated[Rate, AUTO] = 0.3
    """Dropout rate of the inputs of the output layer."""
    recurrent_dropout: Rate = 0.0
    """Dropout rate of the recurrent state, with one mask per sequence."""

    def recurrent(self) -> dict:
        """The arguments of `nlpseq.tasks.recurrent.recurrent_layers` that the settings have."""
        return {name: getattr(self, name) for name in RECURRENT if hasattr(self, name)}


@dataclass(frozen=True)
class RecurrentSettings(CellSettings):
    """The recurrent layers of a model that reads words."""

    embedding_size: Annotated[int, Range(1), AUTO] = 64
    """Size of the word embeddings."""


@dataclass(frozen=True)
class BidirectionalSettings(RecurrentSettings):
    """The recurrent layers of a model that reads the whole text at once."""

    bidirectional: bool = True
    """Whether the recurrent layers run in both directions."""
    word_dropout: Annotated[Rate, AUTO] = 0.0
    """Rate of words replaced by the unknown word in training."""


@dataclass(frozen=True)
class CorpusSettings(Settings):
    """How `nlpseq prepare` turns a corpus that does not fit in memory into ids."""

    input: Annotated[str, FREE] = ""
    """Files of the corpus, a path or a pattern in quotes; they may be compressed (.gz, .bz2, .xz)."""
    output: Annotated[str, FREE] = ""
    """Folder of the prepared corpus; an interrupted run is continued."""
    held_out: Annotated[float, Range(1e-6, 0.4)] = 0.01
    """Share of the corpus that is held out for validation, and as much for test."""
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    """Seed of what is held out, and of the order of the examples."""
    beam: Annotated[bool, FREE] = False
    """Whether Apache Beam runs the passes; its own flags, such as --runner, are then added."""


@dataclass(frozen=True)
class VectorSettings(Settings):
    """Pretrained word vectors."""

    vectors: Annotated[str | None, FREE] = None
    """File of word vectors: GloVe or fastText text, word2vec binary, or .npy beside a .txt of its words."""
    vector_words: Annotated[int, Range(0)] = 50_000
    """First words of the file that join the vocabulary although the training texts do not have them."""
    vectors_training: Literal["tuned", "frozen", "later"] = "tuned"
    """Whether the vectors are trained too: "tuned" from the start, "later" after some passes, "frozen" never."""
    frozen_epochs: Annotated[int, Range(1)] = 3
    """Passes over the training split in which the vectors are frozen, with "later"."""

    def open(self) -> Any:
        """`nlpseq.data.WordVectors`, None without a file."""
        from nlpseq.data.vectors import WordVectors

        return None if self.vectors is None else WordVectors(self.vectors, self.vector_words)

    def training(self) -> dict:
        """The arguments of a task beside `vectors`."""
        return {"vectors_training": self.vectors_training, "frozen_epochs": self.frozen_epochs}


def check_class_weights(class_weights: Any) -> None:
    """Raises an `InputError` unless `class_weights` are "none", "balanced", or a number of 0 or more by label."""
    if not isinstance(class_weights, Mapping):
        one_of("class_weights", class_weights, ("none", "balanced"))
        return
    for label, weight in class_weights.items():
        in_range(f"the weight of {label!r} in `class_weights`", weight, 0)


@dataclass(frozen=True)
class ScoreSettings(Settings):
    """What is done with the scores after training."""

    free = True

    calibration: Literal["temperature", "none"] = "temperature"
    """Whether scores are calibrated on the validation split, by a temperature; labels do not change."""


@dataclass(frozen=True)
class EnsembleSettings(Settings):
    """Several networks whose probabilities are averaged."""

    ensemble: Annotated[int, Range(1, 100), AUTO] = 1
    """Number of networks that are trained one after another and averaged in one export; 1 for a single one."""


@dataclass(frozen=True)
class PretrainingSettings(Settings):
    """Pretraining as a language model, without labels."""

    pretrain: tuple[str, ...] = ()
    """Text files with a text in each line, read beside the texts of the task; "own" for these alone."""
    pretrain_epochs: Annotated[int, Range(1)] = 5
    """Most passes over the texts in pretraining."""


@dataclass(frozen=True)
class WordSettings(Settings):
    """The vocabulary of words."""

    max_tokens: Annotated[int, Range(1)] = 400
    """Longer texts are truncated to this many words."""
    vocabulary_size: Annotated[int, Range(3)] = 30_000
    """Maximum size of the vocabulary, including padding and the unknown word."""
    min_count: Annotated[int, Range(1)] = 1
    """Minimum number of occurrences of a word in the training texts."""


@dataclass(frozen=True)
class SubwordSettings(Settings):
    """The tokens of a model that generates text: words, subwords or characters."""

    vocabulary: Literal["word", "bpe", "wordpiece", "unigram", "character"] = "word"
    """Kind of tokens."""
    vocabulary_size: Annotated[int, Range(5)] = 8000
    """Maximum size of the vocabulary, including four special tokens."""
    pretokenized: bool = False
    """Whether texts are already tokenized; words are then split at white space only."""
    lowercase: bool = False
    """Whether to convert texts to lower case."""
    max_tokens: Annotated[int, Range(1)] = 60
    """Longer texts are truncated to this many tokens."""

    def learning(self) -> dict:
        """The arguments of `learn` of a preprocessor with subwords."""
        names = {**self.flat(), "kind": self.vocabulary, "size": self.vocabulary_size}
        return {name: value for name, value in names.items() if name not in ("vocabulary", "vocabulary_size")}
