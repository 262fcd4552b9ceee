"""Settings of anomaly detection, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.settings import AUTO, OPEN, Range, Rate, Settings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class DetectorSettings(Settings):
    """The detector."""

    method: Literal["predictor", "autoencoder"] = "predictor"
    """Whether the network predicts the next values, or reconstructs the last ones from one vector."""
    cell: Annotated[Literal["rnn", "lstm", "gru"], OPEN] = "gru"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(1), AUTO] = 32
    """Size of the state."""
    layers: Annotated[int, Range(1), AUTO] = 1
    """Number of recurrent layers."""
    dropout: Annotated[Rate, AUTO] = 0.0
    """Dropout rate of the inputs of the output layer."""
    components: Annotated[int, Range(1)] = 5
    """Components of the mixture distribution of the values."""
    steps: Annotated[int, Range(2), AUTO] = 100
    """Steps of the segments that a predictor is trained on; an autoencoder reconstructs the last `window` ones."""
    window: Annotated[int, Range(2)] = 24
    """Steps that an autoencoder reconstructs."""
    memory: Annotated[int, Range(10)] = 2000
    """Steps over which the running statistics of a series are taken, about."""
    smoothing: Annotated[int, Range(2)] = 75
    """Steps over which the running level of a series is taken, about."""
    season: Annotated[int, Range(0), AUTO] = 0
    """Steps of a day, for series whose times are not known; 0 for none."""
    longest_season: Annotated[int, Range(1), AUTO] = 300
    """Longest day in steps; of series with a longer one the day before is not remembered."""
    rest: Annotated[int, Range(0)] = 80
    """Steps after an alarm in which only a higher score is an alarm."""
    warm_up: Annotated[int, Range(0), AUTO] = 100
    """First steps of a series, which are not alarms."""


@dataclass(frozen=True)
class AnomalyData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_sensors"
    """Name of a TFDS dataset, or path of a table of numbers, of a folder of tables, or of a folder as of NAB."""
    time: str | None = None
    """Column of the times; None to find it out."""
    values: str | None = None
    """Columns of the values, separated by commas; None for all columns of numbers."""
    label: str | None = None
    """Column of the labels, 0 or 1, or "none"; None to find it out."""
    training_share: Annotated[float, Range(0.01, 0.99), AUTO] = 0.5
    """First part of a series that is learnt from, of data without a test split."""
    output: str = "saved_models/anomalies"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class ThresholdSettings(Settings):
    """When a score is an alarm."""

    threshold: Literal["auto", "labels", "rate"] = "auto"
    """Chosen by the labels of the validation split, or a rate of false alarms; "auto" by labels if there are some and
    no rate is given."""
    false_alarms: Annotated[float | None, Range(0)] = None
    """Wished alarms in 1,000 steps of normal operation, at most; None for those of a score of 1 or more."""


@dataclass(frozen=True)
class AnomalySettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: AnomalyData = AnomalyData().unset()
    training: TrainingSettings = TrainingSettings().unset()
    model: DetectorSettings = DetectorSettings().unset()
    alarms: ThresholdSettings = ThresholdSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()
