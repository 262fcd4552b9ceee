"""Answers of exported forecasters: from files of series to rows of forecasts; does not import TensorFlow."""

from __future__ import annotations

import csv
import functools
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nlpseq.data.series import Columns, Frequency, Series, SeriesTable, read_series
from nlpseq.data.series.times import dated
from nlpseq.errors import InputError, in_range, shorten
from nlpseq.tasks import answers
from nlpseq.tasks.answers import Option, in_lists, json_line
from nlpseq.tasks.forecasting.computing import forecast

FEW = 3  # steps from which those of a file are known
DIGITS = 7  # significant digits of a forecast
ROUNDED = 1e5  # magnitude of counts: 1e-5 of it is one count, by which two that are rounded may differ
DETAILS: dict[str, tuple] = {  # of an export, with their types
    **dict.fromkeys(("horizon", "context", "items"), (int,)),
    **dict.fromkeys(("past", "known"), ([str],)),
    "statics": ({str: [str]},),
    "frequency": (str,),
    "domain": (str,),
    "quantiles": ([float],),
}


@dataclass(frozen=True)
class History:
    """The past of a series as a forecaster reads it.

    Attributes:
        item: Name of the series.
        arrays: The inputs of "serving_default" by name, without the batch.
        times: The times of the horizon: `pandas.DatetimeIndex`, strings, or numbers of steps.
        names: Names of the columns of the file by role.
    """

    item: str
    arrays: dict[str, Any]
    times: Any
    names: dict[str, str]


