"""Settings that recipes share; a recipe's own frozen dataclass inherits them.

Each attribute is a flag of the command line, and the text under it the flag's
help. TensorFlow is not imported here: help and errors come before it loads.
"""

from dataclasses import dataclass, fields
from typing import Literal

from nlpseq.errors import InputError, in_range


@dataclass(frozen=True)
class Settings:
    """The root of all settings."""

    def check(self):
        """Raises an `InputError` for the first setting that is out of range."""

    def part(self, group):
        """The settings that a class of this module declares, a dict."""
        return {field.name: getattr(self, field.name) for field in fields(group)}


@dataclass(frozen=True)
class DataSettings(Settings):
    """What to learn from, and where the result goes."""

    dataset: str
    """Name of a TFDS dataset, or path of a file or of a folder of files."""
    output: str
    """Folder that gets the numbered version of the export."""
    data_dir: str | None = None
    """Folder of prepared TFDS datasets; None for that of TFDS."""
    train_split: str | None = None
    """Split of a TFDS dataset to train on, e.g. "train[:80%]"; None for the usual one."""
    validation_split: str | None = None
    """Split to validate on; None for the usual one, or a tenth of training held out."""
    test_split: str | None = None
    """Split to test on; None for the usual one, or a tenth of training held out."""

    def splits(self):
        """The three splits by their names in `nlpseq.data`."""
        return {
            "train": self.train_split,
            "validation": self.validation_split,
            "test": self.test_split,
        }


@dataclass(frozen=True)
class RecurrentSettings(Settings):
    """The recurrent layers."""

    cell: Literal["rnn", "lstm", "gru"] = "lstm"
    """Recurrent cell."""
    units: int = 64
    """Size of the state, in each direction."""
    layers: int = 1
    """Number of recurrent layers."""
    embedding_size: int = 64
    """Size of a word's vector."""
    dropout: float = 0.3
    """Rate of dropped embeddings."""
    output_dropout: float = 0.3
    """Rate of dropped features under the output."""
    recurrent_dropout: float = 0.0
    """Rate of dropped recurrent inputs."""

    def check(self):
        super().check()
        in_range("--units", self.units, 1)
        in_range("--layers", self.layers, 1)
        in_range("--embedding-size", self.embedding_size, 1)
        in_range("--dropout", self.dropout, 0, 0.95)
        in_range("--output-dropout", self.output_dropout, 0, 0.95)
        in_range("--recurrent-dropout", self.recurrent_dropout, 0, 0.95)


@dataclass(frozen=True)
class ReadingSettings(RecurrentSettings):
    """The recurrent layers of a model that reads a whole text."""

    bidirectional: bool = True
    """Whether to read in both directions."""
    word_dropout: float = 0.05
    """Rate of words that are replaced by the unknown word in training."""

    def check(self):
        super().check()
        in_range("--word-dropout", self.word_dropout, 0, 0.95)


@dataclass(frozen=True)
class TranslatorSettings(RecurrentSettings):
    """Encoder, decoder, and how translations are searched for."""

    cell: Literal["rnn", "lstm", "gru"] = "gru"
    units: int = 128
    """Size of the state of the decoder; half of it in each direction of the encoder."""
    layers: int = 1
    """Number of recurrent layers of the encoder."""
    decoder_layers: int = 2
    """Number of recurrent layers of the decoder."""
    attention: Literal["bahdanau", "general", "dot", "scaled", "none"] = "bahdanau"
    """How the decoder looks at the source."""
    input_feeding: bool = False
    """Whether the decoder reads its last output; training takes about one and a half times as long."""
    label_smoothing: float = 0.0
    """Share of the target that goes to all pieces alike."""
    scheduled_sampling: float = 0.0
    """Rate of the decoder's inputs that are its own guesses in training."""
    beam_size: int = 5
    """Hypotheses of the search; 1 is greedy."""
    length_penalty: float = 1.0
    """Exponent of the length by which scores are divided."""
    coverage_penalty: float = 0.0
    """Weight of the penalty for what nothing attended to."""
    length_ratio: float = 2.0
    """A translation has at most 10 pieces, and this many for each of the source."""

    def check(self):
        super().check()
        in_range("--decoder-layers", self.decoder_layers, 1)
        in_range("--label-smoothing", self.label_smoothing, 0, 0.95)
        in_range("--scheduled-sampling", self.scheduled_sampling, 0, 1)
        in_range("--beam-size", self.beam_size, 1)
        in_range("--length-penalty", self.length_penalty, 0)
        in_range("--coverage-penalty", self.coverage_penalty, 0)
        in_range("--length-ratio", self.length_ratio, 0)


