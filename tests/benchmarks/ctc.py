"""Times the loss of connectionist temporal classification, and a training step of a recognizer.

    python -m tests.benchmarks.ctc

Value and gradient of the loss are compared with `tf.nn.ctc_loss` (its kernel in C++ for sparse labels, and dense ones)
and `keras.ops.ctc_loss`. The step is that of the same features, two bidirectional LSTM layers, output layer and loss:
ours, and of `keras.layers` with each of these losses.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
import tyro

from nlpseq import layers
from nlpseq.layers.ctc_loss import CTCLoss
from tests.benchmarks import timing

SIZES = {"digits": (16, 40, 20, 16), "letters": (16, 150, 32, 48), "sentences": (16, 500, 32, 160)}


@dataclass(frozen=True)
class Settings:
    sizes: tuple[str, ...] = tuple(SIZES)
    """Which of digits, letters and sentences: (batch, steps, classes, labels)."""
    units: int = 128
    """Units of each direction of a layer."""
    features: int = 120
    """Features of a step."""
    rounds: int = 9
    """Rounds in which the candidates take turns."""


def example(batch, steps, classes, most):
    """Random labels, of half of their greatest number to all, and lengths of the inputs that they fit into."""
    random = np.random.default_rng(0)
    counts = random.integers(most // 2, most + 1, batch)
    labels = np.where(np.arange(most) < counts[:, None], random.integers(1, classes, (batch, most)), -1).astype("int32")
    lengths = random.integers(steps * 3 // 4, steps + 1, batch)
    lengths[0] = steps
    return labels, counts.astype("int32"), lengths.astype("int32")


def losses(labels, counts, lengths):
    """The mean loss of logits, by name of the implementation."""
    sparse = tf.RaggedTensor.from_tensor(labels, counts).to_sparse()
    dense, mask = tf.constant(np.maximum(labels, 0)), tf.sequence_mask(lengths)
    ours = CTCLoss()

    def nlpseq(logits):
        logits._keras_mask = mask
        return ours(labels, logits)

    def kernel(logits):
        return tf.reduce_mean(tf.nn.ctc_loss(sparse, logits, None, lengths, False, blank_index=0))

    def tensorflow(logits):
        return tf.reduce_mean(tf.nn.ctc_loss(dense, logits, counts, lengths, False, blank_index=0))

    def of_keras(logits):
        return tf.reduce_mean(keras.ops.ctc_loss(dense, logits, counts, lengths, mask_index=0))

    return {"nlpseq": nlpseq, "tf sparse": kernel, "tf dense": tensorflow, "keras.ops": of_keras}


def loss_runs(names, logits):
    """Value and gradient of each loss, as functions without arguments."""

    def run(loss):
        @tf.function(autograph=False)
        def step(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = loss(x)
            return value, tape.gradient(value, x)

        return lambda: step(logits)[1].numpy()

    return {name: run(loss) for name, loss in names.items()}


def step_runs(names, inputs, mask, units, classes):
    """A training step of a recognizer with each loss, as functions without arguments."""

    def run(name, loss):
        room = layers if name == "nlpseq" else keras.layers
        stack = [room.Bidirectional(room.LSTM(units, return_sequences=True)) for _ in range(2)]
        head = keras.layers.Dense(classes)

        @tf.function(autograph=False)
        def step(x):
            with tf.GradientTape() as tape:
                hidden = x
                for layer in stack:
                    hidden = layer(hidden, mask=mask, training=True)
                value = loss(head(hidden))
            weights = [weight.value for layer in [*stack, head] for weight in layer.trainable_weights]
            return tape.gradient(value, weights)

        return lambda: step(inputs)[0].numpy()

    return {name: run(name, loss) for name, loss in names.items()}


def main(settings: Settings):
    tf.config.threading.set_intra_op_parallelism_threads(2)
    kinds = {"loss and gradient": [], "training step": []}
    for size in settings.sizes:
        batch, steps, classes, most = SIZES[size]
        labels, counts, lengths = example(batch, steps, classes, most)
        names = losses(labels, counts, lengths)
        logits = tf.random.normal((batch, steps, classes))
        inputs = tf.random.normal((batch, steps, settings.features))
        runs = {
            "loss and gradient": loss_runs(names, logits),
            "training step": step_runs(names, inputs, tf.sequence_mask(lengths), settings.units, classes),
        }
        for kind, candidates in runs.items():
            seconds = timing.alternate(candidates, settings.rounds)
            fastest = timing.faster(seconds, [name for name in names if name != "nlpseq"])
            ratio = timing.ratio(seconds[fastest], seconds["nlpseq"])
            kinds[kind].append([size, *map(timing.milliseconds, seconds.values()), f"{ratio:.2f} ({fastest})"])
    for kind, rows in kinds.items():
        timing.print_table(f"{kind}, ms", ["size", *names, "times faster than the fastest other"], rows)


if __name__ == "__main__":
    main(tyro.cli(Settings))
