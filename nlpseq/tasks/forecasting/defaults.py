"""The defaults of forecasting that follow the data: horizon, season, context, and the size of the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.data.notes import say_notes
from nlpseq.data.series import Frequency
from nlpseq.tasks.forecasting.settings import PASS, SeriesSettings
from nlpseq.tasks.profile import clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.forecasting.data import ForecastingSeries
    from nlpseq.tasks.forecasting.splits import SplitSeries

HORIZONS = {"h": 24, "D": 14, "W": 8, "MS": 12, "QS": 8, "YS": 6, "B": 10}  # by the name of the frequency
MOST_AHEAD = 96  # steps of a horizon of a day
COUNTED = 12  # steps of a horizon where nothing is known
DETECTED = (4, 5, 7, 12, 24, 48, 52, 60, 96, 144, 168, 288, 336)  # lengths of seasons that are looked for
CORRELATION = 0.2  # of differences a season apart, from which there is a season
LONGEST = 800  # steps of a season, at most
READ = 1344  # steps of the past, at most
OFTEN = 12  # of its longest season, from which the past of hours, minutes and counted steps holds four
PATCHES = 28  # steps of the recurrent layer, about
WINDOWS_READ = 300_000  # in training, at most
MANY = 20  # series that have vectors of their own; of fewer a small network learns with strong dropout
SAMPLE = 200  # series that are looked at
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "cell": Among("gru", "lstm"),
    "units": Times(0.5, 2),
    "hidden": Times(0.5, 2),
    "layers": Among(1, 2),
    "context": Times(0.5, 2),
    "patch": Times(0.5, 2),
    "dropout": Between(0.0, 0.4),
}  # what `nlpseq search` tries; horizon, season and domain, which decide what is measured, stay as chosen


@dataclass(frozen=True)
class SeriesProfile:
    """What the defaults are chosen from.

    Attributes:
        frequency: The step.
        series: Number of series.
        length: The median number of steps of a series, without a test part.
        seasons: Lengths of seasons that its frequency suggests, or that were found.
        ahead: Steps of the test part, or those that the file says are to be forecast; 0 if neither is known.
        lowest: The least value.
        whole: Whether all values are whole numbers.
        zeros: The share of zeros.
    """

    frequency: Frequency
    series: int
    length: int
    seasons: tuple[int, ...]
    ahead: int
    lowest: float
    whole: bool
    zeros: float


def profile(data: ForecastingSeries) -> SeriesProfile:
    """The profile of series."""
    histories = data.histories()
    sample = histories[:: max(1, len(histories) // SAMPLE)]
    values = np.concatenate([part[np.isfinite(part)] for part in sample])
    length = int(np.median([len(part) for part in histories]))
    seasons = data.frequency.seasons() if data.frequency.unit else found_seasons(sample)
    return SeriesProfile(
        data.frequency,
        len(histories),
        length,
        tuple(seasons),
        max(data.ahead.values(), default=0) or data.table.horizon,
        float(values.min()),
        bool((values == np.round(values)).all()),
        float((values == 0).mean()),
    )


def found_seasons(series: list[np.ndarray]) -> tuple[int, ...]:
    """Lengths of seasons by the correlation of differences, of series whose steps have no times.

    >>> found_seasons([np.sin(2 * np.pi * np.arange(200) / 24)])
    (24, 48)
    """
    scores = {length: _correlation(series, length) for length in DETECTED}
    candidates = [length for length in DETECTED if scores[length] > CORRELATION and _is_peak(series, length, scores)]
    if not candidates:
        return ()
    first = next(length for length in candidates if scores[length] > 0.6 * max(scores[other] for other in candidates))
    later = [length for length in candidates if length > first and length % first == 0]
    week = [length for length in later if length == 7 * first]
    return (first, *(week or later[:1]))


def _correlation(series, lag):
    """The median correlation of differences with those a season before; 0 where the series are too short."""
    correlations = []
    for values in series:
        changes = np.diff(values[-3000:])
        if len(changes) >= 2.5 * lag:
            first, second = changes[:-lag], changes[lag:]
            present = np.isfinite(first) & np.isfinite(second)
            if present.sum() > 3 and first[present].std() > 0 and second[present].std() > 0:
                correlations.append(np.corrcoef(first[present], second[present])[0, 1])
    return float(np.median(correlations)) if len(correlations) > len(series) / 2 else 0.0


def _is_peak(series, length, scores):
    near = [_correlation(series, lag) for lag in (length - 1, length + 1)]
    return scores[length] > max(near)


def choose(profile: SeriesProfile, settings: SeriesSettings | None = None) -> dict[str, Any]:
    """The defaults by the flat names of the settings, for a profile and the `SeriesSettings` that are given.

    The horizon is that of the test part, or usual for the frequency, and at most a fifth of a series. The context holds
    two of the longest seasons that fit, or four of a long series without a calendar of days; a step of the recurrent
    layer reads a season of values where that is short.

    Example:

    >>> chosen = choose(SeriesProfile(Frequency.of("h"), 100, 900, (24, 168), 48, 0.0, False, 0.0))
    >>> chosen["horizon"], chosen["context"], chosen["season"], chosen["patch"]
    (48, 336, 24, 24)
    """
    open_settings = SeriesSettings().unset() if settings is None else settings
    horizon = open_settings.horizon or profile.ahead or _horizon(profile)
    room = max(1, profile.length - 2 * horizon)
    fitting = [length for length in profile.seasons if 1.5 * length <= room and length <= LONGEST]
    season = open_settings.season or _main_season(profile, fitting)
    longest = max([season, *fitting])
    held = 4 if profile.frequency.unit in ("s", "") and profile.length >= OFTEN * longest else 2
    context = max(held * longest, 3 * horizon, 32)
    context = open_settings.context or clipped(context, 2, max(2, min(READ, room)))
    patch = season if 4 < season <= 64 and context >= 6 * season else max(1, round(context / PATCHES))
    steps = profile.series * max(1, profile.length)
    many = profile.series >= MANY
    return {
        "horizon": horizon,
        "context": context,
        "season": season,
        "domain": "real" if profile.lowest < 0 else "count" if profile.whole and profile.zeros > 0 else "positive",
        "units": clipped(steps / 400, 24, 96 if many else 32),
        "hidden": clipped(steps / 200, 32, 192 if many else 64),
        "layers": 1,
        "patch": patch,
        "item_size": 8 if many else 0,
        "dropout": 0.1 if many else 0.3,
        "outliers": 0.0 if many else 0.3,
        "distribution": "negative_binomial" if profile.whole and profile.zeros > 0 else "student",
        "epochs": clipped(WINDOWS_READ / max(1, min(steps, PASS)) / (1 if many else 2), 10, 40),
        "batch_size": clipped(steps / 300, 16, 64),
        "learning_rate": 2e-3 if many else 1e-3,
        "averaging": 0.99,
        "validations": 1,
        "patience": 8 if many else 5,
        "ensemble": 1,
    }


def _horizon(profile):
    usual = HORIZONS.get(replace(profile.frequency, business=False).name, 0)
    if not usual and profile.frequency.unit == "s":
        usual = min(MOST_AHEAD, max(1, 86_400 // profile.frequency.count))
    if not usual:
        within = [length for length in profile.seasons if length <= 60]
        usual = within[-1] if within else COUNTED
    return clipped(usual, 1, max(1, profile.length // 5))


def _main_season(profile, fitting):
    """The season of the scores: a day of minutes and hours, else the shortest."""
    if profile.frequency.unit == "s":
        day = 86_400 // profile.frequency.count
        return day if day in fitting else (fitting[0] if fitting else 1)
    return fitting[0] if fitting else 1


def seasons(profile: SeriesProfile, context: int, season: int) -> list[int]:
    """The seasons that the base forecasts follow: those that fit into the context, the main one first of all."""
    return sorted({length for length in (season, *profile.seasons) if 1 < length <= context and length >= season})


def _span(windows):
    """The seconds from the first to the last step of the longest training part."""
    store = windows.store
    return int((store.times[store.starts + windows.limits - 1] - store.times[store.starts]).max())


def odd_values(profile: SeriesProfile, domain: str, counted: bool) -> list[str]:
    """Notes on values that a domain, or a distribution of counts (`counted`), does not hold.

    >>> odd_values(SeriesProfile(Frequency(), 1, 40, (), 0, -2.0, True, 0.1), "positive", False)
    ['some values are below zero, the least is -2: with `domain` positive no forecast is']
    """
    if domain == "real" and not counted:
        return []
    setting = "`distribution` negative_binomial" if counted else f"`domain` {domain}"
    notes = []
    if profile.lowest < 0:
        notes.append(f"some values are below zero, the least is {profile.lowest:g}: with {setting} no forecast is")
    if not profile.whole and (counted or domain == "count"):
        notes.append(f"some values are no whole numbers: with {setting} those that are forecast are")
    return notes


def describe(data: SplitSeries, config: Any, profile: SeriesProfile) -> Any:
    """The `SeriesPreprocessor` of split series: scales of covariates, and the weights of base forecasts."""
    from nlpseq.tasks.forecasting.base_forecasts import base_weights
    from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor

    source, series = data.source, config.series
    counted = config.model.method == "steps" and config.model.distribution == "negative_binomial"
    say_notes(odd_values(profile, series.domain, counted))
    store = data.train.store
    past, known = source.past(), source.known
    places = [store.names.index(name) for name in (*past, *known)]
    cells = store.covariates[:, places] if places else np.zeros((1, 0))
    with np.errstate(invalid="ignore"):
        present = np.isfinite(cells)
        counts = np.maximum(present.sum(axis=0), 1)
        means = np.where(present, cells, 0).sum(axis=0) / counts
        deviations = np.sqrt(np.where(present, np.square(cells - means), 0).sum(axis=0) / counts)
    statics = {name: sorted(set(store.statics[name]) - {""}) for name in store.statics}
    described = SeriesPreprocessor(
        series.horizon,
        series.context,
        seasons(profile, series.context, series.season),
        source.frequency.name,
        past,
        known,
        means.tolist(),
        np.where(deviations > 0, deviations, 1.0).tolist(),
        store.items if config.model.item_size else (),
        statics if config.model.item_size else {},
        series.domain,
        season=series.season,
        span=_span(data.train),
    )
    described.base, described.spreads = base_weights(described, data.train, config.model.settled().quantiles)
    return described
