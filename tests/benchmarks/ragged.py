"""Times a training step on sequences of unequal length beside keras.layers and torch.nn.

    python -m tests.benchmarks.ragged
    python -m tests.benchmarks.ragged --layers GRU --rounds 5

The lengths are uniform in 8 to 64, in batches of 64. Ours and Keras's are given the padded batch and its mask, and ours
also the padded batch alone; torch packs the sequences, which it orders by length.
"""

import importlib.util
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tyro

from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS, keras_layer, our_layer

BATCH, TIME, FEATURES, UNITS = 64, 64, 128, 256
SHORTEST = 8


@dataclass(frozen=True)
class Settings:
    layers: tuple[str, ...] = ("LSTM", "GRU")
    """Which of LSTM, GRU and SimpleRNN."""
    rounds: int = 15
    """Rounds in which the candidates take turns."""


def tensorflow_step(layer, inputs, mask):
    layer.build(inputs.shape)

    @tf.function(autograph=False)
    def step(x, mask):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, mask=mask, training=True)
        return tape.gradient(outputs, [x, *(w.value for w in layer.trainable_weights)], output_gradients=outputs)

    return lambda: step(inputs, mask)[0][0, 0, 0].numpy()


def torch_step(kind, inputs, lengths):
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    torch.set_num_threads(THREADS)
    layer = getattr(torch.nn, {"SimpleRNN": "RNN"}.get(kind, kind))(FEATURES, UNITS, batch_first=True)
    x, lengths = torch.tensor(inputs.numpy(), requires_grad=True), torch.tensor(lengths)

    def step():
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(layer(packed)[0], batch_first=True)
        torch.autograd.grad(outputs, [x, *layer.parameters()], outputs.detach())

    return step


def main(settings):
    random = np.random.default_rng(0)
    lengths = random.integers(SHORTEST, TIME + 1, BATCH)
    inputs = tf.constant(random.normal(size=(BATCH, TIME, FEATURES)), tf.float32)
    mask = tf.sequence_mask(lengths, TIME)
    rows = []
    for kind in settings.layers:
        steps = {
            "nlpseq": tensorflow_step(our_layer(kind, UNITS), inputs, mask),
            "padded": tensorflow_step(our_layer(kind, UNITS), inputs, None),
            "keras": tensorflow_step(keras_layer(kind, UNITS), inputs, mask),
        }
        if importlib.util.find_spec("torch"):
            steps["torch"] = torch_step(kind, inputs, lengths)
        seconds = timing.alternate(steps, settings.rounds)
        ratios = (f"{timing.ratio(values, seconds['nlpseq']):.2f}" for values in list(seconds.values())[1:])
        rows.append([kind, *(timing.milliseconds(values) for values in seconds.values()), *ratios])
    names = list(steps)
    header = ["layer", *(f"{name} ms" for name in names), *(f"times faster than {name}" for name in names[1:])]
    timing.print_table(f"Training step, lengths {SHORTEST} to {TIME}", header, rows)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
