"""Which covariates are known over the horizon."""

from collections.abc import Sequence

import numpy as np

from nlpseq.data.files.table import normal
from nlpseq.data.series import Series, SeriesTable
from nlpseq.errors import InputError, first_of, shorten, suggest
from nlpseq.tasks.forecasting.windows import length_of

FORESEEN = (
    "holiday", "is holiday", "isholiday", "school holiday", "schoolholiday", "state holiday", "stateholiday", "promo",
    "promotion", "onpromotion", "on promotion", "open", "weekday", "day of week", "dayofweek", "weekend", "working day",
    "workingday", "event name", "snap",
)  # fmt: skip
DYNAMIC = ("feat dynamic", "dynamic feat")  # names of GluonTS and DeepAR for what is known over the horizon


def known_covariates(table: SeriesTable, names: str | Sequence[str] | None) -> tuple[str, ...]:
    """The covariates that are known over the horizon: those that are named, else those that seem to be.

    Raises:
        InputError: a name is that of no covariate.
    """
    if names == "none":
        return ()
    if names:
        requested = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
        columns = []
        for name in requested:
            same = [other for other in table.covariates if normal(other.split("=")[0]) == normal(name)]
            if not same:
                raise InputError(f"`known` names {name!r}, which is no covariate: {suggest(name, table.covariates)}")
            columns += same
        return tuple(columns)
    return tuple(name for name in table.covariates if _is_foreseen(name, table.series))


def notes_on_ends(table: SeriesTable) -> list[str]:
    """A sentence on the covariates that end before the last value of a series; none if there are none."""
    ends = {}
    for name in table.covariates:
        lasts = [int(np.flatnonzero(np.isfinite(one.columns[name]))[-1:].sum()) for one in table.series]
        early = [pair for pair in zip(table.series, lasts) if 0 < pair[1] < length_of(pair[0]) - 1]
        if early:
            ends.setdefault(name.split("=")[0], early)
    if not ends:
        return []
    name, early = next(iter(ends.items()))
    one, last = early[0]
    others = f", and so {'do' if len(ends) > 2 else 'does'} {first_of(list(ends)[1:])}" if len(ends) > 1 else ""
    return [
        f"{table.place}: the covariate {shorten(repr(name))} ends before the values in "
        f"{len(early):,} of {len(table):,} series, in {one.title} at {one.times[last]}{others}: "
        "from there on it counts as missing"
    ]


def _is_foreseen(name: str, series: Sequence[Series]) -> bool:
    """Whether a covariate has a usual name of what is planned, or goes on behind the values of most series."""
    if normal(name.split("=")[0]) in FORESEEN and all(_is_flag(one.columns[name]) for one in series):
        return True
    if normal(name).startswith(DYNAMIC):
        return True
    further = [np.isfinite(one.columns[name][length_of(one) :]).any() for one in series]
    return float(np.mean(further)) > 0.5


def _is_flag(values):
    """Whether values are few whole numbers, as those of calendars are."""
    present = values[np.isfinite(values)]
    return bool((present == np.round(present)).all()) and len(np.unique(present)) <= 60
