"""Kills trainings with SIGKILL, resumes them until done, and compares the result with an unbroken run.

    python -m tests.kill_proof --task tagging --kills 50
    python -m tests.kill_proof --kills 200            # over all recipes

A run is a recipe with tiny settings in a process that is forked from this one after its imports and
before TensorFlow starts its threads. Every second kill comes at a random moment, the others at a
random place inside the writing of a checkpoint or an export. After at most four kills a run may finish;
the weights in its export must be byte-equal to those of a run that was never killed.
"""

import argparse
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import tensorflow as tf

from tests.recipes import test_anomalies, test_clips, test_forecasting, test_speech

MOST_KILLS = 4  # of one run; the fifth attempt is left alone
COMMON = ("--units", 4, "--epochs", 3, "--learning-rate", 0.02, "--checkpoint-minutes", 0.002)
OF_WORDS = ("--embedding-size", 4, "--batch-size", 8)
TASKS = {  # the recipe, its flags beside `COMMON`, and its data
    "sentiment": (*OF_WORDS, "--averaging", 0.9, "--validations", 2, "--patience", 9),
    "tagging": (*OF_WORDS, "--character-units", 3, "--singleton-dropout", 0.3, "--patience", 1),
    "translation": (*OF_WORDS, "--recurrent-dropout", 0.2, "--scheduled-sampling", 0.2, "--dropout", 0.3),
    "language_model": (
        *(*OF_WORDS, "--batch-size", 4, "--steps", 8, "--validations", 2, "--optimizer", "asgd", "--patience", 1),
        *("--weight-dropout", 0.2, "--embedding-dropout", 0.1, "--max-tokens", 60, "--epochs", 5),
    ),
    "forecasting": (
        *("--horizon", 4, "--context", 14, "--hidden", 4, "--dropout", 0.2, "--batch-size", 8, "--ensemble", 2),
        *("--outliers", 0.3, "--validations", 2),
    ),
    "anomalies": ("--components", 2, "--steps", 20, "--warm-up", 20, "--dropout", 0.2, "--batch-size", 2),
    "speech": (
        *("--layers", 1, "--stack", 10, "--filters", 4, "--batch-size", 8, "--speed", 0.1, "--noise", 0.5),
        *("--dropout", 0.2, "--language-model", "ngram", "--order", 2, "--beam-size", 2),
    ),
    "clips": ("--batch-size", 4, "--warp", 0.2, "--noise", 0.3, "--dropout", 0.2, "--bag-of-frames", "yes"),
    "memory": (*OF_WORDS, "--distances", 5, "--cells", "rnn", "gru", "--examples", 80, "--epochs", 2),
}
WORDS = ("the", "a", "old", "new", "dog", "cat", "bird", "saw", "heard", "liked", "not", "very", "and", ".", "good")
NUMBERS = "numbers"  # no recipe: the training of `tests/training/test_resume.py`, which is quick
PLACES = ("in a file", "before the rename", "after the rename", "in an export", "before an export", "after an export")


def write_data(task: str, folder: Path) -> Path | None:
    """Random sentences for a task, the same each time."""
    source = random.Random(task)
    lines = [[source.choice(WORDS) for _ in range(source.randint(2, 12))] for _ in range(120)]
    if task == "sentiment":
        rows = [f"{' '.join(line)}\t{'ab'['good' in line or 'not' in line]}" for line in lines]
        return _write(folder / "texts.tsv", "text\tlabel", *rows)
    if task == "tagging":
        tags = {word: "NVD"[number % 3] for number, word in enumerate(WORDS)}
        return _write(folder / "tags.conll", *("\n".join(f"{w}\t{tags[w]}" for w in line) + "\n" for line in lines))
    if task == "translation":
        return _write(folder / "pairs.tsv", "en\tde", *(f"{' '.join(line)}\t{' '.join(line[::-1])}" for line in lines))
    if task == "language_model":
        return _write(folder / "lines.txt", *map(" ".join, lines))
    if task == "forecasting":
        return test_forecasting.write(folder / "sales.csv")
    if task == "anomalies":
        return test_anomalies.write(folder / "pump.csv")
    if task == "speech":
        return test_speech.record(folder / "sounds")
    return test_clips.write(folder / "moves.csv") if task == "clips" else None


