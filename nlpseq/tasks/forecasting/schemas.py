"""Features of known datasets of series."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesSchema:
    """How to read a dataset of series.

    Attributes:
        time: Name of the feature of the times, or of the time of the first value where a row is a series.
        item: Names of the features that name the series together, separated by commas.
        value: Name of the feature of the values: a number, or a sequence where a row is a series.
        covariates: Names of the features that are read beside them, separated by commas; None for all numbers.
        known: Those that are known over the horizon, separated by commas.
        frequency: Step of the times; None to find it out.
        train: TFDS split.
        generated: Whether the series are generated.
    """

    time: str | None = None
    item: str | None = None
    value: str | None = None
    covariates: str | None = None
    known: str | None = None
    frequency: str | None = None
    train: str = "train"
    generated: bool = False


SERIES = {
    "nlpseq_series": SeriesSchema(
        "start", "item", "value", "red,blue,promotion", "promotion", frequency="D", generated=True
    ),
    "covid19": SeriesSchema("date", "country", "new_confirmed_cases", "none"),
}
