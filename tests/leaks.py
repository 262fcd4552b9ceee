"""Memory that grows: over calls of an export and of `predict_text`, and over the epochs of a training.

    python -m tests.leaks --calls 20000 --epochs 30

Prints the resident memory after a tenth of the calls or epochs, and how much it has grown at the end. The
status is 1 if it grows by more than `--most` MB.
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("NLPSEQ_PROGRAMS", "off")

import keras
import numpy as np
import tensorflow as tf

from nlpseq import training
from tests.tasks import tiny
from tests.tasks.fitted import FITTED

WORDS = np.array(["a", "good", "film", "bad", "not", "Ada", "met", "the", "cat", "sat", ",", "x", "b", "c"])
TEXTS = ("classification", "tagging", "translation", "language_model")  # kinds that are asked texts


def resident() -> float:
    """The resident memory of this process, in MB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def texts(count: int) -> list[str]:
    """Texts of random words and lengths."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, rng.integers(1, 30))) for _ in range(count)]


def growth(name: str, call: Callable[[str], object], calls: int) -> float:
    """MB by which the memory grows after a tenth of the calls."""
    start = 0.0
    for number, text in enumerate(texts(calls)):
        if number == calls // 10:
            start = resident()
        call(text)
    return reported(name, start, f"{calls:,} calls")


def reported(name: str, start: float, unit: str) -> float:
    grown = resident() - start
    print(f"{name}: {start:.0f} MB after a tenth of {unit}, then {grown:+.1f} MB", flush=True)
    return grown


def growth_of_epochs(kind: str, epochs: int) -> float:
    """MB by which the memory grows after a tenth of the epochs of a training."""
    make, data = FITTED[kind]
    training.set_seed(1)
    task, start = make(), []
    task.compile(training.Adam(0.01))

    def measure(epoch, _):
        if epoch == epochs // 10:
            start.append(resident())

    batches, held_out = task.prepare(data(), 8, training=True), task.prepare(data(), 8)
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=measure)
    task.fit(batches, validation_data=held_out, epochs=epochs, callbacks=[watch], verbose=0)
    return reported(f"training of a {kind} task", start[0], f"{epochs} epochs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--kinds", nargs="*", default=list(FITTED), choices=FITTED)
    parser.add_argument("--most", type=float, default=10.0, help="MB that do not count as growth")
    chosen = parser.parse_args()
    grown = []
    for kind in filter(TEXTS.__contains__, chosen.kinds):
        serve = tf.saved_model.load(str(tiny.exported(kind)[1])).signatures["serving_default"]
        grown.append(
            growth(f"export of {kind}", lambda text, serve=serve: serve(text=tf.constant([text])), chosen.calls)
        )
        task = FITTED[kind][0]()
        options = {"length": 3} if kind == "language_model" else {}

        def ask(text, task=task, options=options):
            return task.predict_text([text], **options)

        grown.append(growth(f"predict_text of {kind}", ask, chosen.calls))
    for kind in chosen.kinds:
        grown.append(growth_of_epochs(kind, chosen.epochs))
    sys.exit(max(grown) > chosen.most)


if __name__ == "__main__":
    main()
