"""Histories that stand for data: of windows, made up, and odd ones."""

from typing import Any

import numpy as np

from nlpseq.errors import InputError
from nlpseq.tasks.forecasting.answers import History
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.tasks.forecasting.windows import Windows, past_of

START = 1_700_000_000  # seconds since 1970


def of_windows(description: SeriesPreprocessor, windows: Windows) -> list[History]:
    """The pasts of windows."""
    store, places = windows.store, {name: place for place, name in enumerate(windows.store.names)}
    past, known = ([places[name] for name in names] for names in (description.past, description.known))
    arrays = past_of(windows, description.context, past, known)
    return [
        _history(
            description,
            **{name: array[row] for name, array in arrays.items()},
            item=store.items[number],
            static=[store.statics.get(name, [""] * len(store))[number] for name in description.statics],
        )
        for row, number in enumerate(windows.series)
    ]


def as_history(description: SeriesPreprocessor, example: Any) -> History:
    """A history, or values `(time,)` if the model reads no more, as a history."""
    if isinstance(example, History):
        return example
    if description.read:
        raise InputError(f"the model reads {', '.join(description.read)} beside values: give a `History`.")
    return _history(description, values=np.asarray(example, float), item="")


def step_names(description: SeriesPreprocessor, history: History) -> list[str]:
    """The times of the last steps that the model reads, or how far they are from the next one: "t-1" is the last."""
    context, horizon = description.context, description.horizon
    if "times" not in history.arrays:
        return [f"t-{lag}" for lag in range(context, 0, -1)]
    times = np.asarray(history.arrays["times"])[: -horizon or None][-context:].astype("datetime64[s]")
    names = np.datetime_as_string(times, "D" if (times == times.astype("datetime64[D]")).all() else "m").tolist()
    return ["-"] * (context - len(names)) + [name.replace("T", " ") for name in names]


def random_histories(description: SeriesPreprocessor, count: int) -> list[History]:
    """Random walks with a season, at many levels and of many lengths."""
    random, season = np.random.default_rng(0), max([7, *description.seasons[:1]])
    walks = [
        np.cumsum(random.normal(size=length)) + 3 * np.sin(2 * np.pi * np.arange(length) / season)
        for length in random.integers(2, 2 * description.context, size=count)
    ]
    return [_random_history(description, random, 10.0 ** random.integers(-2, 5) * (20 + walk)) for walk in walks]


def odd(description: SeriesPreprocessor) -> dict[str, History]:
    """Histories that no data set has, by what they are."""
    random = np.random.default_rng(1)
    ones = np.ones(description.context)
    far, half = ones.copy(), random.normal(size=len(ones))
    far[-1], half[::2] = 1e9, np.nan
    histories = {
        "a history of one value": np.array([3.0]),
        "a constant history": 5 * ones,
        "a history without a value": np.nan * ones,
        "a history of ones that ends with 1e9": far,
        "a history with half of its values missing": half,
    }
    return {called: _random_history(description, random, values) for called, values in histories.items()}


def _random_history(description, random, values):
    steps = len(values) + description.horizon
    return _history(
        description,
        values=values,
        times=86_400 * np.arange(steps) + START,
        past=random.normal(size=(len(values), len(description.past))),
        known=random.normal(size=(steps, len(description.known))),
        item=str(random.choice(["", *description.items[:3]])),
        static=[str(random.choice(["", *texts[:3]])) for texts in description.statics.values()],
    )


def _history(description, **arrays: Any) -> History:
    """A history of those of the arrays that the model reads."""
    columns = {name: arrays[name] for name in ("values", *description.read)}
    return History(arrays["item"], {**columns, "mask": np.isfinite(arrays["values"])}, range(description.horizon), {})
