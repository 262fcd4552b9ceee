"""Exports in all formats: sizes, milliseconds and agreement with the SavedModel.

    python -m tests.benchmarks.formats EXPORT [EXPORT ...] [--keras FOLDER]

Each export is copied, and gets ONNX, LiteRT and LiteRT with int8 weights; a sample of made texts, and inputs that no
data set has, are asked in each. Times are of `nlpseq.runtime`, with what is done around the network. With `--keras` a
SavedModel that `model.export` of Keras wrote for texts, as `plain_sentiment` does, is asked the same texts as the first
export.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np

from nlpseq import serving
from nlpseq.errors import InputError
from nlpseq.training.transfer import load_task
from tests.benchmarks import timing

VARIANTS = (("onnx", "none"), ("litert", "none"), ("litert", "int8"))
HEADER = ("task", "format", "kB", "ms, 1", "ms, 64", "same decisions", "score difference")


def rows_of(export, folder):
    """A row of the table for each format of a copy of an export, and its task."""
    version = Path(shutil.copytree(serving.find_export(export), Path(folder, "1")))
    task = load_task(version)
    rows = {}
    for name, quantize in VARIANTS:
        try:
            described = serving.add_formats(version, task, [name], quantize)
        except InputError as error:
            rows[name, quantize] = [f"{name} {quantize}: {error}", *[""] * 5]
            continue
        for key, row in described.items():
            agreement = row.get("agreement", {"decisions": 1.0, "scores": 0.0})
            rows[key, row.get("quantize", "none")] = [
                key + (" int8" if row.get("quantize") == "int8" else ""),
                f"{row['bytes'] / 1000:,.0f}",
                f"{row['ms_1']:.2f}",
                f"{row['ms_64']:.1f}",
                f"{agreement['decisions']:.1%}",
                f"{agreement['scores']:.0e}",
            ]
    return [[type(task).__name__, *row] for row in rows.values()], task


def keras_row(path, texts):
    """The row of a SavedModel that Keras wrote."""
    import tensorflow as tf

    answer = tf.saved_model.load(path).serve

    def milliseconds(batches):
        seconds = [timing.once(lambda: np.asarray(answer(tf.constant(batch)))) for batch in batches]  # noqa: B023
        return 1000 * float(np.median(seconds))

    milliseconds([texts])  # the first call is slower
    kilobytes = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file()) / 1000
    alone, together = milliseconds([[text] for text in texts]), milliseconds([texts] * 5)
    return ["plain Keras", "saved_model", f"{kilobytes:,.0f}", f"{alone:.2f}", f"{together:.1f}", "", ""]


def main():
    parser = argparse.ArgumentParser("python -m tests.benchmarks.formats", description=__doc__.partition("\n")[0])
    parser.add_argument("exports", nargs="+")
    parser.add_argument("--keras", help="folder of a SavedModel of Keras")
    chosen = parser.parse_args()
    print(f"| {' | '.join(HEADER)} |\n|{' --- |' * len(HEADER)}")
    texts = []
    for export in chosen.exports:
        with tempfile.TemporaryDirectory() as folder:
            rows, task = rows_of(export, folder)
        show(rows)
        texts = texts or task.synthetic_examples(64)
    if chosen.keras:
        show([keras_row(chosen.keras, texts)])


def show(rows):
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
