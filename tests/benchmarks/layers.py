"""Times our recurrent layers beside keras.layers and torch.nn.

    python -m tests.benchmarks.layers            every layer at every size
    python -m tests.benchmarks.layers --layers LSTM --sizes A --rounds 5

Forward alone is inference; the training step is forward and the gradients of the
inputs and of all weights. torch is left out where it is not installed.
"""

import dataclasses
import importlib.util
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
import tyro

import nlpseq
from tests.benchmarks import timing
from tests.benchmarks.cells import MinimalGatedCell

THREADS = 2
SIZES = {"A": (64, 64, 128, 256), "B": (32, 128, 256, 512), "C": (1, 64, 128, 256)}
LAYERS = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1, "MinimalGated": 2}  # and their gates
KERAS = ("keras", "keras XLA")


@dataclass(frozen=True)
class Settings:
    layers: tuple[str, ...] = tuple(LAYERS)
    """Which of LSTM, GRU, SimpleRNN and MinimalGated, a user's cell in the layer RNN."""
    sizes: tuple[str, ...] = tuple(SIZES)
    """Which of A, B and C: (batch, time, features, units)."""
    rounds: int = 15
    """Rounds in which the candidates take turns."""


def keras_layer(kind, units):
    if kind == "MinimalGated":
        return keras.layers.RNN(MinimalGatedCell(units), return_sequences=True)
    return getattr(keras.layers, kind)(units, return_sequences=True)


def our_layer(kind, units, **options):
    if kind == "MinimalGated":
        return nlpseq.layers.RNN(MinimalGatedCell(units), return_sequences=True, **options)
    return getattr(nlpseq.layers, kind)(units, return_sequences=True, **options)


def tensorflow_runs(layer, inputs, jit_compile=None):
    """`(forward, training step)` of a layer, as functions without arguments."""

    @tf.function(jit_compile=jit_compile, autograph=False)
    def forward(x):
        return layer(x, training=False)

    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(x):
        weights = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, training=True)
        return tape.gradient(outputs, [x, *weights], output_gradients=outputs)

    return lambda: forward(inputs)[0, 0, 0].numpy(), lambda: step(inputs)[0][0, 0, 0].numpy()


def torch_runs(kind, inputs, units):
    """`(forward, training step)` of torch's layer."""
    import torch

    torch.set_num_threads(THREADS)
    module = {"SimpleRNN": "RNN"}.get(kind, kind)
    layer = getattr(torch.nn, module)(inputs.shape[-1], units, batch_first=True)
    x = torch.tensor(inputs.numpy(), requires_grad=True)

    def forward():
        with torch.inference_mode():
            layer.eval()(x)

    def step():
        layer.train()
        outputs, _ = layer(x)
        torch.autograd.grad(outputs, [x, *layer.parameters()], outputs.detach())

    return forward, step


def candidates(kind, size):
    """The functions to time, by name: those for forward, and those for the training step."""
    batch, time, features, units = size
    inputs = tf.constant(np.random.default_rng(0).normal(size=(batch, time, features)), tf.float32)
    ours, theirs = our_layer(kind, units), keras_layer(kind, units)
    ours.build(inputs.shape)
    theirs.build(inputs.shape)
    ours.set_weights(theirs.get_weights())
    runs = {
        "nlpseq": tensorflow_runs(ours, inputs),
        "keras": tensorflow_runs(theirs, inputs),
        "keras XLA": tensorflow_runs(theirs, inputs, jit_compile=True),
    }
    if importlib.util.find_spec("torch") and kind != "MinimalGated":
        runs["torch"] = torch_runs(kind, inputs, units)
    return [{name: pair[i] for name, pair in runs.items()} for i in (0, 1)]


def floor(kind, size, rate):
    """Seconds of the matrix products alone: of forward, and of the training step."""
    batch, time, features, units = size
    operations = 2 * batch * time * (features + units) * LAYERS[kind] * units
    return operations / rate, 3 * operations / rate


def row(kind, label, seconds, products):
    """A row of the table for one layer and size."""
    against_keras = timing.ratio(seconds[timing.faster(seconds, KERAS)], seconds["nlpseq"])
    torch = seconds.get("torch")
    return [
        kind,
        label,
        *(timing.milliseconds(seconds[name]) for name in ("nlpseq", *KERAS)),
        "-" if torch is None else timing.milliseconds(torch),
        timing.milliseconds(products),
        f"{against_keras:.2f}",
        "-" if torch is None else f"{timing.ratio(torch, seconds['nlpseq']):.2f}",
        f"{np.median(seconds['nlpseq']) / products:.2f}",
    ]


HEADER = [
    "layer", "size", "nlpseq ms", "keras ms", "keras XLA ms", "torch ms", "products ms",
    "times faster than keras", "than torch", "times the products",
]  # fmt: skip


def main(settings):
    rate = timing.product_rate()
    print(f"{THREADS} threads, products at {rate / 1e9:.0f} GFLOP/s, {dataclasses.asdict(settings)}")
    rows = {"Training step": [], "Forward alone": []}
    for kind in settings.layers:
        for label in settings.sizes:
            forward, step = candidates(kind, SIZES[label])
            least = floor(kind, SIZES[label], rate)
            for title, functions, products in (
                ("Forward alone", forward, least[0]),
                ("Training step", step, least[1]),
            ):
                seconds = timing.alternate(functions, settings.rounds)
                rows[title].append(row(kind, label, seconds, products))
                print(title, *rows[title][-1], flush=True)
    for title, table in rows.items():
        timing.print_table(title, HEADER, table)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
