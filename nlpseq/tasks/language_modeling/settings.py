"""Settings of language modelling, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.settings import AUTO, Range, Rate, Replaces, Settings
from nlpseq.tasks.settings import CorpusSettings, EnsembleSettings, RecurrentSettings, SubwordSettings
from nlpseq.training.settings import TrainingSettings

MOST_ADDED = 100_000  # maximum number of tokens that are generated for a prompt


@dataclass(frozen=True)
class LanguageModelSettings(RecurrentSettings):
    """The language model and its regularizers (Merity et al. 2018)."""

    units: Annotated[int, Range(1), AUTO] = 128
    """Size of the state."""
    layers: Annotated[int, Range(1), AUTO] = 1
    """Number of recurrent layers."""
    embedding_size: Annotated[int, Range(1), AUTO] = 128
    """Size of the token embeddings."""
    steps: Annotated[int, Range(1), AUTO] = 35
    """Length of the segments of truncated backpropagation; states are carried between segments."""
    tied: bool = True
    """Whether input and output share their embeddings."""
    dropout: Annotated[Rate, AUTO] = 0.1
    """Dropout rate of the input features."""
    hidden_dropout: Annotated[Rate, AUTO] = 0.1
    """Dropout rate of the features between layers."""
    output_dropout: Annotated[Rate, AUTO] = 0.1
    """Dropout rate of the inputs of the output layer."""
    embedding_dropout: Rate = 0.0
    """Rate of words that are dropped everywhere in a batch."""
    weight_dropout: Rate = 0.0
    """Dropout rate of the entries of the recurrent kernels."""
    activation_regularization: Annotated[float, Range(0)] = 0.0
    """Weight in the loss of the mean squared output."""
    temporal_activation_regularization: Annotated[float, Range(0)] = 0.0
    """Weight in the loss of the mean squared difference of successive outputs."""


@dataclass(frozen=True)
class DynamicSettings(Settings):
    """Dynamic evaluation: the model adapts to the text while it reads it."""

    free = True

    dynamic_rate: Annotated[float, Range(0)] = 0.0003
    """Rate of the adaptation; 0 for static evaluation."""
    dynamic_decay: Annotated[float, Range(0, 1)] = 0.002
    """Rate of the return to the trained weights, after each segment."""
    dynamic_steps: Annotated[int, Range(1)] = 10
    """Length of the segments, after each of which the model adapts."""


@dataclass(frozen=True)
class EvaluationSettings(DynamicSettings):
    """The evaluation on the validation and test splits."""

    dynamic_evaluation: bool = False
    """Whether to evaluate also with weights that adapt to the text while it is read (Krause et al. 2018)."""

    def dynamic(self) -> dict:
        """The arguments of `DynamicEvaluation`."""
        return {name: value for name, value in self.flat().items() if name != "dynamic_evaluation"}


@dataclass(frozen=True)
class LineSettings(SubwordSettings):
    """The tokens of the text."""

    vocabulary_size: Annotated[int, Range(5)] = 10_000
    """Maximum size of the vocabulary, including four special tokens."""
    max_tokens: Annotated[int, Range(1)] = 10_000
    """Maximum number of tokens of a prompt, and of a scored text."""


@dataclass(frozen=True)
class PreparingSettings(LineSettings, CorpusSettings):
    """How `nlpseq prepare` turns a corpus that does not fit in memory into ids."""


@dataclass(frozen=True)
class LanguageModelingData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_phrases"
    """Name of a TFDS dataset, or path: a text, a table with a column of texts, or a folder of such files or of
    chapters."""
    text: str | None = None
    """Feature or column of the text; None for the default of the dataset."""
    prepared: Annotated[
        str | None, Replaces.of(("dataset", "text"), FileSettings(), SplitSettings(), LineSettings())
    ] = None
    """Folder that `nlpseq prepare` wrote, in place of the dataset; its vocabulary and its ids are read."""
    output: str = "saved_models/language_model"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class SampleSettings(Settings):
    """The samples printed after training."""

    free = True

    prompt: str = ""
    """Prompt of the printed samples."""
    temperature: Annotated[float, Range(1e-3)] = 0.8
    """Sampling temperature of the printed samples."""
    sample_length: Annotated[int, Range(1, MOST_ADDED), AUTO] = 40
    """Maximum number of tokens of a printed sample."""


@dataclass(frozen=True)
class LanguageModelingSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: LanguageModelingData = LanguageModelingData()
    training: TrainingSettings = TrainingSettings().unset()
    model: LanguageModelSettings = LanguageModelSettings().unset()
    tokens: LineSettings = LineSettings()
    networks: EnsembleSettings = EnsembleSettings().unset()
    samples: SampleSettings = SampleSettings().unset()
    evaluation: EvaluationSettings = EvaluationSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()


# What the name of a dataset tells, which the help of the recipe shows.
PRESETS = {
    # The whole of these two datasets does not fit in memory.
    "lm1b": {"train_split": "train[:1%]", "test_split": "test[:10%]"},
    "wiki40b": {"train_split": "train[:1%]", "validation_split": "validation[:5%]", "test_split": "test[:5%]"},
    "ptb": {"pretokenized": True, "vocabulary_size": 10_004},
    "tiny_shakespeare": {"vocabulary": "character"},
}
