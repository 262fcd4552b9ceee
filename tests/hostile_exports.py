"""Damaged and hostile exports, checkpoints and data: each gets one sentence or an answer.

    python -m tests.hostile_exports             # all cases, with the commands in one process
    python -m tests.hostile_exports --real 12   # and so many of them as processes of their own

Expected are a status of 0, or 1 or 2 with one sentence; no traceback, at most 30 seconds, and at most 1 GB
more memory than before.
"""

import argparse
import contextlib
import functools
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("NLPSEQ_PROGRAMS", "off")

import numpy as np

from nlpseq import engine
from nlpseq.cli.guard import ARGUMENT, guarded
from nlpseq.cli.main import main as command
from nlpseq.cli.predict_file import UNFINISHED
from nlpseq.training import state_file
from nlpseq.writing import write_file
from tests.tasks import fitted, tiny

SECONDS, MEMORY = 30, 1 << 30
TEXT = "a good film"
DEEP = "[" * 200_000 + "]" * 200_000
KINDS = ("classification", "tagging", "translation", "language_model")
ROWS = {  # of a table that an export of the kind reads
    "forecasting": ["date,a", *(f"2024-01-{day:02},{day % 7}" for day in range(1, 29))],
    "anomalies": ["a,b", *(f"{step % 5},{step}" for step in range(30))],
    "clips": ["id,a,b", *(f"{step // 4},{step % 3},{step}" for step in range(12))],
}


class Case(NamedTuple):
    """A path, and what is done with it: a command, or a function that reads it."""

    name: str
    arguments: list[str] | Callable[[], Any]


# Damage that a file or folder can take


def _sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)


def _replace(path: Path, make: Callable[[Path], Any]) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
    make(path)