@dataclass(frozen=True)
class LanguageModelSettings(RecurrentSettings):
    """The recurrent layers of a language model, and their regularisers (Merity et al. 2018)."""

    steps: int = 35
    """Steps of a segment, through which gradients flow; states are carried further."""
    tied: bool = True
    """Whether input and output share their embeddings."""
    hidden_dropout: float = 0.1
    """Rate of dropped features between layers."""
    embedding_dropout: float = 0.0
    """Rate of dropped words."""
    weight_dropout: float = 0.0
    """Rate of dropped entries of the recurrent kernels."""
    activation_regularization: float = 0.0
    """Weight of the mean square of the outputs in the loss."""
    temporal_activation_regularization: float = 0.0
    """Weight of the mean square of their changes from step to step."""

    def check(self):
        super().check()
        in_range("--steps", self.steps, 1)
        in_range("--hidden-dropout", self.hidden_dropout, 0, 0.95)
        in_range("--embedding-dropout", self.embedding_dropout, 0, 0.95)
        in_range("--weight-dropout", self.weight_dropout, 0, 0.95)
        in_range("--activation-regularization", self.activation_regularization, 0)
        in_range("--temporal-activation-regularization", self.temporal_activation_regularization, 0)


@dataclass(frozen=True)
class PiecesSettings(Settings):
    """The pieces that texts are cut into, of a model that writes texts again."""

    vocabulary: Literal["word", "bpe", "wordpiece", "unigram", "character"] = "word"
    """Pieces that texts are cut into."""
    vocabulary_size: int = 8000
    """The most pieces to know, four of them special."""
    at_blanks: bool = False
    """Whether words end at blanks only, in texts whose marks stand apart already."""
    lowercase: bool = False
    """Whether to fold case."""
    max_tokens: int = 60
    """Longer texts are cut to this many pieces."""

    def check(self):
        super().check()
        in_range("--vocabulary-size", self.vocabulary_size, 5)
        in_range("--max-tokens", self.max_tokens, 1)


@dataclass(frozen=True)
class VocabularySettings(Settings):
    """The words that a model knows."""

    max_tokens: int = 400
    """Longer texts are cut to this many words."""
    vocabulary_size: int = 30_000
    """The most words to know, padding and the unknown word included."""
    min_count: int = 2
    """How often a word must occur in training to be known."""

    def check(self):
        super().check()
        in_range("--max-tokens", self.max_tokens, 1)
        in_range("--vocabulary-size", self.vocabulary_size, 3)
        in_range("--min-count", self.min_count, 1)


@dataclass(frozen=True)
class RunsOfWordsSettings(VocabularySettings):
    """The words, and the runs of words, that a model knows."""

    truncation: Literal["end", "middle"] = "end"
    """What a longer text loses; "middle" keeps a third of its words from the start."""
    lowercase: bool = True
    """Whether to fold case."""
    ngrams: int = 1
    """Longest run of words with a vector of its own; 1 for words alone."""
    ngram_min_count: int = 4
    """How often a run of words must occur in training to be known."""

    def check(self):
        super().check()
        in_range("--ngrams", self.ngrams, 1, 5)
        in_range("--ngram-min-count", self.ngram_min_count, 1)


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """How to train."""

    epochs: int = 10
    """The most passes over the training split."""
    batch_size: int = 64
    """Examples in a training step."""
    optimizer: Literal["adam", "sgd", "asgd"] = "adam"
    """Adam; gradient descent; or gradient descent that averages its weights once validation stops improving."""
    learning_rate: float = 2e-3
    """Highest learning rate."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls to zero after a short warm-up; "constant" keeps it."""
    clip_norm: float = 1.0
    """Global norm to which gradients are clipped; 0 does not clip."""
    averaging: float = 0.0
    """Decay of a moving average of the weights, which are those validated and kept; 0 for none."""
    validations: int = 1
    """Validations in each pass over the training split."""
    patience: int = 3
    """Validations without a better score before training stops; with asgd before it averages, and as many after."""
    mixed_precision: Literal["no", "bfloat16", "float16"] = "no"
    """Type to compute in, with float32 weights."""
    seed: int = 1
    """Seed of the initial weights, the shuffling and the dropout."""
    tensorboard: str | None = None
    """Folder to log to for TensorBoard; needs the extra nlpseq[tensorboard]."""

    def check(self):
        super().check()
        in_range("--epochs", self.epochs, 1)
        in_range("--batch-size", self.batch_size, 1)
        in_range("--learning-rate", self.learning_rate, 1e-9, 100)
        in_range("--clip-norm", self.clip_norm, 0)
        in_range("--averaging", self.averaging, 0, 0.99999)
        if self.averaging and self.optimizer == "asgd":
            raise InputError("--averaging is a moving average and asgd another one: choose one of them.")
        in_range("--validations", self.validations, 1)
        in_range("--patience", self.patience, 1)
        in_range("--seed", self.seed, 0, 2**32 - 1)
