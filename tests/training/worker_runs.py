"""Runs `tests.training.worker_program` with several numbers of workers, and compares their weights.

python -m tests.training.worker_runs --counts 1 2 4 --repeat
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from nlpseq.cli.launch import environments

SECONDS = 900  # after which a run counts as hanging


def run(folder: Path, count: int, *arguments: str) -> None:
    """Trains with a number of workers on this machine; raises an error if one of them fails."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.training.worker_program", str(folder), *arguments]
    processes = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for env in environments(count, 1)
    ]
    try:
        outputs = [process.communicate(timeout=SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs):
        assert process.returncode == 0, output[-3000:]


def difference(one: Path, other: Path) -> float:
    """The largest difference of two runs in a weight or a value of the history, relative to those above 1."""
    first, second = np.load(one), np.load(other)
    assert first.files == second.files
    return max(float(np.max(_gaps(first[name], second[name]))) for name in first.files)


def _gaps(one, other):
    return np.abs(one - other) / np.maximum(np.abs(one), 1)


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.training.worker_runs", description=__doc__.partition("\n")[0])
    parser.add_argument("--counts", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--repeat", action="store_true", help="run the largest count twice, and compare bytes")
    chosen, rest = parser.parse_known_args()
    folder = Path(tempfile.mkdtemp(prefix="nlpseq-workers-"))
    for count in chosen.counts:
        run(folder / "first", count, *rest)
    for path in sorted((folder / "first").glob(f"*-{chosen.counts[0]}.npz")):
        name = path.stem.rpartition("-")[0]
        values = [
            f"{count} workers {difference(path, path.with_name(f'{name}-{count}.npz')):.1e}"
            for count in chosen.counts[1:]
        ]
        print(f"{name}: largest difference from {chosen.counts[0]} worker: {', '.join(values)}", flush=True)
    if chosen.repeat:
        run(folder / "second", chosen.counts[-1], *rest)
        for path in sorted((folder / "second").glob("*.npz")):
            equal = path.read_bytes() == (folder / "first" / path.name).read_bytes()
            print(f"{path.stem}: {'byte-equal' if equal else 'differs'} run to run", flush=True)


if __name__ == "__main__":
    main()
