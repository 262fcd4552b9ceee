"""What a forecaster knows of the series that it reads: names, steps, seasons, scales of covariates."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from nlpseq.tasks.forecasting import smoothing

UNKNOWN = ""  # an item or a text that training has not seen


@keras.saving.register_keras_serializable("nlpseq")
class SeriesPreprocessor:
    """The description of series from which the inputs and outputs of a forecaster follow.

    Args:
        horizon: Steps of a forecast.
        context: Steps of the past that are read.
        seasons: Lengths of seasons in steps, the shortest first; may be empty.
        frequency: Name of the step as of `nlpseq.data.Frequency.name`; "" for steps that are only counted.
        past: Names of covariates that are known up to the present only.
        known: Names of covariates that are known over the horizon too.
        means, deviations: Of the covariates, `past` first, in training.
        items: Names of the series that have a vector of their own; may be empty.
        statics: Names of the texts of a series, with the texts of training.
        domain: "real", "positive" (no forecast is below zero) or "count" (quantiles are whole numbers too).
        base: Logits of the base forecasts at each step, `(horizon, bases)`; None for equal ones.
        spreads: Distances between quantiles of the errors of the base, `(horizon, quantiles - 1)`, in units of the
            scale of a window; None for equal ones.
        season: Length of the season of the scores, 1 for none.
        span: Seconds that training has seen, as of `nlpseq.tasks.forecasting.calendar.phases`.

    Example:

    >>> SeriesPreprocessor(horizon=4, context=8, seasons=(4,)).base_names[:4]
    ['last', 'level', 'season 4', 'mean of season 4']
    >>> SeriesPreprocessor(horizon=4, context=8, seasons=(4,)).base_names[4:6]
    ['mean of season 4 at the level of the last 1', 'season 4 and its growth']
    """

    def __init__(
        self,
        horizon: int,
        context: int,
        seasons: Sequence[int] = (),
        frequency: str = "",
        past: Sequence[str] = (),
        known: Sequence[str] = (),
        means: Sequence[float] = (),
        deviations: Sequence[float] = (),
        items: Sequence[str] = (),
        statics: dict[str, list[str]] | None = None,
        domain: str = "real",
        base: Any = None,
        spreads: Any = None,
        season: int = 1,
        span: int | None = None,
    ):
        self.horizon, self.context, self.season, self.span = horizon, context, season, span
        self.seasons = [length for length in seasons if 1 < length <= context]
        self.frequency, self.domain = frequency, domain
        self.past, self.known, self.items = list(past), list(known), list(items)
        self.statics = {name: list(texts) for name, texts in (statics or {}).items()}
        count = len(self.past) + len(self.known)
        self.means = np.array(means if len(means) else np.zeros(count), float)
        self.deviations = np.array(deviations if len(deviations) else np.ones(count), float)
        self.base = None if base is None else np.array(base, np.float32)
        self.spreads = None if spreads is None else np.array(spreads, np.float32)

    @property
    def base_names(self) -> list[str]:
        """The names of the base forecasts."""
        names = ["last", "level"]
        for shorter, length in zip([1, *self.seasons], self.seasons):
            mean = f"mean of season {length}"
            names += [f"season {length}", mean]
            names += [f"{mean} at the level of the last {steps}" for steps in sorted({1, shorter})]
            names += [f"{mean} and errors of season {shorter}"] * (shorter > 1)
            names += [f"season {length} and its growth"] * (2 * length <= self.context)
        return names + smoothing.names(self.seasons, self.context)

    @property
    def read(self) -> list[str]:
        """The inputs of the signature "forecast" beside values and mask."""
        features = {"times": self.has_times, "past": self.past, "known": self.known}
        return [name for name, is_read in {**features, "item": self.items, "static": self.statics}.items() if is_read]

    @property
    def has_times(self) -> bool:
        """Whether steps have times, which the model reads as a calendar."""
        return bool(self.frequency)

    def numbers(self, names: Sequence[str], vocabulary: Sequence[str]) -> np.ndarray:
        """The number of each name, from 1; 0 for one that is not known, int32."""
        places = {name: number for number, name in enumerate(vocabulary, start=1)}
        return np.array([places.get(name, 0) for name in names], np.int32)

    def get_config(self) -> dict[str, Any]:
        lists = {name: None if value is None else value.tolist() for name, value in (
            ("means", self.means), ("deviations", self.deviations), ("base", self.base), ("spreads", self.spreads),
        )}  # fmt: skip
        plain = (
            "horizon", "context", "seasons", "frequency", "past", "known", "items", "statics", "domain", "season",
            "span",
        )  # fmt: skip
        return {**{name: getattr(self, name) for name in plain}, **lists}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SeriesPreprocessor":
        return cls(**config)
