"""What the doctor costs: a training step with and without it, in turn, beside the callback that every recipe has.

python -m tests.benchmarks.doctor
"""

import time

import keras
import numpy as np
import tensorflow as tf

from nlpseq.layers import LSTM
from nlpseq.training import Doctor, StopOnNonFinite, optimizer
from nlpseq.training.settings import TrainingSettings

SIZES = {"small": (32, 20, 64, 64, 500), "large": (32, 64, 256, 512, 50)}  # batch, time, features, units, steps
FIRST = 10  # steps, some of which compile
ROUNDS = 12


class Times(keras.callbacks.Callback):
    """The time at the end of each step."""

    def on_train_begin(self, logs=None):
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


def seconds(model, data, steps, *callbacks):
    """Of each step of a training but the first ones."""
    times = Times()
    options = {"steps_per_epoch": steps, "verbose": 0, "shuffle": False}
    model.fit(data, callbacks=[*callbacks, StopOnNonFinite(), times], **options)
    return np.diff(times.ends[FIRST:])


def main():
    for name, (batch, length, features, units, steps) in SIZES.items():
        x = np.random.default_rng(0).normal(size=(batch, length, features)).astype("float32")
        data = tf.data.Dataset.from_tensors((x, np.arange(batch) % 2)).repeat()
        model = keras.Sequential([LSTM(units), keras.layers.Dense(2)])
        model.compile(
            optimizer(TrainingSettings(schedule="constant"), 100), keras.losses.SparseCategoricalCrossentropy(True)
        )
        plain, watched = [], []
        for _ in range(ROUNDS):
            plain.extend(seconds(model, data, steps))
            watched.extend(seconds(model, data, steps, Doctor(steps=steps, report=print)))
        parts = [np.quantile(watched, part) / np.quantile(plain, part) for part in (0.5, 0.25)]
        print(
            f"{name}: {1000 * np.median(plain):.2f} ms a step, with the doctor {parts[0]:.3f} times as long "
            f"(the median; the lower quartile {parts[1]:.3f} times)"
        )


if __name__ == "__main__":
    main()
