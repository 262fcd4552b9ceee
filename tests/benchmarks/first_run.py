"""Times recipes from the start of the process to the export, against plain Keras scripts that do the same.

    python -m tests.benchmarks.first_run
    python -m tests.benchmarks.first_run --texts FOLDER --sentences FOLDER --encoding latin-1

Every run is a process of its own: the recipe without compiled programs from earlier runs (cold), with those
of the run before it (warm), and the Keras script (`plain_sentiment`, `plain_tagging`), in turn. Same model,
sizes, data and epochs; the recipes also evaluate by class and draw. The folders have what the recipes
take: train.jsonl, validation.jsonl and test.jsonl; CoNLL files. Without them the embedded corpora are used.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

import nlpseq
from nlpseq.cli.programs import VARIABLE
from nlpseq.data.files import paths
from tests.benchmarks import timing

ROOT = Path(__file__).parents[2]
SPLITS = ("train", "validation", "test")
# The settings of the recipes that follow the data, as in the Keras scripts.
SAME = "--ensemble 1 --units 64 --embedding-size 64 --layers 1 --recurrent-dropout 0 --averaging 0 --validations 1"
SENTIMENT = (
    f"{SAME} --pooling max --linear none --ngrams 1 --min-count 1 --dropout 0.2 --output-dropout 0.2 "
    "--word-dropout 0 --batch-size 64 --learning-rate 3e-3"
)
TAGGING = (
    f"{SAME} --linear none --model softmax --characters rnn --character-units 32 --character-embedding-size 32 "
    "--dropout 0.3 --output-dropout 0.3 --word-dropout 0 --singleton-dropout 0 --batch-size 32 --learning-rate 2e-3"
)


@dataclass(frozen=True)
class Settings:
    texts: Path | None = None
    """Folder of train.jsonl, validation.jsonl and test.jsonl."""
    sentences: Path | None = None
    """Folder of CoNLL files."""
    encoding: str = "utf-8"
    """Encoding of the CoNLL files."""
    tasks: tuple[str, ...] = ("sentiment", "tagging")
    """Which of sentiment and tagging."""
    epochs: int | None = None
    """Passes over the data; default 6 for sentiment, 3 for tagging, as in the recipes."""
    rounds: int = 3
    """Rounds in which the candidates take turns."""


def write_texts(folder):
    """The embedded corpus as files."""
    data = nlpseq.data.load_labelled_texts("nlpseq_reviews")
    for split in SPLITS:
        examples = getattr(data, split)
        rows = [
            json.dumps({"text": text.decode(), "label": data.labels[label]})
            for text, label in zip(examples.texts, examples.labels)
        ]
        Path(folder, f"{split}.jsonl").write_text("\n".join(rows), encoding="utf-8")


def write_sentences(folder):
    data = nlpseq.data.load_tagged_sentences("nlpseq_tags")
    for split in SPLITS:
        examples = getattr(data, split)
        sentences = [
            "\n".join(f"{token}\t{data.labels[tag]}" for token, tag in zip(tokens, tags))
            for tokens, tags in zip(examples.tokens, examples.tags)
        ]
        Path(folder, f"{split}.txt").write_text("\n\n".join(sentences) + "\n", encoding="utf-8")


def sentiment(settings, scratch):
    """The commands of both candidates, without the output, which is their last argument."""
    folder, epochs = settings.texts or scratch, str(settings.epochs or 6)
    if settings.texts is None:
        write_texts(folder)
    same = [*SENTIMENT.split(), "--patience", epochs, "--epochs", epochs]
    return {
        "nlpseq": [ROOT / "recipes/sentiment.py", "--dataset", folder, *same, "--output"],
        "keras": ["-m", "tests.benchmarks.plain_sentiment", folder, epochs],
    }


def tagging(settings, scratch):
    folder, epochs = settings.sentences or scratch, str(settings.epochs or 3)
    if settings.sentences is None:
        write_sentences(folder)
    files = paths.split_files(folder, folder.iterdir(), "CoNLL files")
    same = [*TAGGING.split(), "--patience", epochs, "--epochs", epochs]
    encoding = settings.encoding
    return {
        "nlpseq": [ROOT / "recipes/tagging.py", "--dataset", folder, "--encoding", encoding, *same, "--output"],
        "keras": ["-m", "tests.benchmarks.plain_tagging", *(files[split] for split in SPLITS), encoding, epochs],
    }


def run(command, output, programs):
    """Seconds of the whole process, of its first epoch, and of a later one."""
    environment = {**os.environ, VARIABLE: str(programs), "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    process = subprocess.run(
        [sys.executable, *map(str, command), str(output)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(process.stdout[-2000:] + process.stderr[-2000:])
    epochs = [float(value) for value in re.findall(r"^epoch \d+: ([\d.]+) s$", process.stdout, re.M)]
    minutes = [float(value) for value in re.findall(r"minutes: ([\d.e+-]+)", process.stdout)]
    epochs = epochs or [60 * (end - begin) for begin, end in zip([0.0, *minutes], minutes)]
    return seconds, epochs[0], statistics.mean(epochs[1:]) if epochs[1:] else float("nan")


def measure(commands, rounds):
    """The figures of each run, by candidate."""
    figures = {"nlpseq, cold": [], "nlpseq, warm": [], "keras": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, runs in figures.items():
                command = commands[name.partition(",")[0]]
                runs.append(run(command, Path(folder, "output"), Path(folder, "programs")))
                print(name, *(f"{seconds:.1f}" for seconds in runs[-1]), flush=True)
                shutil.rmtree(Path(folder, "output"))
    return figures


def main(settings):
    subprocess.run([sys.executable, "-c", "import keras, tensorflow"], capture_output=True)  # from the disk once
    for task in settings.tasks:
        with tempfile.TemporaryDirectory() as scratch:
            commands = {"sentiment": sentiment, "tagging": tagging}[task](settings, Path(scratch))
            figures = measure(commands, settings.rounds)
        rows = []
        for name, runs in figures.items():
            medians = [statistics.median(values) for values in zip(*runs)]
            faster = statistics.median(rival[0] / ours[0] for rival, ours in zip(figures["keras"], runs))
            rows.append(
                [name, *(f"{value:.1f}" for value in medians), f"{medians[1] - medians[2]:.1f}", f"{faster:.2f}"]
            )
        header = ["", "whole command s", "first epoch s", "later epochs s", "difference s", "times faster than keras"]
        timing.print_table(f"First run: {task}", header, rows)


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
