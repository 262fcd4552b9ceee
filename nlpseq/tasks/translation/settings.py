"""Settings of translation: the one place of its defaults."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, SplitSettings
from nlpseq.errors import InputError
from nlpseq.settings import OPEN, Range, Rate, Settings
from nlpseq.tasks.settings import RecurrentSettings, SubwordSettings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class TranslatorSettings(RecurrentSettings):
    """The encoder, the decoder and the search."""

    cell: Annotated[Literal["rnn", "lstm", "gru"], OPEN] = "gru"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(2)] = 128
    """Size of the state of the decoder; half of it in each direction of the encoder."""
    layers: Annotated[int, Range(1)] = 1
    """Number of recurrent layers of the encoder."""
    decoder_layers: Annotated[int, Range(1)] = 2
    """Number of recurrent layers of the decoder."""
    attention: Literal["bahdanau", "general", "dot", "scaled", "none"] = "bahdanau"
    """How the decoder attends to the source."""
    input_feeding: bool = False
    """Whether the decoder reads its last output; training takes about one and a half times as long."""
    dropout: Rate = 0.05
    """Rate of dropped inputs of the recurrent layers."""
    output_dropout: Rate = 0.0
    """Rate of dropped inputs of the output layer."""
    label_smoothing: Rate = 0.0
    """Share of the target probability that is spread over all tokens."""
    scheduled_sampling: Annotated[float, Range(0, 1)] = 0.0
    """Rate of decoder inputs that are the model's own predictions in training."""
    beam_size: Annotated[int, Range(1)] = 5
    """Hypotheses of the beam search; 1 is greedy search."""
    length_penalty: Annotated[float, Range(0)] = 1.0
    """Exponent of the length by which scores are divided."""
    coverage_penalty: Annotated[float, Range(0)] = 0.0
    """Weight of the penalty for source tokens without attention."""
    length_ratio: Annotated[float, Range(0)] = 2.0
    """A translation has at most 10 tokens, and this many for each source token."""

    def check(self) -> None:
        super().check()
        if self.attention == "none" and self.coverage_penalty:
            raise InputError("`coverage_penalty` requires `attention`: choose an attention, or leave the penalty at 0.")
        if self.attention in ("dot", "scaled") and self.units % 2:
            raise InputError(f"`attention` {self.attention!r} needs an even number of `units`, got {self.units}.")


@dataclass(frozen=True)
class PairSettings(SubwordSettings):
    """The tokens of both languages."""

    vocabulary_size: Annotated[int, Range(5)] = 8000
    """The most tokens, of each language or of both together, four special ones included."""
    joint: bool = False
    """Whether both languages share their tokens and embeddings."""
    max_tokens: Annotated[int, Range(2)] = 60
    """Longer texts are truncated to this many tokens, the end symbol included."""


@dataclass(frozen=True)
class TranslationData(DataSettings):
    """The data to learn from, and where the result is written."""

    dataset: str = "nlpseq_phrases"
    """Name of a TFDS dataset, or path of a folder of <language>.<split>.txt files, or of a .tsv file."""
    source: str | None = None
    """Language to translate from, a feature or column; None for the usual one."""
    target: str | None = None
    """Language to translate to, a feature or column; None for the usual one."""
    output: str = "saved_models/translation"
    """Folder in which the export gets the next free version number."""


@dataclass(frozen=True)
class TranslationSettings(Settings):
    """All settings of the recipe."""

    data: TranslationData = TranslationData()
    training: TrainingSettings = TrainingSettings(epochs=6, batch_size=32, learning_rate=4e-3)
    model: TranslatorSettings = TranslatorSettings()
    tokens: PairSettings = PairSettings()
    splits: SplitSettings = SplitSettings()


# The settings that are the defaults of a dataset; its help shows them.
_SCAN = {"pretokenized": True, "units": 200, "length_ratio": 6.0, "epochs": 10, "learning_rate": 2e-3}
PRESETS = {
    "scan/simple": _SCAN,
    "scan/length": _SCAN,
    "multi30k": {
        "vocabulary": "bpe",
        "vocabulary_size": 6000,
        "joint": True,
        "units": 384,
        "embedding_size": 256,
        "dropout": 0.4,
        "output_dropout": 0.4,
        "label_smoothing": 0.1,
        "epochs": 11,
        "batch_size": 64,
        "averaging": 0.998,
        "learning_rate": 2e-3,
    },
}