def _rewrite(change):
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _flipped(content, seed=1):
    content, random_source = bytearray(content), random.Random(seed)
    for _ in range(max(1, len(content) // 100)):
        content[random_source.randrange(len(content))] ^= 1 << random_source.randrange(8)
    return bytes(content)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "missing": lambda path: path.unlink(),
    "empty": _rewrite(lambda content: b""),
    "half": _rewrite(lambda content: content[: len(content) // 2]),
    "random": _rewrite(lambda content: random.Random(0).randbytes(len(content))),
    "flipped bits": _rewrite(_flipped),
    "a FIFO": lambda path: _replace(path, os.mkfifo),
    "a link to a device": lambda path: _replace(path, lambda path: path.symlink_to("/dev/zero")),
    "a link to itself": lambda path: _replace(path, lambda path: path.symlink_to(path)),
    "a folder": lambda path: _replace(path, Path.mkdir),
    "a sparse terabyte": lambda path: _replace(path, lambda path: _sparse(path, 1 << 40)),
}
FILES = ("saved_model.pb", "config.json", "metrics.json", "variables/variables.index",
         "variables/variables.data-00000-of-00001")  # fmt: skip

# Values of config.json and metrics.json, as JSON

CONFIG = {
    "task": ["7", "null", '"unheard"', '"os"', '"../tagging"', '"' + "x" * 10**6 + '"'],
    "labels": ["{}", "null", "[1, 2]", '"no"', "[]", '["one"]', '["\\ud800"]', json.dumps(["x"] * 300_000)],
    "details": ["[]", "null", '"x"', "{}", '{"scheme": 1, "max_tokens": "x", "special": {}, "line_end": null}',
                '{"max_tokens": 1e400, "special": [1e99], "line_end": -1, "scheme": "unheard"}', DEEP],
    "data": ["[]", "{}", '{"name": 3, "generated": "?", "sizes": [1]}', '{"name": null, "sizes": {"train": "many"}}'],
    "settings": ["[]", '{"a": ' + DEEP + "}", '{"a": NaN, "b": Infinity}',
                 '{"\\u0000\\u001b[31m": "\\u001b]0;x\\u0007"}'],
    "versions": ["[]", '{"nlpseq": 9}', '{"nlpseq": "99.0", "keras": []}'],
    "format_version": ["2", '"1"', "true", "null", "1.0", "-1", "1e400", "9" * 5000],
}  # fmt: skip
DETAIL = ["null", "-1", '"x"', "[]", "{}", "[null]", '["x", 1]', "1e400", "true", '{"x": [-1]}']
METRICS = ["[]", "null", DEEP, '{"validation": {}, "test": {}}', '{"validation": [], "test": {}}', "9" * 10_000,
           '{"validation": {"accuracy": "high"}, "test": {"accuracy": [1]}, "train_seconds": "long"}',
           '{"validation": {"accuracy": NaN}, "test": {"accuracy": 1e999}, "peak_memory_mb": {}}', '{"a": 1} trailing',
           '{"validation": {"accuracy": null}, "test": {"loss": true}, "train_seconds": -1e308}']  # fmt: skip


@functools.cache
def _exported(kind):
    if kind in KINDS:
        return tiny.exported(kind)[1]
    return tiny.write(tempfile.mkdtemp(prefix=f"nlpseq-{kind}-"), fitted.fitted_task(kind))


def exports(folder: Path) -> Iterator[Case]:
    """Damaged copies of an export, with the commands that read them."""
    number = 0

    def copy(kind):
        nonlocal number
        number += 1
        return Path(shutil.copytree(_exported(kind), folder / f"{kind}-{number}"))

    for file in FILES:
        for name, damage in DAMAGE.items():
            path = copy("classification")
            damage(path / file)
            yield Case(f"{file}: {name}", ["predict", str(path), TEXT])
    for kind, (field, values) in [("tagging", item) for item in CONFIG.items()] + [
        ("language_model", ("details", CONFIG["details"])), ("translation", ("details", CONFIG["details"])),
    ]:  # fmt: skip
        for value in values:
            path = copy(kind)
            config = json.loads((path / "config.json").read_text())
            fields = [f"{json.dumps(name)}: {json.dumps(config[name])}" for name in config if name != field]
            (path / "config.json").write_text("{" + ", ".join([*fields, f"{json.dumps(field)}: {value}"]) + "}")
            verb = ["show", str(path)] if field in ("data", "settings", "versions") else ["predict", str(path), TEXT]
            yield Case(f"config.json of {kind}: {field} {value[:60]}", verb)
    for kind, rows in ROWS.items():
        table = folder / f"{kind}.csv"
        table.write_text("\n".join(rows))
        for name in json.loads((_exported(kind) / "config.json").read_text())["details"]:
            for value in DETAIL:
                path = copy(kind)
                text = (path / "config.json").read_text().replace(f'"{name}":', f'"{name}": {value}, "as it was":', 1)
                (path / "config.json").write_text(text)
                yield Case(f"config.json of {kind}: {name} {value}", ["predict", str(path), str(table)])
    for value in METRICS:
        path = copy("classification")
        (path / "metrics.json").write_text(value)
        yield Case(f"metrics.json: {value[:60]}", ["show", str(path)])
    path = copy("classification")
    (path / "config.json").write_bytes((path / "config.json").read_text().encode("utf-16"))
    yield Case("config.json: UTF-16", ["show", str(path)])
    for kind in (*KINDS, *ROWS):
        for other in (*KINDS, *ROWS):
            if other != kind:
                path = copy(kind)
                shutil.copyfile(_exported(other) / "config.json", path / "config.json")
                argument = str(folder / f"{other}.csv") if other in ROWS else TEXT
                yield Case(f"{kind} with the config.json of {other}", ["predict", str(path), argument])


TASK = ["{}", "null", DEEP, "[1]", '{"class_name": "Unheard", "config": {}, "module": "os"}',
        '{"module": "os", "class_name": "system", "config": "true", "registered_name": null}',
        '{"module": "builtins", "class_name": "eval", "config": {"source": "1"}, "registered_name": "eval"}',
        ]  # fmt: skip


def weights(folder: Path) -> Iterator[Case]:
    """Exports and checkpoints from which a training would start."""
    from nlpseq.training.transfer import load_task

    for number, value in enumerate([None, *TASK]):
        path = Path(shutil.copytree(tiny.exported("classification")[1], folder / f"task-{number}"))
        if value is None:
            _replace(path / "task.json", os.mkfifo)
        else:
            (path / "task.json").write_text(value)
        yield Case(f"task.json: {str(value)[:60]}", lambda path=path: load_task(path))
    path = Path(shutil.copytree(tiny.exported("classification")[1], folder / "task-units"))
    (path / "task.json").write_text((path / "task.json").read_text().replace('"units": 5', '"units": 1000000000000'))
    yield Case("task.json: a trillion units", lambda path=path: load_task(path))
    trees: list[Any] = [
        {}, [], {"run": []}, {"run": {"dataset": 1, "output": 2}, "sizes": 3, "task": "{}"},
        {"run": {"dataset": "x", "output": str(folder)}, "task": "[", "sizes": {}},
        {"run": {"dataset": "x", "output": str(folder)}, "task": DEEP, "sizes": {}, "weights": [np.zeros(3)]},
    ]  # fmt: skip
    for number, tree in enumerate(trees):
        path = folder / f"checkpoints-{number}"
        path.mkdir()
        write_file(path / "trained", state_file.encode(tree))
        yield Case(f"checkpoint: {str(tree)[:60]}", ["export", str(path)])
        yield Case(f"weights of the checkpoint: {str(tree)[:50]}", lambda path=path: load_task(path))
    for number, header in enumerate(HEADERS):
        path = folder / f"headers-{number}"
        path.mkdir()
        write_file(path / "trained", [_signed(header)])
        yield Case(f"checkpoint with the header {header[:60]}", ["export", str(path / "trained")])
    for name, damage in DAMAGE.items():
        if name != "missing":
            path = folder / f"checkpoint {name}"
            path.mkdir()
            write_file(path / "trained", state_file.encode({"run": {}}))
            damage(path / "trained")
            yield Case(f"checkpoint: {name}", ["export", str(path)])


HEADERS = ["{", "[]", "{}", DEEP, '{"tree": {"\\u0000array": 5}, "arrays": []}', '{"tree": {}, "arrays": [{}]}',
           '{"tree": {}, "arrays": [{"dtype": "float32", "shape": [1000000000000]}]}',
           '{"tree": {}, "arrays": [{"dtype": "object", "shape": [1]}]}',
           '{"tree": {}, "arrays": [{"dtype": "float32", "shape": [-1]}]}']  # fmt: skip


def _signed(header):
    """A checkpoint with this header, and a valid digest."""
    import hashlib

    content = state_file.MAGIC + len(header).to_bytes(state_file.SIZE, "little") + header.encode()
    return content + hashlib.blake2b(content, digest_size=state_file.DIGEST).digest()


CONTENTS = {
    "deep.json": DEEP, "deep.jsonl": '{"text": ' + DEEP + "}\n", "numbers.json": "[" + "9" * 100_000 + "]",
    "surrogates.jsonl": '{"text": "\\ud800", "label": "\\udfff"}\n' * 9, "wide.csv": "a," * 100_000 + "\n",
    "quote.csv": 'text,label\n"' + "x" * 3_000_000, "nul.csv": "text,label\na\0,b\n",
    "types.jsonl": '{"text": 1, "label": [2]}\n' * 3,
    "one line.txt": "x" * 3_000_000, "marks.csv": "\ufefftext,label\n\ufeff,\u202e\n", "long.conll": "a\tB\n" * 3_000,
    "entities.tmx": '<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.replace("a0", "a") for n in range(1, 12)) + "]><tmx>&a11;</tmx>",
    "zip.csv.gz": "not gzip", "sheet.xlsx": "PK\3\4 not a sheet", "table.parquet": "PAR1 no table PAR1",
    "empty.csv": "", "blank.tsv": "\n \n\t\n", "head.csv": "text,label\n", "alone.json": '{"text": "x"}',
}  # fmt: skip


LEFT: dict[str, Callable[[Path], Any]] = {
    "garbage": lambda path: path.write_bytes(b"\0\xff\n" * 9),
    "deep JSON": lambda path: path.write_text(DEEP + "\n"),
    "a FIFO": os.mkfifo,
    "a folder": Path.mkdir,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a dangling link": lambda path: path.symlink_to("/nowhere/at/all"),
}


def data(folder: Path) -> Iterator[Case]:
    """Data of all kinds of task, and inputs of `nlpseq predict --file`."""
    from nlpseq.tasks.classification.data import load_labelled_texts
    from nlpseq.tasks.language_modeling.data import load_running_texts
    from nlpseq.tasks.tagging.data import load_tagged_sentences
    from nlpseq.tasks.translation.data import load_parallel_texts

    loaders = [load_labelled_texts, load_tagged_sentences, load_parallel_texts, load_running_texts]
    paths = []
    for name, content in CONTENTS.items():
        paths.append(folder / name)
        paths[-1].write_text(content)
    for name, damage in DAMAGE.items():
        path = folder / f"rows {name}.csv"
        path.write_text("text,label\n" + "a good film,yes\nbad,no\n" * 20)
        damage(path)
        paths.append(path)
    export = str(tiny.exported("classification")[1])
    for number, path in enumerate(paths):
        for load in loaders if number % 3 == 0 else loaders[:1]:
            yield Case(f"{load.__name__} {path.name}", lambda load=load, path=path: load(path))
        output = str(folder / f"output-{number}.csv")
        yield Case(f"predict --file {path.name}", ["predict", export, "--file", str(path), "--output", output])
    for number, (name, damage) in enumerate(LEFT.items()):
        output = folder / f"left-{number}.csv"
        damage(output.with_name(output.name + UNFINISHED))
        rows = str(folder / "marks.csv")
        yield Case(f"unfinished answers: {name}", ["predict", export, "--file", rows, "--output", str(output)])


# Running the cases


class Result(NamedTuple):
    """What a case came to: its status, the lines on standard error, and what was wrong."""

    status: int
    lines: list[str]
    wrong: str


def attempt(case: Case) -> Result:
    """Runs a case in this process."""
    out, err = io.StringIO(), io.StringIO()
    previous = signal.signal(signal.SIGALRM, _too_slow)
    before, start = _memory(), time.monotonic()
    signal.alarm(SECONDS)
    wrong = ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = _run(case.arguments)
        except BaseException:
            status, wrong = -1, traceback.format_exc()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)
    lines = [line for line in err.getvalue().splitlines() if not line.startswith("note: ")]
    used = _memory() - before
    wrong = wrong or _wrong(case, status, lines) or (f"{used >> 20} MB" if used > MEMORY else "")
    if time.monotonic() - start > SECONDS:
        wrong = wrong or "too slow"
    return Result(status, lines, wrong)


def _run(arguments):
    if callable(arguments):
        return guarded(lambda: print(arguments()))  # what it returns is no status
    try:
        command(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _wrong(case, status, lines):
    """Why a status with these lines on standard error is not what is expected; "" if it is."""
    if status not in (0, 1, 2):
        return f"status {status}"
    if status and len(lines) != 1:
        return f"{len(lines)} lines instead of one sentence: {lines[:3]}"
    if status and (not lines[0].startswith(("error: ", "stopped: ")) or "Traceback" in lines[0]):
        return f"no sentence: {lines[0][:200]}"
    if status and isinstance(case.arguments, list) and ARGUMENT.search(lines[0]):
        return f"names an argument that is not a flag: {lines[0][:200]}"
    return f"a sentence of {len(lines[0])} characters" if status and len(lines[0]) > 1000 else ""


class TooSlow(BaseException):
    """A case takes more than `SECONDS`; no `Exception`, which what runs might handle."""


def _too_slow(*_):
    raise TooSlow


def _memory():
    """The memory of this process in bytes, at its highest since the last call."""
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) << 10
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak


def attempt_alone(case: Case) -> Result:
    """Runs a command as a process of its own."""
    program = [sys.executable, "-c", "from nlpseq.cli.main import main; main()"]
    arguments = [] if callable(case.arguments) else case.arguments
    try:
        run = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=4 * SECONDS)
    except subprocess.TimeoutExpired:
        return Result(-1, [], "too slow")
    lines = [line for line in run.stderr.splitlines() if not line.startswith("note: ")]
    return Result(run.returncode, lines, _wrong(case, run.returncode, lines))


def cases(folder: Path) -> Iterator[Case]:
    """All cases, each made when it is asked for."""
    for name, make in (("exports", exports), ("weights", weights), ("data", data)):
        (folder / name).mkdir()
        yield from make(folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose names contain this")
    parser.add_argument("--real", type=int, default=0, help="number of commands that also run as processes")
    parser.add_argument("--verbose", action="store_true", help="print every case")
    chosen = parser.parse_args()
    engine.set_mode("portable")
    counts, failures, commands = {}, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            if chosen.only not in case.name:
                continue
            result = attempt(case)
            counts[result.status] = counts.get(result.status, 0) + 1
            failures += bool(result.wrong)
            if isinstance(case.arguments, list):
                commands.append(case)
            if result.wrong or chosen.verbose:
                print(f"{'WRONG' if result.wrong else 'right'} {case.name!r}: {result.wrong or result}", flush=True)
        commands = [case for case in commands if Path(case.arguments[1]).exists()]
        for case in random.Random(0).sample(commands, min(chosen.real, len(commands))):
            result = attempt_alone(case)
            failures += bool(result.wrong)
            print(f"{'WRONG' if result.wrong else 'right'} as a process {case.name!r}: {result.wrong or result}")
    print(f"{sum(counts.values())} cases, by status {dict(sorted(counts.items()))}, {failures} wrong")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
