"""Kills workers of a training with SIGKILL, resumes it until done, and compares the result with an unbroken run.

    python -m tests.worker_kill_proof --kills 20                  # of workers, and as many of the chief
    python -m tests.worker_kill_proof --kills 5 --task tagging --workers 3

A run is a recipe with tiny settings, started as `nlpseq launch` starts it. One worker is killed at a random moment,
the others must end, with one line that says why, or are ended by `launch`. The same command resumes. The weights of the
export must be byte-equal to those of a run that was never killed.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from nlpseq.cli import launch
from tests import kill_proof

MOST_KILLS = 3  # of one run; the next attempt is left alone
SECONDS = 900  # after which an attempt counts as hanging
FLAGS = {**kill_proof.TASKS, "sentiment": (*kill_proof.OF_WORDS, "--validations", 2, "--patience", 9)}
PROGRAM = """
import importlib, sys
from nlpseq import engine
from nlpseq.cli import run_recipe
recipe = importlib.import_module(f"recipes.{sys.argv.pop(1)}")
engine.set_mode("portable")  # to compile tiny models would only take time
run_recipe(recipe.main, getattr(recipe, "AllSettings", None) or recipe.Settings, getattr(recipe, "PRESETS", None))
"""


class Proof:
    """The kills of one task.

    Attributes:
        counts: Numbers of "kills", "runs", "equal", and of attempts "hung", whose other workers had to be killed.
        waits: Seconds until the other workers had ended, after each kill.
    """

    def __init__(self, task: str, workers: int, seed: int = 0):
        self.task, self.workers, self.random = task, workers, random.Random(f"{task} {seed}")
        self.folder = Path(tempfile.mkdtemp(prefix=f"nlpseq-worker-kill-{task}-"))
        self.data = kill_proof.write_data(task, self.folder)
        self.counts: Counter = Counter()
        self.waits: list[float] = []

    def run(self, rank: int, kills: int) -> None:
        """Kills the worker of a rank until there were `kills`, and compares the result of each run."""
        reference = self.folder / "reference"
        if not reference.exists():
            begin = time.perf_counter()
            self._attempt(reference, None)
            self.seconds = time.perf_counter() - begin
        process = 0
        while process < kills:
            output = self.folder / f"run-{self.counts['runs']}"
            for _ in range(min(MOST_KILLS, kills - process)):
                if not self._attempt(output, rank):
                    break
                process += 1
            else:
                self._attempt(output, None)
            self.counts["runs"] += 1
            equal = kill_proof.result(output) == kill_proof.result(reference)
            self.counts["equal"] += equal
            if equal:
                shutil.rmtree(output)
            else:
                print(f"{output} differs", flush=True)

    def _start(self, output):
        flags = [*kill_proof.COMMON, *FLAGS[self.task]]
        command = [sys.executable, "-c", PROGRAM, self.task, "--dataset", self.data, "--output", output, *flags]
        with open(self.folder / "log", "ab") as log:
            return [
                subprocess.Popen([str(part) for part in command], env=env, stdout=log, stderr=log)
                for env in launch.environments(self.workers, 1)
            ]

    def _attempt(self, output, rank):
        """One start of all workers; returns whether the one of a rank was killed, None for none."""
        processes, moments = self._start(output), []

        def kill():
            if processes[rank].poll() is None:
                processes[rank].kill()
                moments.append(time.perf_counter())

        timer = threading.Timer(0 if rank is None else self.random.uniform(0.2, 1.05) * self.seconds, kill)
        if rank is not None:
            timer.start()
        limit = threading.Timer(SECONDS, lambda: [process.kill() for process in processes])
        limit.start()
        with launch.forwarded(processes):
            status = launch.wait(processes)
            seconds = time.perf_counter() - (moments or [time.perf_counter()])[0]
        timer.cancel()
        limit.cancel()
        for process in processes:  # those that `launch` killed have no status before
            process.wait()
        killed = [other for other, process in enumerate(processes) if process.returncode == -signal.SIGKILL]
        self.counts["hung"] += killed not in ([], [rank])
        # A worker may be killed after its last step, when the others no longer need it.
        assert moments or not status, self._log()
        self.counts["kills"] += len(moments)
        self.waits += [seconds] * bool(moments)
        return bool(moments)

    def _log(self):
        return (self.folder / "log").read_text("utf-8", "replace")[-3000:]


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.worker_kill_proof", description=__doc__.partition("\n")[0])
    parser.add_argument("--task", choices=list(FLAGS), default="sentiment")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20, help="of a worker, and of the chief")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    proof = Proof(chosen.task, chosen.workers, chosen.seed)
    for name, rank in (("worker", chosen.workers - 1), ("chief", 0)):
        before, waits = Counter(proof.counts), len(proof.waits)
        proof.run(rank, chosen.kills)
        counts = proof.counts - before
        print(
            f"{chosen.task}: {counts['kills']} kills of the {name}; {counts['equal']} of {counts['runs']} runs "
            f"byte-equal; the others ended within {max(proof.waits[waits:], default=0):.0f} s, {counts['hung']} times "
            "not by themselves",
            flush=True,
        )
    sys.exit(proof.counts["equal"] != proof.counts["runs"] or proof.counts["hung"] > 0)


if __name__ == "__main__":
    main()
