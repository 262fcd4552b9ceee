"""Answers of exported anomaly detectors: of files, and of numbers that come line by line."""

import itertools
import json
import os
import re
from dataclasses import replace

import numpy as np

from nlpseq.errors import InputError, one_of, plural, shorten
from nlpseq.runtime.saved_model import rows
from nlpseq.tasks import answers
from nlpseq.tasks.anomalies.computing import Detector
from nlpseq.tasks.anomalies.lines import Lines
from nlpseq.tasks.anomalies.recordings import Recording
from nlpseq.tasks.answers import Option, json_line


class Answers(answers.Answers):
    """The score of every step, and whether it is an alarm."""

    files = True
    suffixes = (".csv", ".jsonl")
    options = (
        Option("every_step", bool, "write every step of standard input, not the alarms alone"),
        *answers.TABLES,
    )
    input_name = "values"
    decisions = ("alarm",)
    signatures = ("serving_default", "init", "step")
    outputs = ("alarm", "score")
    by_step = True
    batch_size = 1  # series of unequal length have unequal answers
    notes: tuple[str, ...] = ()  # about the file that was read last

    def magnitude(self, output, scores, example):
        """1000 times the score: a surprise in widths of its range, which of a still series is almost nothing."""
        return 1000.0 * super().magnitude(output, scores, example)

    @property
    def channels(self) -> list[str]:
        """The names of the channels."""
        return self.metadata.detail("channels", [str])

    def batches(self, arguments, standard_input, terminal=False, **options):
        """Recordings of files, one at a time; without files, the lines of standard input as they come."""
        if not arguments:
            yield [Lines(standard_input, self.channels)]
        for path in arguments:
            for recording in self._read(os.fspath(path), options.get("delimiter"), options.get("encoding")):
                yield [recording]

    def _read(self, path, delimiter=None, encoding=None):
        expected = self.channels
        recordings, channels, self.notes = _unlabelled(path, expected, delimiter=delimiter, encoding=encoding)
        missing = [name for name in expected if name not in channels]
        if missing and len(channels) != len(expected):
            raise InputError(
                f"{path} has no column {shorten(missing[0])!r}: the model reads {shorten(', '.join(expected))}, "
                f"and the columns of numbers are {shorten(', '.join(channels))}."
            )
        if missing:  # as many columns under other names
            note = f"{path}: the columns {', '.join(channels)} are used as {', '.join(expected)}"
            self.notes = (*self.notes, shorten(note, 300))
            return recordings
        places = [channels.index(name) for name in expected]
        return [replace(one, values=one.values[:, places]) for one in recordings]

    def parse(self, text):
        """The values of a series from JSON: a number for each step, or a list of numbers; null where one is missing."""
        try:
            values = np.array(json.loads(text), float)
        except (ValueError, TypeError, RecursionError):
            values = None
        if values is None or values.ndim not in (1, 2):
            raise InputError(
                f"expected values as JSON, such as [[0.1, 0.2], [0.3, 0.4]], got {shorten(repr(text), 40)}."
            )
        return values

    def inputs(self, examples):
        examples = [self.as_example(example) for example in examples]
        rows = [example.values for example in examples]
        values = np.full([len(rows), max(map(len, rows), default=0), len(self.channels)], np.nan)
        for places, row in zip(values, rows):
            if row.shape[1] != len(self.channels):
                raise InputError(f"expected {plural(len(self.channels), 'value')} in every step, got {row.shape[1]}.")
            places[: len(row)] = row
        usual = self.metadata.detail("season", int)
        if usual < 0:
            raise self.metadata.invalid("season")
        season = [example.season or usual for example in examples]
        return {"values": values, "season": np.array(season, np.int32)}

    def example(self, value):
        """A series from the path of a table with one, or from an array `(time,)` or `(time, channels)`."""
        if isinstance(value, (str, os.PathLike)):
            series = self._read(os.fspath(value))
            if len(series) != 1:
                raise InputError(f"expected one series in {value}, got {len(series)}.")
            return series[0]
        if isinstance(value, Recording):
            return value
        values = np.asarray(value, float)
        values = values[:, np.newaxis] if values.ndim == 1 else values
        if values.ndim != 2 or values.shape[1] != len(self.channels):
            raise InputError(
                f"expected arrays of shape (time, {len(self.channels)}), one for each series, got the shape "
                f"{values.shape}."
            )
        return Recording("", values)

    def compute(self, model, examples):
        return rows(Detector(model).answer(**self.inputs(examples)))

    def run(self, model, signature, inputs):
        """The signatures "init" and "step" too."""
        detector = Detector(model)
        functions = {"serving_default": detector.answer, "init": detector.init, "step": detector.step}
        return functions[one_of("signature", signature, functions)](**inputs)

    def show(self, example, answer):
        alarms = [str(number) for number, alarm in enumerate(answer["alarm"], 1) if alarm]
        return "alarms at steps " + ", ".join(alarms) if alarms else "no alarm"

    def respond(self, export, batches, write, note, as_json=False, every_step=False, **options):
        """A table of every step of files; the alarms in standard input as they come."""
        headed = as_json
        for (example,) in batches:
            for line in self.notes:
                note(line)
            self.notes = ()
            if isinstance(example, Lines):
                self._watch(export, example, write, note, as_json, every_step)
                continue
            if not headed:
                write(_csv(["series", "time", *self.channels, "score", "alarm"]))
                headed = True
            answer = export.predict([example])[0]
            for step, (values, score, alarm) in enumerate(zip(example.values, answer["score"], answer["alarm"])):
                time = step + 1 if example.times is None else example.times[step]
                _write_step(write, as_json, {"series": example.name}, time, self.channels, values, score, alarm)

    def _watch(self, export, lines, write, note, as_json, every_step):
        states = export.run("init", self.inputs([np.zeros([0, len(self.channels)])]))
        count, alarms, headed = 0, 0, as_json
        for time, values in lines.steps(note):
            count += 1
            outputs = export.run("step", {"values": values[np.newaxis], **states})
            score, alarm = (outputs.pop(name)[0] for name in ("score", "alarm"))
            states = {name: outputs[name] for name in states}
            alarms += alarm
            if not (alarm or every_step):
                continue
            if not headed:
                write(_csv(["time", *self.channels, "score", "alarm"]))
                headed = True
            time = count if time is None else time
            _write_step(write, as_json, {}, time, self.channels, values, score, alarm)
        note(f"{plural(count, 'step')}, {plural(alarms, 'alarm')}")
        lines.check()


def _unlabelled(path, expected, **options):
    """What `read_recordings` returns; a column that is called like labels may be a channel, or hold something else."""
    from nlpseq.tasks.anomalies.tables import read_recordings

    try:
        contents = read_recordings(path, **options)
    except InputError:
        return read_recordings(path, label="none", **options)
    if set(expected) <= set(contents[1]):
        return contents
    others = read_recordings(path, label="none", **options)
    return others if set(expected) <= set(others[1]) else contents


def _write_step(write, as_json, names, time, channels, values, score, alarm):
    if as_json:
        numbers = {name: None if np.isnan(value) else float(value) for name, value in zip(channels, values)}
        write(
            json_line({**names, "time": time, "values": numbers, "score": round(float(score), 4), "alarm": bool(alarm)})
        )
    else:
        numbers = ("" if np.isnan(value) else f"{value:.10g}" for value in values)
        write(_csv([*names.values(), time, *numbers, f"{float(score):.4f}", int(alarm)]))


def _csv(cells):
    """A line of a CSV file."""
    quoted = (
        f'"{text.replace(chr(34), chr(34) * 2)}"' if re.search('[",\n\r]', text) else text for text in map(str, cells)
    )
    return ",".join(itertools.chain(quoted)) + "\n"
