"""Do the tests notice a wrong sign? Seeded mutants, each run against the first tier of the tests.

    python -m tests.mutations --count 40              run, or resume, and print the table
    python -m tests.mutations --only engine --list    the mutants that would run
    python -m tests.mutations --old ../before         the survivors against the tests of another clone

Every verdict is a line of the results file, so that an interrupted run resumes. A mutant that runs
into the time limit counts as killed. Known survivors, with reasons: tests/MUTATIONS.md.
"""

import argparse
import difflib
import json
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Room:
    """Sources that are mutated, and the tests that should notice, the most specific first."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()


ROOMS = {
    "cells": Room(("nlpseq/cells/*.py",), ("tests/cells", "tests/engine", "tests/layers", "tests/tasks")),
    "engine": Room(
        ("nlpseq/engine/*.py",),
        ("tests/engine", "tests/cells", "tests/layers", "tests/tasks"),
        without=("nlpseq/engine/chains.py",),
    ),
    "crf": Room(
        ("nlpseq/engine/chains.py", "nlpseq/layers/crf.py"),
        ("tests/layers/test_crf.py", "tests/engine", "tests/layers", "tests/tasks/tagging"),
    ),
    "layers": Room(
        tuple(f"nlpseq/layers/{name}.py" for name in ("attention", "bidirectional", "recurrent", "stack", "pooling")),
        ("tests/layers", "tests/engine", "tests/cells", "tests/tasks"),
    ),
    "decoding": Room(
        ("nlpseq/decoding/*.py",),
        ("tests/decoding", "tests/tasks/translation", "tests/tasks/language_modeling", "tests/test_docstrings.py"),
    ),
    "text": Room(("nlpseq/text/**/*.py",), ("tests/text", "tests/tasks", "tests/test_docstrings.py")),
}
COPIED = ("nlpseq", "tests", "recipes", "setup.cfg", "pyproject.toml", "README.md")
OPTIONS = ("-x", "-q", "-o", "addopts=", "--strict-markers", "-p", "no:cacheprovider", "--tb=line")
OPTIONS += ("--hypothesis-seed=0",)


class Tree:
    """A copy of a clone, in which one line at a time is changed."""

    def __init__(self, root: Path):
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, self.folder / name)

    def run(self, mutant: Mutant | None, tests: list[str], limit: float) -> dict:
        """The verdict of the tests on a mutant, or on the unchanged source."""
        if mutant is None:
            return self._pytest(tests, limit)
        path = self.folder / mutant.file
        source = path.read_text("utf-8")
        path.write_text(mutant.apply(source), "utf-8")
        try:
            return self._pytest(tests, limit)
        finally:
            path.write_text(source, "utf-8")

    def _pytest(self, tests: list[str], limit: float) -> dict:
        # Without byte code: its staleness is told by seconds and sizes, which mutants share.
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("NLPSEQ_DATA", None)
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *OPTIONS, *tests],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return {"verdict": "timeout", "by": f"no end within {limit:.0f} s", "seconds": round(limit)}
        seconds = round(time.monotonic() - begin)
        if process.returncode == 0:
            return {"verdict": "survived", "by": "", "seconds": seconds}
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        where = " (at import)" if process.returncode == 2 else ""
        # 1 is a failed test, 2 an error of collection; a crash has no summary line.
        crash = f"exit status {process.returncode}: {output.strip().splitlines()[-1:]}"
        if process.returncode in (4, 5):
            raise SystemExit(f"pytest did not run: {crash}")
        return {"verdict": "killed", "by": failed[1] + where if failed else crash, "seconds": seconds}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def files(root: Path, room: Room) -> list[Path]:
    """The source files of a room."""
    chosen = {path for pattern in room.sources for path in root.glob(pattern)}
    return sorted(path for path in chosen if str(path.relative_to(root)) not in room.without)


def choose(seed: int, room: str, count: int) -> list[Mutant]:
    """Mutants of a room: operators in turn, files evenly by their length, a line at most once."""
    chance = random.Random(f"{seed} {room}")
    pool = [mutant for path in files(ROOT, ROOMS[room]) for mutant in mutants(path, ROOT)]
    sizes = Counter(mutant.file for mutant in pool)
    chance.shuffle(pool)
    chosen: list[Mutant] = []
    while pool and len(chosen) < count:
        operators, places = Counter(m.operator for m in chosen), Counter(m.file for m in chosen)
        best = min(pool, key=lambda m: (operators[m.operator], places[m.file] / sizes[m.file]))
        chosen.append(best)
        pool = [m for m in pool if (m.file, m.line) != (best.file, best.line)]
    return chosen


def tests_of(root: Path, room: str, mutant: Mutant | None = None) -> list[str]:
    """The test files and folders for a room; the file named after the mutated one runs first."""
    stem = Path(mutant.file).stem if mutant else ""
    of_module = [str(path.relative_to(root)) for path in sorted(root.glob(f"tests/**/test_{stem}.py"))] if stem else []
    return list(dict.fromkeys([*of_module, *(test for test in ROOMS[room].tests if (root / test).exists())]))


def counterpart(mutant: Mutant, root: Path) -> Mutant | None:
    """The same change in another clone: in the same line, or in the most similar one."""
    lines = [
        (str(path.relative_to(root)), number, text)
        for path in sorted((root / "nlpseq").rglob("*.py"))
        for number, text in enumerate(path.read_text("utf-8").splitlines(), 1)
        if text.count(mutant.old) == 1
    ]
    target = mutant.text.strip()
    ratio = {line: difflib.SequenceMatcher(None, target, line[2].strip()).ratio() for line in lines}
    best = max(lines, key=lambda line: (ratio[line], line[0] == mutant.file), default=None)
    return mutant.moved(*best) if best and ratio[best] >= 0.8 else None


def run_all(chosen: list[tuple[str, Mutant]], root: Path, results: Path, jobs: int, limit: float | None):
    """Runs the mutants that have no verdict yet; appends a line for each."""
    finished = {record["key"] for record in read(results)}
    waiting = [(room, mutant) for room, mutant in chosen if mutant.key not in finished]
    trees: queue.Queue[Tree] = queue.Queue()
    for _ in range(jobs if waiting else 0):
        trees.put(Tree(root))
    limits: dict[str, float] = {}

    def judge(room: str, mutant: Mutant):
        tree = trees.get()
        try:
            target = mutant if root == ROOT else counterpart(mutant, root)
            if target is None:
                verdict = {"verdict": "absent", "by": "no such line", "seconds": 0}
            else:
                verdict = tree.run(target, tests_of(root, room, target), limits[room])
        finally:
            trees.put(tree)
        record = {"key": mutant.key, "room": room, **describe(mutant), **verdict}
        with results.open("a") as lines:
            lines.write(json.dumps(record) + "\n")
        told = f"{mutant.key} {room:9s}{verdict['verdict']:9s}{verdict['seconds']:5d} s"
        print(f"{told}  {mutant.file}:{mutant.line}", flush=True)

    try:
        for room in dict.fromkeys(room for room, _ in waiting):
            unchanged = _unchanged(trees.queue[0], root, room)
            limits[room] = limit or 60.0 + 3 * unchanged
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda pair: judge(*pair), waiting))
    finally:
        while not trees.empty():
            trees.get().close()


def _unchanged(tree: Tree, root: Path, room: str) -> int:
    """Seconds of the tests on the unchanged source; where they fail, every mutant would seem killed."""
    verdict = tree.run(None, tests_of(root, room), limit=3600)
    if verdict["verdict"] != "survived":
        raise SystemExit(f"the tests of {room} fail without any mutation: {verdict['by']}")
    print(f"unchanged {room}: {verdict['seconds']} s", flush=True)
    return verdict["seconds"]


def describe(mutant: Mutant) -> dict:
    return {
        "file": mutant.file,
        "line": mutant.line,
        "operator": mutant.operator,
        "before": mutant.text.strip(),
        "after": mutant.changed.strip(),
    }


def read(results: Path) -> list[dict]:
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


def table(records: list[dict], old: dict[str, dict]) -> str:
    """The verdicts as Markdown; beside them those of the older tests, where these were asked."""
    rows = ["| id | place | mutation | verdict | by |" + (" before |" if old else "")]
    rows.append("|---" * (6 if old else 5) + "|")
    for record in records:
        before, after = (_code(record[side]) for side in ("before", "after"))
        row = f"| {record['key']} | {record['file']}:{record['line']} | {before} → {after} "
        row += f"| {record['verdict']} | {record['by'].removeprefix('tests/')} |"
        rows.append(row + (f" {old.get(record['key'], {}).get('verdict', '')} |" if old else ""))
    counts = Counter((record["room"], record["verdict"]) for record in records)
    rooms = dict.fromkeys(record["room"] for record in records)
    rows += ["", "| room | killed | survived |", "|---|---|---|"]
    for room in rooms:
        rows.append(f"| {room} | {counts[room, 'killed'] + counts[room, 'timeout']} | {counts[room, 'survived']} |")
    return "\n".join(rows)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=40, help="mutants over all rooms (40)")
    parser.add_argument("--only", choices=ROOMS, help="mutants of this room alone")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at the same time (1)")
    parser.add_argument("--old", type=Path, metavar="CLONE", help="the survivors against the tests of this clone")
    parser.add_argument("--results", type=Path, default=Path(tempfile.gettempdir()) / "nlpseq-mutants.jsonl")
    parser.add_argument("--limit", type=float, help="seconds a mutant; else three times the unchanged tests' time")
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    parser.add_argument("--again", action="store_true", help="forget the survivors: the tests have changed")
    options = parser.parse_args()
    rooms = [options.only] if options.only else list(ROOMS)
    counts = [options.count // len(rooms) + (place < options.count % len(rooms)) for place in range(len(rooms))]
    chosen = [(room, mutant) for room, count in zip(rooms, counts) for mutant in choose(options.seed, room, count)]
    if options.list:
        for room, mutant in chosen:
            place = f"{mutant.key} {room} {mutant.file}:{mutant.line} {mutant.operator}"
            print(f"{place}\n    {mutant.text.strip()}\n    {mutant.changed.strip()}")
        return
    if options.again:
        remaining = [record for record in read(options.results) if record["verdict"] != "survived"]
        options.results.write_text("".join(json.dumps(record) + "\n" for record in remaining))
    run_all(chosen, ROOT, options.results, options.jobs, options.limit)
    by_key = {record["key"]: record for record in read(options.results)}
    old = {}
    if options.old:
        survivors = [(room, mutant) for room, mutant in chosen if by_key[mutant.key]["verdict"] == "survived"]
        older = options.results.with_suffix(".old.jsonl")
        run_all(survivors, options.old.resolve(), older, options.jobs, options.limit)
        old = {record["key"]: record for record in read(older)}
    print(table([by_key[mutant.key] for _, mutant in chosen], old))


if __name__ == "__main__":
    main()