class Answers(answers.Answers):
    """A row for each item and time of the horizon, with mean and quantiles."""

    files = True
    suffixes = (".csv", ".jsonl")
    input_name = "values"
    outputs = ("quantiles", "mean")
    signatures = ("serving_default", "forecast", "sample", "init", "step")
    decisions = ()
    batch_size = 64
    notes: Sequence[str] = ()  # about the file that was read last
    options = (
        Option("paths", int, "write so many sampled paths instead of quantiles"),
        Option("seed", int, "seed of the sampling (0)"),
        Option("time", str, "column of the times"),
        Option("item", str, "column of the series, or several separated by commas"),
        Option("value", str, "column of the values"),
        Option("time_zone", str, "time zone of the times, such as Europe/Paris"),
        Option("duplicates", str, "what is done with different values at one time: first, last, mean or sum"),
        *answers.TABLES,
    )

    @functools.cached_property
    def described(self) -> dict[str, Any]:
        """The description of the series that the model reads."""
        return {name: self.metadata.detail(name, *types) for name, types in DETAILS.items()}

    @functools.cached_property
    def frequency(self) -> Frequency:
        """The step that the model forecasts."""
        described = self.described["frequency"]
        try:
            return Frequency.of(described)
        except InputError:
            raise self.metadata.invalid("frequency") from None

    def magnitude(self, output, scores, example):
        """The largest value of the history too, which decides about the resolution of float32."""
        values = np.asarray(example.arrays["values"], float)
        largest = np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
        rounded = output == "quantiles" and self.described["domain"] == "count"  # the mean is not
        return np.maximum(super().magnitude(output, scores, example), max(largest, ROUNDED if rounded else 0.0))

    # Reading

    def batches(
        self, arguments: list[str], standard_input: BinaryIO, terminal: bool = False, **options: Any
    ) -> Iterator[list]:
        """Batches of `History` of files, or of CSV from standard input."""
        for argument in arguments or [None]:
            data: Any = argument
            if argument is None:
                from nlpseq.data.files.contents import decode
                from nlpseq.data.files.delimited import read_delimited

                text = decode(standard_input.read(), "standard input", options.get("encoding"))
                data = read_delimited(text, "standard input", delimiter=options.get("delimiter"))
            yield from in_lists(iter(self.histories(data, **options)), self.batch_size)

    def histories(self, data: Any, **options: Any) -> list[History]:
        """The histories in a file, a frame or rows, as of `nlpseq.data.read_series`.

        Raises:
            InputError: the data cannot be read, have another frequency than the model, or lack covariates.
        """
        table = self._table(data, options)
        self.notes = list(table.notes)
        if self.described["domain"] != "real":
            below = [one.title for one in table.series if (one.columns["value"] < 0).any()]
            if below:
                self.notes.append(
                    f"{table.place}: {below[0]} has values below zero, unlike training: no forecast is below zero"
                )
        return [self._history(one, table) for one in table.series]

    def _table(self, data, options) -> SeriesTable:
        described = self.described
        columns = Columns(
            **{name: options.get(name) or None for name in ("time", "item", "value")},
            read=(*described["past"], *described["known"]),
            read_statics=tuple(described["statics"]),
        )
        reading = {name: options.get(name) for name in ("time_zone", "delimiter", "encoding")}
        reading["duplicates"] = options.get("duplicates") or "error"
        frequency = described["frequency"] if self.frequency.unit else None
        table = read_series(data, columns, frequency=frequency, **reading)
        if frequency is None:
            return table
        if table.frequency is None or not table.frequency.unit:
            raise InputError(
                f"{table.place} has no times, and the model forecasts steps of {frequency}: add a column of times."
            )
        for one in table.series:
            steps = np.diff(np.flatnonzero(~np.isnan(one.columns["value"])))
            if len(steps) >= FEW and steps.min() > 1:
                raise InputError(
                    f"{table.place}: the values of {one.title} are {steps.min()} steps of {frequency} "
                    f"apart, and the model forecasts each step: give series of {frequency}."
                )
        return table

    def parse(self, text: str) -> History:
        """A history from JSON, an object with values and start or a list of rows, or from numbers with blanks."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = list(text.replace(",", " ").split())
        if isinstance(value, list) and not any(isinstance(cell, (dict, list)) for cell in value):
            value = {"value": value}
            if self.described["frequency"]:
                raise InputError(
                    f"the model reads times: give an object with start and values, got {shorten(text, 60)!r}."
                )
        elif not isinstance(value, (list, dict)):  # a string would be the path of a file
            raise InputError(f"expected an object with start and values, or numbers, got {shorten(text, 60)!r}.")
        elif isinstance(value, dict) and not any(isinstance(cell, dict) for cell in value.values()):
            value = [value]
        return self._one(self.histories(value), "a line")

    def example(self, value: Any) -> History:
        """A history from a file of one series; from its values, an array `(time,)`; or from a dict of the inputs of the
        signature "forecast" for one series, NaN where values are missing.

        Times are local, `datetime64` or seconds since 1970. Names are "" if they are left out.
        """
        if isinstance(value, History):
            return value
        if isinstance(value, (str, Path)):
            return self._one(self.histories(value), str(value))
        described, values_by_name = self.described, value if isinstance(value, dict) else {"values": value}
        texts = {"item": "", "static": [""] * len(described["statics"])}
        covariates = {name: described[name] for name in ("past", "known") if described[name]}
        names = {"values", *["times"] * bool(described["frequency"]), *covariates}
        if lacking := names - values_by_name.keys():
            raise InputError(f"the model reads {', '.join(sorted(names))}: give a dict with {', '.join(lacking)} too.")
        arrays = {name: np.asarray(values_by_name[name]) for name in names}
        steps, horizon = len(np.atleast_1d(arrays["values"])), described["horizon"]
        shapes = {"values": (steps,), "times": (steps + horizon,)}
        shapes |= {name: (steps + horizon * (name == "known"), len(own)) for name, own in covariates.items()}
        for name, array in arrays.items():
            if array.shape != shapes[name] or not steps or array.dtype.kind not in "fiuM":
                raise InputError(
                    f"expected {name} of shape {shapes[name]}, for {steps} steps and a horizon of {horizon}, got "
                    f"{array.dtype} of shape {array.shape}."
                )
        ahead = arrays.get("times", np.arange(steps + horizon))[steps:].tolist()
        if arrays.get("times", np.arange(1)).dtype.kind == "M":
            times = arrays["times"].astype("datetime64[s]")
            arrays["times"], ahead = times.astype(np.int64), [str(time).replace("T", " ") for time in times[steps:]]
        arrays = {name: array if name == "times" else array.astype(float) for name, array in arrays.items()}
        metadata = {name: values_by_name.get(name, text) for name, text in texts.items() if described[f"{name}s"]}
        return History(
            values_by_name.get("item", ""), {**arrays, **metadata, "mask": np.isfinite(arrays["values"])}, ahead, {}
        )

    def _one(self, histories, source):
        if len(histories) != 1:
            raise InputError(f"expected one series in {source}, got {len(histories)}.")
        return histories[0]

    def _history(self, one: Series, table: SeriesTable) -> History:
        described, values = self.described, one.columns["value"]
        length = int(np.flatnonzero(~np.isnan(values))[-1]) + 1
        context, horizon = described["context"], described["horizon"]
        first = max(0, length - context)
        arrays: dict[str, Any] = {"values": values[first:length], "mask": ~np.isnan(values[first:length])}
        frequency = self.frequency
        ahead = (table.frequency or frequency).times(one.times[0], horizon, length)
        if frequency.unit:
            times = frequency.times(one.times[0], length + horizon - first, first)
            arrays["times"] = times.tz_localize(None).as_unit("s").asi8
        for role, end in (("past", length), ("known", length + horizon)):
            if names := described[role]:
                columns = [self._covariate(one, name, end, role, ahead, table) for name in names]
                arrays[role] = np.stack(columns, axis=1)[first:]
        if described["items"]:
            arrays["item"] = one.item
        if described["statics"]:
            arrays["static"] = [one.static.get(name, "") for name in described["statics"]]
        return History(one.item, arrays, ahead, table.names)

    def _covariate(self, one, name, end, role, ahead, table):
        column = one.columns.get(name)
        if column is None:
            raise InputError(
                f"{table.place} has no column {shorten(name)!r}, a covariate that the model reads: add it."
            )
        indices = np.flatnonzero(np.isfinite(column))
        last = int(indices[-1]) + 1 if len(indices) else 0
        if role == "known" and last < end:
            raise InputError(
                f"{table.place}: the covariate {shorten(name)!r} of {one.title} ends before the horizon: "
                f"give it up to {ahead[-1]}, in rows without a value."
            )
        return np.concatenate([column[:end], np.full(max(0, end - len(column)), np.nan)])

    def inputs(self, examples: list) -> dict[str, np.ndarray]:
        return batched([self.as_example(example) for example in examples])

    def compute(self, model, examples):
        outputs = forecast(model, self.inputs(examples))
        return [
            {"quantiles": rows.tolist(), "mean": mean.tolist()}
            for rows, mean in zip(outputs["quantiles"], outputs["mean"])
        ]

    def score(self, pairs):
        """The weighted quantile loss of the futures that are known."""
        targets = np.stack([target for target, _ in pairs])
        losses = []
        for level in self.described["quantiles"]:
            errors = targets - np.array([answer["quantiles"][f"{level:g}"] for _, answer in pairs])
            losses.append(np.nansum(2 * np.maximum(level * errors, (level - 1) * errors)))
        size = np.nansum(np.abs(targets))
        return {"weighted_quantile_loss": float(np.mean(losses) / size)} if size else {}

    # Writing

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        levels = [f"{level:g}" for level in self.described["quantiles"]]
        quantiles = np.array(row["quantiles"])
        return {"mean": row["mean"], "quantiles": {name: quantiles[:, i].tolist() for i, name in enumerate(levels)}}

    def show(self, example, answer):
        """Rows of CSV: item, time, mean and quantiles, or the paths."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = answer["paths"] if "paths" in answer else [answer["mean"], *answer["quantiles"].values()]
        for number, time in enumerate(_stamps(example.times)):
            numbers = [f"{float(column[number]):.{DIGITS}g}" for column in columns]
            writer.writerow([*([example.item] if example.item else []), time, *numbers])
        return text.getvalue().rstrip("\n")

    def respond(self, export, batches, write, note, as_json=False, embed=False, **options):
        paths, seed = options.get("paths"), options.get("seed") or 0
        if paths is not None:
            in_range("paths", paths, 1, 10_000)
        elif options.get("seed") is not None:
            raise InputError("`seed` is that of sampled paths: give `paths` too, or leave it out.")
        header, notes = False, None
        for batch in batches:
            if self.notes is not notes:
                notes = self.notes
                for line in notes:
                    note(line)
            if paths is None:
                answers = export.predict(batch)
            else:
                sampling = {"paths": np.array(paths, np.int32), "seed": np.array(seed, np.int32)}
                answers = [
                    {"paths": row.tolist()} for row in export.run("sample", self.inputs(batch) | sampling)["paths"]
                ]
            for example, answer in zip(batch, answers):
                if as_json:
                    write(json_line({"item": example.item, "times": _stamps(example.times), **answer}))
                    continue
                if not header:
                    write(self._header(example, answer) + "\n")
                    header = True
                write(self.show(example, answer) + "\n")

    def _header(self, example, answer):
        first = [example.names.get("item", "item")] if example.item else []
        time = example.names.get("time", "time" if dated(example.times) else "step")
        columns = [f"path_{i + 1}" for i in range(len(answer["paths"]))] if "paths" in answer else [
            "mean", *(f"q{name}" for name in answer["quantiles"])
        ]  # fmt: skip
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow([*first, time, *columns])
        return text.getvalue()