def _write(path, *lines):
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


class Killed:
    """Replacements, in a run, of what writes: the process kills itself at one place.

    Args:
        place: One of `PLACES`.
        number: The how manieth time the place is reached, from 0.
    """

    def __init__(self, place: str, number: int):
        self.place, self.number = place, number

    def reach(self, place):
        if place == self.place:
            self.number -= 1
            if self.number < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        from nlpseq import writing

        write_all, replace, rename, save = writing._write_all, os.replace, os.rename, tf.saved_model.save

        def write_half(file, part):
            half = len(part) // 2
            write_all(file, part[:half])
            self.reach("in a file")
            write_all(file, part[half:])

        writing._write_all = write_half
        os.replace = self.around(replace, "before the rename", "after the rename")
        os.rename = self.around(rename, "before an export", "after an export")
        tf.saved_model.save = self.around(save, "", "in an export")

    def around(self, function, before, after):
        def wrapped(*args, **kwargs):
            self.reach(before)
            result = function(*args, **kwargs)
            self.reach(after)
            return result

        return wrapped


def load(recipes: bool = True) -> None:
    """Imports everything that a run needs; starts none of TensorFlow's threads."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tests.training import test_resume  # noqa: F401

    if not recipes:
        return
    import matplotlib.figure  # noqa: F401
    import sacrebleu  # noqa: F401
    import tensorflow_datasets  # noqa: F401

    from nlpseq import tasks
    from nlpseq.diagnostics import pictures  # noqa: F401

    for task in TASKS:
        importlib.import_module(f"recipes.{task}")
    for name in tasks.__all__:
        getattr(tasks, name)


def start(task: str, data: Path | None, output: Path, log: Path, killed: Killed | None = None) -> int:
    """Forks a run of a recipe; returns its process id."""
    process = os.fork()
    if process:
        return process
    try:
        with open(log, "ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        _run(task, data, output, killed)
        os._exit(0)
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(70)


def _run(task, data, output, killed):
    from nlpseq import engine
    from nlpseq.cli import run_recipe

    if killed is not None:
        killed.install()
    if task == NUMBERS:
        return _train_numbers(output)
    recipe = importlib.import_module(f"recipes.{task}")
    dataset = [] if data is None else ["--dataset", data]
    sys.argv = [str(part) for part in (recipe.__file__, *dataset, "--output", output, *COMMON, *TASKS[task])]
    engine.set_mode("portable")  # to compile tiny models would only take time
    run_recipe(recipe.main, getattr(recipe, "AllSettings", None) or recipe.Settings, getattr(recipe, "PRESETS", None))


def _train_numbers(output):
    from tests.training.test_resume import run

    output.mkdir(exist_ok=True)
    weights, _ = run(output / "checkpoints")
    os.rename(_write(output / "weights", b"".join(weights).hex()), output / "result")
    shutil.rmtree(output / "checkpoints")


def result(output: Path) -> bytes:
    """What must be equal: the weights of the export, or the figures of a recipe that exports none."""
    if (output / "metrics.json").is_file():
        metrics = json.loads((output / "metrics.json").read_text())
        return json.dumps({name: metrics[name] for name in ("accuracy", "gradient_norms")}).encode()
    if (output / "result").is_file():
        return (output / "result").read_bytes()
    version = min((path for path in output.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    names = [name for name in reader.get_variable_to_shape_map() if name.endswith("VARIABLE_VALUE")]
    return b"".join(name.encode() + reader.get_tensor(name).tobytes() for name in sorted(names))


class Proof:
    """The kills of one task.

    Attributes:
        counts: Numbers of "kills", "inside a write", "runs", "equal", and of kills by place.
    """

    def __init__(self, task: str, seed: int = 0, verbose: bool = False):
        self.task, self.random, self.verbose = task, random.Random(f"{task} {seed}"), verbose
        self.folder = Path(tempfile.mkdtemp(prefix=f"nlpseq-kill-{task}-"))
        self.data = write_data(task, self.folder)
        self.counts: Counter = Counter()

    def run(self, kills: int) -> Counter:
        """Kills until there were `kills`, and compares the result of each run."""
        begin = time.perf_counter()
        reference = self.folder / "reference"
        self._attempt(reference, 0)
        self.seconds = time.perf_counter() - begin
        expected = result(reference)
        while self.counts["kills"] < kills:
            output = self.folder / f"run-{self.counts['runs']}"
            self._until_done(output, min(MOST_KILLS, kills - self.counts["kills"]))
            self.counts["runs"] += 1
            equal = result(output) == expected
            self.counts["equal"] += equal
            left = [path.name for path in output.iterdir() if path.name.startswith((".", "checkpoints"))]
            self.counts["left over"] += len(left)
            if not equal or left:
                print(f"{self.task}: {output} differs or has leftovers {left}", flush=True)
            else:
                shutil.rmtree(output)
        if self.counts["equal"] == self.counts["runs"]:
            shutil.rmtree(self.folder)
        return self.counts

    def _until_done(self, output, kills):
        for number in range(kills):
            place = self.random.choice(PLACES) if number % 2 == 0 else None
            if not self._attempt(output, self.counts["runs"], place, kill=True):
                return
        self._attempt(output, self.counts["runs"])

    def _attempt(self, output, number, place=None, kill=False):
        """One process; returns whether it was killed."""
        killed = None
        if place is not None:
            killed = Killed(place, self.random.randrange(1 if "export" in place else 12))
        process = start(self.task, self.data, output, self.folder / f"log-{number}", killed)
        status = None
        if kill and place is None:
            status = _wait(process, self.random.uniform(0.05, 1.05) * self.seconds)
            if status is None:
                os.kill(process, signal.SIGKILL)
        if status is None:
            _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        if self.verbose:
            print(f"{self.task} {output.name}: {place or 'at a moment' if kill else 'left alone'}: {code}", flush=True)
        if code == -signal.SIGKILL:
            self.counts["kills"] += 1
            self.counts["inside a write"] += place is not None
            self.counts[place or "at a moment"] += 1
            return True
        if code:
            log = (self.folder / f"log-{number}").read_text("utf-8", "replace")
            raise AssertionError(f"{self.task} ended with status {code}:\n{log[-3000:]}")
        return False


def _wait(process, seconds):
    """The status of a process that ends within some seconds, else None."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        number, status = os.waitpid(process, os.WNOHANG)
        if number:
            return status
        time.sleep(0.01)
    return None


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.kill_proof", description=__doc__.partition("\n")[0])
    parser.add_argument("--task", choices=[*TASKS, NUMBERS], action="append", help="a recipe; default: all")
    parser.add_argument("--kills", type=int, default=200, help="over all of them; default 200")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="a line for each attempt")
    chosen = parser.parse_args()
    tasks, failed = chosen.task or list(TASKS), False
    load(recipes=tasks != [NUMBERS])
    for number, task in enumerate(tasks):
        share = chosen.kills * (number + 1) // len(tasks) - chosen.kills * number // len(tasks)
        begin = time.perf_counter()
        counts = Proof(task, chosen.seed, chosen.verbose).run(share)
        places = ", ".join(f"{counts[place]} {place}" for place in (*PLACES, "at a moment"))
        print(
            f"{task}: {counts['kills']} kills, {counts['inside a write']} of them inside a write ({places}); "
            f"{counts['equal']} of {counts['runs']} runs byte-equal, {counts['left over']} leftovers; "
            f"{time.perf_counter() - begin:.0f} s",
            flush=True,
        )
        failed |= counts["equal"] != counts["runs"] or counts["left over"] > 0
    sys.exit(failed)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
