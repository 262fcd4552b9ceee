"""Settings of the classification of sequences, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.errors import InputError
from nlpseq.settings import AUTO, OPEN, Range, Settings
from nlpseq.tasks.settings import Cell, CellSettings, ScoreSettings, check_class_weights
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class SequenceSettings(CellSettings):
    """The classifier."""

    cell: Annotated[Cell, OPEN, AUTO] = "lstm"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    layers: Annotated[int, Range(0), AUTO] = 1
    """Number of recurrent layers; with 0 the frames are pooled without their order."""
    bidirectional: bool = True
    """Whether the recurrent layers run in both directions; a model of one direction also answers frame by frame."""
    pooling: Annotated[Literal["last", "max", "mean", "max_mean", "attention"], AUTO] = "max_mean"
    """How the outputs of all time steps are pooled into one vector."""
    scaling: Annotated[Literal["channel", "sequence", "none"], AUTO] = "channel"
    """Whether channels are standardised by training data; with "sequence" place and size of each sequence count not."""
    derived: Annotated[Literal["none", "differences"], AUTO] = "none"
    """Features that the model reads beside the frames: the differences of neighbouring ones, or none."""
    filters: Annotated[int, Range(1), AUTO] = 16
    """Filters of the first convolution of pictures; each later one has twice as many."""
    frame_size: Annotated[int, Range(1), AUTO] = 64
    """Size of the vector of a picture, which the recurrent layers read."""
    warp: Annotated[float, Range(0, 1), AUTO] = 0.0
    """How much channels are mixed at random in training, in each sequence otherwise: strokes turned and sheared."""
    noise: Annotated[float, Range(0, 1), AUTO] = 0.0
    """Standard deviation of the noise that is added to standardised frames in training."""
    class_weights: Annotated[Literal["none", "balanced"], OPEN] = "none"
    """Whether all classes count alike in the loss, however rare; in Python also a weight by label, others have 1."""

    def check(self) -> None:
        super().check()
        if self.layers == 0 and self.pooling == "last":
            raise InputError("`pooling` last needs recurrent layers: choose another, or `layers` of 1 or more.")
        check_class_weights(self.class_weights)


@dataclass(frozen=True)
class ClipReading(Settings):
    """How clips are read."""

    free = True

    sequence: str | None = None
    """Column that tells which rows are one sequence, several separated by commas; None for a usual name."""
    label: str | None = None
    """Column or feature of the label; None for a usual name."""
    time: str | None = None
    """Column by which the rows of a sequence are sorted; None for a usual name, or the order of the file."""
    channels: str | None = None
    """Columns that are read, separated by commas, or how many stand side by side where each row is a sequence."""
    picture_size: Annotated[int, Range(4)] = 64
    """Rows and columns of pictures, at most; larger ones are made smaller."""
    stride: Annotated[int, Range(1)] = 1
    """Every how many frames one is read."""
    max_frames: Annotated[int, Range(1)] = 2000
    """Longer sequences are cut to this many frames."""


@dataclass(frozen=True)
class ClipData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_motion"
    """Name of a TFDS dataset, or path of a file of sequences, or of a folder of files or of clips by class."""
    output: str = "saved_models/clips"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class ComparisonSettings(ScoreSettings):
    """What is done with the scores, and what the classifier is compared with."""

    bag_of_frames: Annotated[Literal["yes", "no"], AUTO] = "no"
    """Whether a model is trained too that reads the frames without their order."""


@dataclass(frozen=True)
class ClipSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: ClipData = ClipData()
    training: TrainingSettings = TrainingSettings().unset()
    model: SequenceSettings = SequenceSettings().unset()
    reading: ClipReading = ClipReading()
    comparison: ComparisonSettings = ComparisonSettings().unset()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()
