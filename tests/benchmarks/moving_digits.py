"""Moving handwritten digits: accuracy and step time beside plain Keras ConvLSTM2D.

    python -m tests.benchmarks.moving_digits --images t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz

Two tasks, on clips of 32 x 32 pixels:

- direction: a digit drifts in one of eight directions from anywhere; what leaves the picture enters on the other side;
- sequence: three digits are shown one after another, each while it drifts, and each frame is labelled with its digit; a
  sequence is right if the runs of predicted digits are the three digits.

The digits of training, validation and test are different images: the first 6,000, the next 1,000, the last 3,000.
"""

import gzip
import time
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.tasks.clips import defaults
from nlpseq.tasks.clips.answers import runs
from nlpseq.tasks.clips.evaluation import accuracy
from nlpseq.training.settings import TrainingSettings
from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS

SIZE, DIGIT = 32, 14  # pixels
FRAMES = 12
PARTS = {"train": slice(0, 6000), "validation": slice(6000, 7000), "test": slice(7000, 10000)}
MODEL = (
    "layers",
    "units",
    "pooling",
    "scaling",
    "derived",
    "filters",
    "frame_size",
    "warp",
    "noise",
    "dropout",
    "output_dropout",
)


@dataclass(frozen=True)
class Settings:
    images: str
    """Images in the IDX format, compressed by gzip."""
    labels: str
    """Their labels in the same format."""
    task: Literal["direction", "sequence"] = "direction"
    """What the clips are labelled with."""
    clips: int = 2000
    """Clips of training; a quarter as many for validation, and half as many for test."""
    epochs: int = 12
    """Passes over the training clips, at most."""
    rival: bool = True
    """Whether ConvLSTM2D is trained too."""
    seed: int = 1
    """Of the weights; the clips are always the same."""


def read(path, offset):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def make_clips(images, labels, task, count, seed):
    """Clips uint8 `(FRAMES, SIZE, SIZE)`, and a label each, or one for each frame."""
    random = np.random.default_rng(seed)
    return [_clip(images, labels, task, number, random) for number in range(count)]


def _clip(images, labels, task, number, random):
    shown = random.integers(len(images), size=3 if task == "sequence" else 1)
    while len(set(labels[shown].tolist())) < len(shown):  # equal neighbours would be one run
        shown = random.integers(len(images), size=len(shown))
    frames, digits = [], []
    place = random.uniform(0, SIZE, 2)
    for index, steps in zip(shown, np.diff([0, *np.sort(random.choice(np.arange(3, FRAMES - 2, 3), len(shown) - 1,
                                                                      replace=False)), FRAMES])):  # fmt: skip
        direction = number % 8 if task == "direction" else random.integers(8)
        angle = 2 * np.pi * direction / 8
        speed = random.uniform(1.5, 3) * np.array([-np.sin(angle), np.cos(angle)])
        for _ in range(steps):
            picture = np.zeros((SIZE, SIZE), np.uint8)
            picture[:DIGIT, :DIGIT] = images[index]
            frames.append(np.roll(picture, np.rint(place).astype(int), (0, 1)))
            digits.append(str(labels[index]))
            place = place + speed
    compass = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")
    return np.stack(frames), digits if task == "sequence" else compass[number % 8]


def conv_lstm(frame, classes, per_frame):
    """Plain Keras: ConvLSTM2D, the mean over places, and over time unless each frame has a label."""
    inputs = keras.Input((None, *frame))
    hidden = keras.layers.Rescaling(1 / 255)(inputs)
    hidden = keras.layers.ConvLSTM2D(16, 3, strides=2, padding="same", return_sequences=True)(hidden)
    hidden = keras.layers.TimeDistributed(keras.layers.Conv2D(32, 3, 2, "same", activation="relu"))(hidden)
    hidden = keras.layers.TimeDistributed(keras.layers.Flatten())(hidden)
    hidden = keras.layers.TimeDistributed(keras.layers.Dense(64, "relu"))(hidden)
    if not per_frame:
        hidden = keras.layers.GlobalAveragePooling1D()(hidden)
    model = keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Dropout(0.3)(hidden)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
    return model


