"""Settings of speech recognition, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, SplitSettings
from nlpseq.errors import InputError
from nlpseq.settings import AUTO, FREE, OPEN, Range, Rate, Settings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class FeatureSettings(Settings):
    """What the model hears."""

    sample_rate: Annotated[int, Range(1000, 192_000), AUTO] = 16_000
    """Samples a second; sounds of other rates are converted."""
    bands: Annotated[int, Range(1, 256), AUTO] = 40
    """Number of mel bands."""
    window: Annotated[float, Range(0.001, 1)] = 0.025
    """Seconds of a frame."""
    hop: Annotated[float, Range(0.001, 1)] = 0.01
    """Seconds from one frame to the next."""
    preemphasis: Annotated[float, Range(0, 1)] = 0.97
    """How much of the sample before is subtracted from each sample; 0 for none."""
    normalization: Annotated[Literal["utterance", "running", "none"], AUTO] = "utterance"
    """Mean and variance of the bands over the whole utterance, or over what has been heard so far, which can stream."""
    deltas: bool = False
    """Whether the changes of the bands are features too."""
    subsampling: Annotated[Literal["stack", "convolution", "bands"], AUTO] = "convolution"
    """How frames become steps: put side by side; by a strided convolution over three times as many; or by one that is
    over neighbouring bands as well, for the voices of many speakers."""
    stack: Annotated[int, Range(1, 20), AUTO] = 3
    """Frames a step."""
    filters: Annotated[int, Range(1)] = 128
    """Filters of the convolution: what it passes on."""
    band_filters: Annotated[int, Range(1)] = 32
    """Filters over neighbouring bands."""

    def check(self) -> None:
        super().check()
        if self.window < self.hop:
            raise InputError(f"`window` must be at least as long as `hop`, got {self.window} and {self.hop} seconds.")


@dataclass(frozen=True)
class AugmentationSettings(Settings):
    """How sounds are changed at random in training."""

    speed: Annotated[float, Range(0, 0.5), AUTO] = 0.1
    """Greatest change of the speed, and with it of the pitch, as a share."""
    warp: Annotated[float, Range(0, 0.5), AUTO] = 0.1
    """Greatest change of the frequencies alone, as of longer and shorter vocal tracts, as a share."""
    noise: Annotated[Rate, AUTO] = 0.5
    """Share of utterances with white noise, of 5 to 40 decibels below the sound."""
    equalization: Annotated[float, Range(0, 40), AUTO] = 0.0
    """Decibels by which the level and the balance of the bands change, as of other microphones; for models that are
    normalized by what has been heard so far."""
    frequency_masks: Annotated[int, Range(0, 10), AUTO] = 2
    """Number of masks over neighbouring bands (SpecAugment)."""
    time_masks: Annotated[int, Range(0, 20), AUTO] = 2
    """Number of masks over neighbouring frames (SpecAugment)."""
    splice: Annotated[Rate, AUTO] = 0.0
    """Share of utterances that are joined to strings of two to seven, with pauses."""


@dataclass(frozen=True)
class RecognizerSettings(Settings):
    """The recognizer."""

    cell: Annotated[Literal["rnn", "lstm", "gru"], OPEN] = "lstm"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(1), AUTO] = 128
    """Size of the state in each direction."""
    layers: Annotated[int, Range(1), AUTO] = 2
    """Number of recurrent layers."""
    bidirectional: bool = True
    """Whether the recurrent layers run in both directions; without, the model can answer while it listens."""
    lookahead: Annotated[float, Range(0, 10), AUTO] = 0.0
    """Seconds behind each step that its answer depends on, by a convolution over the outputs of the recurrent layers;
    for models that read forward, which answer so much later."""
    dropout: Annotated[Rate, AUTO] = 0.2
    """Dropout rate of the inputs of the recurrent layers."""
    output_dropout: Annotated[Rate, AUTO] = 0.2
    """Dropout rate of the inputs of the output layer."""
    recurrent_dropout: Rate = 0.0
    """Dropout rate of the recurrent state, with one mask per sequence."""
    beam_size: Annotated[int, Range(1, 1000), AUTO] = 8
    """Number of texts that the search keeps; 1 for the best path alone, which can be given while it is heard."""
    n_best: Annotated[int, Range(1, 100)] = 5
    """Number of texts of the signature nbest."""
    features: FeatureSettings = FeatureSettings()
    augmentation: AugmentationSettings = AugmentationSettings()

    def recurrent(self) -> dict:
        """The arguments of `nlpseq.tasks.recurrent.recurrent_layers`."""
        names = ("cell", "units", "layers", "recurrent_dropout", "bidirectional")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class UnitSettings(Settings):
    """The units of texts."""

    vocabulary: Annotated[Literal["character", "word", "bpe", "wordpiece", "unigram"], AUTO] = "character"
    """Kind of units that are recognized."""
    vocabulary_size: Annotated[int, Range(5)] = 1000
    """Maximum number of units, including four special ones."""

    def learning(self) -> dict:
        """The arguments of `nlpseq.text.SubwordTokenizer.learn`."""
        return {"kind": self.vocabulary, "size": self.vocabulary_size}


@dataclass(frozen=True)
class SpeechDataSettings(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_morse"
    """Name of a TFDS dataset, or path of a folder of sounds with their texts, or of a table of both."""
    pattern: str | None = None
    """Names of files that contain their text, such as "{label}_{speaker}_{number}"; None for other folders."""
    texts: str | None = None
    """Texts by label, such as "0=zero,1=one"; None for the labels themselves."""
    lowercase: bool = True
    """Whether texts are converted to lower case."""
    group: str | None = None
    """Field whose values are held out as a whole, such as speaker, or none; None for the speakers if there are ten."""
    validation_where: str | None = None
    """Which recordings are for validation, such as "speaker=anna"."""
    test_where: str | None = None
    """Which recordings are for the test, such as "speaker=ben" or "number=0-4"."""
    encoding: str | None = None
    """Encoding of tables and texts; None for UTF-8, or that of a byte-order mark."""
    output: str = "saved_models/speech"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class LanguageScores(Settings):
    """The language model of the search."""

    language_model: Annotated[str, FREE, AUTO] = "none"
    """Export of the recipe language_model with the same units, "ngram" for n-grams of the training texts, or "none"."""
    language_weight: Annotated[float, FREE, Range(0)] = 0.5
    """Weight of its log-probability (shallow fusion)."""
    word_bonus: Annotated[float, FREE, AUTO] = 0.0
    """What each space between words adds to the score."""
    order: Annotated[int, FREE, Range(1, 8)] = 6
    """Most units of an n-gram."""


@dataclass(frozen=True)
class SpeechSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: SpeechDataSettings = SpeechDataSettings()
    training: TrainingSettings = TrainingSettings().unset()
    model: RecognizerSettings = RecognizerSettings().unset()
    units_of_text: UnitSettings = UnitSettings().unset()
    search: LanguageScores = LanguageScores().unset()
    splits: SplitSettings = SplitSettings()
