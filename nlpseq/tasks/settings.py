"""Settings that several kinds of task share."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.settings import OPEN, Range, Rate, Settings


@dataclass(frozen=True)
class RecurrentSettings(Settings):
    """The recurrent layers."""

    cell: Annotated[Literal["rnn", "lstm", "gru"], OPEN] = "lstm"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(1)] = 64
    """Size of the state, in each direction."""
    layers: Annotated[int, Range(1)] = 1
    """Number of recurrent layers."""
    embedding_size: Annotated[int, Range(1)] = 64
    """Size of a word vector."""
    dropout: Rate = 0.3
    """Rate of dropped inputs of the recurrent layers."""
    output_dropout: Rate = 0.3
    """Rate of dropped inputs of the output layer."""
    recurrent_dropout: Rate = 0.0
    """Rate of dropped recurrent inputs, one mask a sequence."""

    def recurrent(self) -> dict:
        """The arguments of `nlpseq.tasks.recurrent.recurrent_layers`."""
        names = ("cell", "units", "layers", "recurrent_dropout")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class BidirectionalSettings(RecurrentSettings):
    """The recurrent layers of a model that reads a whole text."""

    bidirectional: bool = True
    """Whether each layer runs in both directions."""
    word_dropout: Rate = 0.0
    """Rate of words replaced by the unknown word in training."""

    def recurrent(self) -> dict:
        return {**super().recurrent(), "bidirectional": self.bidirectional}


@dataclass(frozen=True)
class WordSettings(Settings):
    """The words that the model knows."""

    max_tokens: Annotated[int, Range(1)] = 400
    """Longer texts are truncated to this many words."""
    vocabulary_size: Annotated[int, Range(3)] = 30_000
    """The most words in the vocabulary, padding and the unknown word included."""
    min_count: Annotated[int, Range(1)] = 1
    """How often a word must occur in training to be in the vocabulary."""


@dataclass(frozen=True)
class SubwordSettings(Settings):
    """The tokens of a model that writes text: words, subwords or characters."""

    vocabulary: Literal["word", "bpe", "wordpiece", "unigram", "character"] = "word"
    """Kind of tokens."""
    vocabulary_size: Annotated[int, Range(5)] = 8000
    """The most tokens in the vocabulary, four special ones included."""
    pretokenized: bool = False
    """Whether texts are tokenized already, so that words end at white space only."""
    lowercase: bool = False
    """Whether to fold case."""
    max_tokens: Annotated[int, Range(1)] = 60
    """Longer texts are truncated to this many tokens."""

    def learning(self) -> dict:
        """The arguments of `learn` of a preprocessor of subwords."""
        names = {**self.flat(), "kind": self.vocabulary, "size": self.vocabulary_size}
        return {name: value for name, value in names.items() if name not in ("vocabulary", "vocabulary_size")}
