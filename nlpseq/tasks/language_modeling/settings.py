"""Settings of language modelling: the one place of its defaults."""

from dataclasses import dataclass
from typing import Annotated

from nlpseq.data.settings import DataSettings, SplitSettings
from nlpseq.settings import Range, Rate, Settings
from nlpseq.tasks.settings import RecurrentSettings, SubwordSettings
from nlpseq.training.settings import TrainingSettings

MOST_ADDED = 100_000  # the most tokens that are added to a prompt


@dataclass(frozen=True)
class LanguageModelSettings(RecurrentSettings):
    """The language model and its regularisers (Merity et al. 2018)."""

    units: Annotated[int, Range(1)] = 128
    """Size of the state."""
    layers: Annotated[int, Range(1)] = 1
    """Number of recurrent layers."""
    embedding_size: Annotated[int, Range(1)] = 128
    """Size of a token vector."""
    steps: Annotated[int, Range(1)] = 35
    """Steps of a segment, through which gradients flow; states are carried from one to the next."""
    tied: bool = True
    """Whether input and output share their embeddings."""
    dropout: Rate = 0.1
    """Rate of dropped features of the input."""
    hidden_dropout: Rate = 0.1
    """Rate of dropped features between layers."""
    output_dropout: Rate = 0.1
    """Rate of dropped inputs of the output layer."""
    embedding_dropout: Rate = 0.0
    """Rate of dropped words, in a whole batch."""
    weight_dropout: Rate = 0.0
    """Rate of dropped entries of the recurrent kernels."""
    activation_regularization: Annotated[float, Range(0)] = 0.0
    """Weight of the mean square of the outputs in the loss."""
    temporal_activation_regularization: Annotated[float, Range(0)] = 0.0
    """Weight of the mean square of their change from step to step in the loss."""

    def recurrent(self) -> dict:
        return {**super().recurrent(), "weight_dropout": self.weight_dropout}


@dataclass(frozen=True)
class LineSettings(SubwordSettings):
    """The tokens of the text."""

    vocabulary_size: Annotated[int, Range(5)] = 10_000
    """The most tokens in the vocabulary, four special ones included."""
    max_tokens: Annotated[int, Range(1)] = 10_000
    """The most tokens of a prompt, and of a text that is scored."""


@dataclass(frozen=True)
class LanguageModelingData(DataSettings):
    """The data to learn from, and where the result is written."""

    dataset: str = "nlpseq_phrases"
    """Name of a TFDS dataset, or path of a .txt file or of a folder of them."""
    text: str | None = None
    """Feature of a TFDS dataset that holds the text; None for the usual one."""
    output: str = "saved_models/language_model"
    """Folder in which the export gets the next free version number."""


@dataclass(frozen=True)
class SampleSettings(Settings):
    """The samples that are printed at the end."""

    prompt: str = ""
    """Text that the printed samples continue."""
    temperature: Annotated[float, Range(1e-3)] = 0.8
    """Temperature of the printed samples."""
    sample_length: Annotated[int, Range(1, MOST_ADDED)] = 40
    """The most tokens of a printed sample."""


@dataclass(frozen=True)
class LanguageModelingSettings(Settings):
    """All settings of the recipe."""

    data: LanguageModelingData = LanguageModelingData()
    training: TrainingSettings = TrainingSettings(epochs=8, batch_size=20, learning_rate=5e-3)
    model: LanguageModelSettings = LanguageModelSettings()
    tokens: LineSettings = LineSettings()
    samples: SampleSettings = SampleSettings()
    splits: SplitSettings = SplitSettings()


# The settings that are the defaults of a dataset; its help shows them.
PRESETS = {
    # These two do not fit in memory, nor in an hour.
    "lm1b": {"train_split": "train[:1%]", "test_split": "test[:10%]"},
    "wiki40b": {"train_split": "train[:1%]", "validation_split": "validation[:5%]", "test_split": "test[:5%]"},
    "ptb": {
        "pretokenized": True,
        "vocabulary_size": 10_004,
        "units": 512,
        "embedding_size": 256,
        "dropout": 0.3,
        "output_dropout": 0.4,
        "learning_rate": 2e-3,
        "epochs": 7,
    },
    "tiny_shakespeare": {
        "vocabulary": "character",
        "units": 512,
        "embedding_size": 64,
        "output_dropout": 0.3,
        "batch_size": 32,
        "steps": 100,
        "learning_rate": 3e-3,
        "epochs": 8,
        "sample_length": 300,
    },
}