def batched(histories: Sequence[History]) -> dict[str, np.ndarray]:
    """The inputs of "serving_default" for histories; before shorter ones steps are missing."""
    longest = max((len(history.arrays["values"]) for history in histories), default=1)
    rows_by_name: dict[str, list] = {}
    for history in histories:
        missing = longest - len(history.arrays["values"])
        for name, array in history.arrays.items():
            rows_by_name.setdefault(name, []).append(_preceded(name, array, missing))
    return {
        name: np.array(rows, object) if name in ("item", "static") else np.stack(rows)
        for name, rows in rows_by_name.items()
    }


def _preceded(name, array, count):
    """An input with `count` missing steps before it."""
    if name in ("item", "static"):
        return [text.encode() for text in array] if name == "static" else array.encode()
    padding = np.zeros((count, *array.shape[1:]), array.dtype)
    if array.dtype == float:
        padding[:] = np.nan if name != "values" else 0.0
    values = np.where(np.isnan(array), 0.0, array) if name == "values" else array
    return np.concatenate([padding, values])


def _stamps(times):
    """Times as strings of ISO 8601, days without hours; numbers of steps as they are."""
    if not dated(times):
        return [time if isinstance(time, str) else int(time) for time in times]
    days = times.tz is None and (times == times.normalize()).all()
    return [str(time.date()) if days else time.isoformat(sep=" ") for time in times]
