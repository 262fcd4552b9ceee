"""Peak memory of the training step of a recurrent layer, each in a process of its own.

    python -m tests.benchmarks.memory
    python -m tests.benchmarks.memory --layers LSTM --size A

Two figures each. "steps": the highest resident memory of three training steps above
that between the steps, when everything is compiled and what is free is given back.
"process": the same peak above that of the process before the layer was built, which
also holds the weights and what compilation leaves behind. The allocator of the C
library is told to give back at once what is freed, so that the figures are of what is
in use. Linux with glibc only.
"""

import ctypes
import gc
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from tests.benchmarks import timing

MALLOC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_ARENA_MAX": "2"}
VARIANTS = ("keras", "keras XLA", "nlpseq", "nlpseq recompute")


@dataclass(frozen=True)
class Settings:
    layers: tuple[str, ...] = ("LSTM", "GRU", "SimpleRNN")
    """Which layers."""
    size: str = "B"
    """A, B or C, as in tests.benchmarks.layers."""
    runs: int = 3
    """Processes for each figure, of which the median counts."""


def resident(field):
    """A field of the process's memory, in MB: VmRSS now, VmHWM at most since the last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def reset_peak():
    Path("/proc/self/clear_refs").write_text("5")


def measure(kind, variant, size):
    """Runs in the process that is measured."""
    import numpy as np
    import tensorflow as tf

    from tests.benchmarks import layers

    tf.config.threading.set_intra_op_parallelism_threads(layers.THREADS)
    batch, time, features, units = layers.SIZES[size]
    inputs = np.random.default_rng(0).normal(size=(batch, time, features)).astype("float32")
    inputs = tf.constant(inputs)
    tf.function(lambda: tf.matmul(inputs, inputs, transpose_b=True), jit_compile=True)()
    before = resident("VmRSS")
    if variant.startswith("keras"):
        layer = layers.keras_layer(kind, units)
    else:
        layer = layers.our_layer(kind, units, recompute=variant.endswith("recompute"))
    layer.build(inputs.shape)
    jit_compile = True if variant == "keras XLA" else None
    _, step = layers.tensorflow_runs(layer, inputs, jit_compile)
    for _ in range(3):
        step()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    between = resident("VmRSS")
    reset_peak()
    for _ in range(3):
        step()
    print(resident("VmHWM") - between, resident("VmHWM") - before)


def run(kind, variant, size, runs):
    """The two figures, medians over processes."""
    command = [sys.executable, "-m", __spec__.name, kind, variant, size]
    lines = [
        subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **MALLOC}).stdout
        for _ in range(runs)
    ]
    return [statistics.median(pair) for pair in zip(*(map(float, line.split()) for line in lines))]


def main(settings):
    tables = {"Memory of the training steps": [], "Memory of the process": []}
    for kind in settings.layers:
        pairs = [run(kind, variant, settings.size, settings.runs) for variant in VARIANTS]
        for title, figures in zip(tables, zip(*pairs)):
            least = min(figures[:2])
            ratios = [f"{figure / least:.2f}" for figure in figures[2:]]
            row = [kind, settings.size, *(f"{figure:.0f}" for figure in figures), *ratios]
            tables[title].append(row)
            print(title, *row, flush=True)
    header = ["layer", "size", *(f"{name} MB" for name in VARIANTS), "nlpseq / keras", "recompute / keras"]
    for title, rows in tables.items():
        timing.print_table(title, header, rows)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[2] in VARIANTS:
        measure(*sys.argv[1:])
    else:
        main(tyro.cli(Settings, description=__doc__))
