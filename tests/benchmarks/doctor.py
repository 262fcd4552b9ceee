"""What the doctor costs: seconds of a training with and without it, in turn.

python -m tests.benchmarks.doctor
"""

import statistics
import time

import keras
import numpy as np

from nlpseq.layers import LSTM
from nlpseq.training import Doctor, optimizer
from nlpseq.training.settings import TrainingSettings

SIZES = {"small": (32, 20, 64, 64), "large": (32, 64, 256, 512)}  # batch, time, features, units
STEPS, ROUNDS = 100, 5


def seconds(model, x, y, callbacks):
    """The time of a training after its first steps, which compile."""
    model.fit(x, y, len(x) // 4, verbose=0, callbacks=callbacks)
    data = np.tile(x, (STEPS // 4, 1, 1)), np.tile(y, STEPS // 4)
    start = time.perf_counter()
    model.fit(*data, len(x) // 4, verbose=0, callbacks=callbacks)
    return time.perf_counter() - start


def main():
    for name, (batch, steps, features, units) in SIZES.items():
        x = np.random.default_rng(0).normal(size=(4 * batch, steps, features)).astype("float32")
        y = np.zeros(4 * batch, "int32")
        model = keras.Sequential([LSTM(units), keras.layers.Dense(2)])
        model.compile(
            optimizer(TrainingSettings(schedule="constant"), 100), keras.losses.SparseCategoricalCrossentropy(True)
        )
        seconds(model, x, y, [])
        ratios, without = [], []
        for _ in range(ROUNDS):
            plain = seconds(model, x, y, [])
            ratios.append(seconds(model, x, y, [Doctor(report=print)]) / plain)
            without.append(plain / STEPS)
        milliseconds, ratio = 1000 * statistics.median(without), statistics.median(ratios)
        print(f"{name}: {milliseconds:.2f} ms a step, with the doctor {ratio:.3f} times as long")


if __name__ == "__main__":
    main()
