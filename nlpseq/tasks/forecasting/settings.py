"""Settings of forecasting: arguments of the task and flags of the recipe."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.errors import InputError
from nlpseq.settings import AUTO, OPEN, Range, Rate, Settings
from nlpseq.tasks.settings import EnsembleSettings
from nlpseq.training.settings import TrainingSettings

PASS = 20_000  # windows of a pass over the training split, at most
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


@dataclass(frozen=True)
class ForecasterSettings(Settings):
    """The forecaster."""

    method: Literal["direct", "steps"] = "direct"
    """Quantiles of the whole horizon at once; or a distribution step by step, from which paths are sampled."""
    cell: Annotated[Literal["rnn", "lstm", "gru"], OPEN] = "gru"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(1), AUTO] = 64
    """Size of the state."""
    layers: Annotated[int, Range(1), AUTO] = 1
    """Number of recurrent layers."""
    patch: Annotated[int, Range(1), AUTO] = 1
    """Steps that the direct method reads in one step of the recurrent layer."""
    hidden: Annotated[int, Range(1), AUTO] = 128
    """Units of the layers between the state and the forecast of the direct method."""
    item_size: Annotated[int, Range(0), AUTO] = 0
    """Size of the vector of each series and of each static text; 0 for none."""
    dropout: Annotated[Rate, AUTO] = 0.1
    """Dropout rate of the inputs of the layers."""
    recurrent_dropout: Rate = 0.0
    """Dropout rate of the recurrent state, with one mask per sequence."""
    outliers: Annotated[Rate, AUTO] = 0.0
    """Rate of training windows in which a season of the past is damaged, so that odd days do not carry over."""
    distribution: Annotated[Literal["student", "negative_binomial"], AUTO] = "student"
    """Distribution of a step of the method "steps": Student's t, or negative binomial for counts."""
    paths: Annotated[int, Range(2)] = 200
    """Paths that the method "steps" samples for a forecast."""
    quantiles: tuple[float, ...] = QUANTILES
    """Quantiles that are forecast, in ascending order, 0.5 among them."""

    def check(self) -> None:
        super().check()
        quantiles = tuple(self.quantiles)
        if 0.5 not in quantiles or list(quantiles) != sorted(set(quantiles)) or not all(0 < q < 1 for q in quantiles):
            raise InputError(f"`quantiles` must ascend between 0 and 1 and contain 0.5, got {quantiles}.")

    def recurrent(self) -> dict:
        """The arguments of `nlpseq.tasks.recurrent.recurrent_layers`."""
        names = ("cell", "units", "layers", "recurrent_dropout")
        return {**{name: getattr(self, name) for name in names}, "bidirectional": False}


@dataclass(frozen=True)
class SeriesSettings(Settings):
    """What is forecast, from what."""

    horizon: Annotated[int, Range(1), AUTO] = 24
    """Steps of a forecast."""
    context: Annotated[int, Range(1), AUTO] = 96
    """Steps of the past that are read."""
    season: Annotated[int, Range(1), AUTO] = 1
    """Steps of the main season, which the scores and the seasonal naive forecast use; 1 for none."""
    windows: Annotated[int, Range(1)] = 1
    """Windows of a horizon each, one after another at the end of the series, on which the model is tested."""
    domain: Annotated[Literal["real", "positive", "count"], AUTO] = "real"
    """Whether values may be negative, are never negative, or are counts."""


@dataclass(frozen=True)
class ForecastingData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_series"
    """Name of a TFDS dataset, or path of a CSV, Parquet or JSON lines file, or folder of a train and a test file."""
    time: str | None = None
    """Column of the times; None for one with a usual name, or steps that are only counted."""
    item: str | None = None
    """Column of the name of the series, or several separated by commas; None for those with usual names."""
    value: str | None = None
    """Column of the values; None for one with a usual name, or for wide tables."""
    covariates: str | None = None
    """Columns that are read beside the values, separated by commas, or "none"; None for all others."""
    known: str | None = None
    """Those of the covariates that are known over the horizon too, or "none"; None to find out."""
    frequency: str | None = None
    """Step of the times as of pandas, such as h, 30min, D, W, MS; None to find it out."""
    time_zone: str | None = None
    """Time zone of the times, such as Europe/Paris; None for that of the file."""
    duplicates: Literal["error", "first", "last", "mean", "sum"] = "error"
    """What is done with different values of one series at one time."""
    output: str = "saved_models/forecasting"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class IntervalSettings(Settings):
    """What is done with the quantiles after training."""

    free = True

    conformal: bool = True
    """Whether the distances of quantiles from the median are corrected on validation windows."""


@dataclass(frozen=True)
class ForecastingSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: ForecastingData = ForecastingData()
    series: SeriesSettings = SeriesSettings().unset()
    training: TrainingSettings = TrainingSettings().unset()
    model: ForecasterSettings = ForecasterSettings().unset()
    intervals: IntervalSettings = IntervalSettings()
    networks: EnsembleSettings = EnsembleSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()

    def check(self) -> None:
        super().check()
        if self.model.method == "steps" and self.data.formats != "saved_model":
            raise InputError(
                f"forecasts of `method` steps have the format saved_model only, got `formats` {self.data.formats}."
            )
        if self.training.mixed_precision != "no":
            raise InputError("`mixed_precision` must be no: forecasts are computed in float32, and scales in float64.")

    def reading(self) -> dict:
        """The arguments of `nlpseq.data.load_series` beside the dataset."""
        names = ("time", "item", "value", "covariates", "known", "frequency", "time_zone", "duplicates")
        columns = {name: getattr(self.data, name) for name in names}
        splits = self.splits.loading()
        return {**columns, **self.files.flat(), **splits}