def sequence_accuracy(predicted, expected):
    """The share of clips whose runs of labels are the expected ones: `(clips, FRAMES)` each."""

    def collapsed(row):
        return [row[start] for start, _ in runs(row.tolist())]

    return float(np.mean([collapsed(p) == collapsed(e) for p, e in zip(predicted, expected)]))


def main(settings):
    images = read(settings.images, 16).reshape(-1, DIGIT, 2, DIGIT, 2).mean(axis=(2, 4)).astype(np.uint8)
    labels = read(settings.labels, 8)
    counts = {"train": settings.clips, "validation": settings.clips // 4, "test": settings.clips // 2}
    data = nlpseq.data.load_clips({
        split: make_clips(images[part], labels[part], settings.task, counts[split], number)
        for number, (split, part) in enumerate(PARTS.items())
    })  # fmt: skip
    nlpseq.training.set_seed(settings.seed)
    chosen = defaults.choose(defaults.profile(data))
    options = {name: chosen[name] for name in MODEL}
    ours = nlpseq.tasks.SequenceClassifier(data.labels, frame=data.train.frame, per_frame=data.per_frame, **options)
    ours.adapt(data.train)
    training = {name: chosen[name] for name in ("batch_size", "learning_rate", "patience")}
    start = time.perf_counter()
    nlpseq.training.train(
        ours, data.train, data.validation, TrainingSettings(epochs=settings.epochs, seed=settings.seed, **training)
    )
    rows = [["nlpseq", f"{accuracy(ours, data.test):.4f}", f"{time.perf_counter() - start:.0f}"]]
    expected = data.test.labels.reshape(len(data.test), -1)
    if data.per_frame:
        predicted = ours.all_logits(data.test).argmax(axis=1).reshape(expected.shape)
        rows[0].append(f"{sequence_accuracy(predicted, expected):.4f}")
    if settings.rival:
        rows.append(train_rival(settings, data, training, ours))
    timing.print_table(f"Moving digits, {settings.task}, seed {settings.seed}",
                       ["", "test accuracy", "seconds", *["whole sequences"] * data.per_frame], rows)  # fmt: skip


def train_rival(settings, data, training, ours):
    """The row of ConvLSTM2D; prints the time of a training step beside ours."""
    theirs = conv_lstm(data.train.frame, len(data.labels), data.per_frame)
    shaped = {
        split: (part.values.reshape(len(part), FRAMES, *part.frame), part.labels.reshape(len(part), -1).squeeze())
        for split, part in (("train", data.train), ("validation", data.validation), ("test", data.test))
    }
    stopping = keras.callbacks.EarlyStopping(
        "val_accuracy", patience=training["patience"], mode="max", restore_best_weights=True
    )
    start = time.perf_counter()
    theirs.fit(*shaped["train"], batch_size=training["batch_size"], epochs=settings.epochs, verbose=2,
               validation_data=shaped["validation"], callbacks=[stopping])  # fmt: skip
    seconds = time.perf_counter() - start
    predicted = theirs.predict(shaped["test"][0], verbose=0).argmax(axis=-1)
    row = ["keras ConvLSTM2D", f"{np.mean(predicted == shaped['test'][1]):.4f}", f"{seconds:.0f}"]
    if data.per_frame:
        row.append(f"{sequence_accuracy(predicted, shaped['test'][1]):.4f}")
    batches = list(ours.prepare(data.train, training["batch_size"], training=True).take(12))
    steps = {
        "nlpseq": lambda inputs, labels: ours.train_on_batch(inputs, labels),
        "keras ConvLSTM2D": lambda inputs, labels: theirs.train_on_batch(inputs[0], labels),
    }
    times = timing.turns(batches, steps, shape=lambda inputs, labels: tuple(inputs[0].shape))
    timing.print_steps("Training step", times)
    print(f"\ntimes faster: {timing.ratio(times['keras ConvLSTM2D'], times['nlpseq']):.2f}")
    return row


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
