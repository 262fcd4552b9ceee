"""What recurrent networks remember: accuracy against distance, and why.

Trains simple RNNs, LSTMs and GRUs of one size on nlpseq_recall, generated texts whose last
question asks for a word from 5 to 100 words before, a network for each distance, and draws
accuracy against distance beside the norm of dLoss/dh_t against the lag. Recurrent kernels
start at 0.8 of an orthogonal one, so that a gradient back through a simple RNN shrinks
to 0.8^lag; gates start open for long (chrono initialisation). With --mixed, one network
learns all the distances, the near ones lead to the far, and the simple RNN remembers too.

A simple RNN of rectified units whose recurrent kernel starts too large explodes, and
stops with a message: --cells rnn --distances 10 --activation relu --recurrent-scale 1.7
--optimizer sgd --learning-rate 0.3 --clip-norm 0. With --clip-norm 0.1 it learns.

The default run takes five to ten minutes and 1.9 GB of memory: at distance 100 LSTM and GRU
answer at least 0.99 of the questions, the simple RNN no more than by chance.
"""

import json
import time
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np

import nlpseq
from nlpseq import settings
from nlpseq.cli.command_line import run_recipe
from nlpseq.errors import InputError, in_range


@dataclass(frozen=True)
class Settings(settings.TrainingSettings):
    """All the settings of the recipe."""

    output: str = "saved_models/memory"
    """Folder that gets the picture memory.png and the figures metrics.json."""
    cells: tuple[Literal["rnn", "lstm", "gru"], ...] = ("rnn", "lstm", "gru")
    """Cells to compare."""
    distances: tuple[int, ...] = (5, 20, 40, 60, 80, 100)
    """Words between cue and answer."""
    mixed: bool = False
    """Whether one network learns all the distances, rather than each its own."""
    examples: int = 2400
    """Training texts of each distance; a tenth as many to validate on, and to test on."""
    units: int = 64
    """Size of the state."""
    embedding_size: int = 32
    """Size of a word's vector."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Nonlinearity of the simple RNN."""
    recurrent_scale: float = 0.8
    """The orthogonal recurrent kernel at the start, times this, for all the cells."""
    chrono: bool = True
    """Whether the gates start as for memories of the largest distance (Tallec and Ollivier 2018)."""
    epochs: int = 30
    learning_rate: float = 5e-3
    patience: int = 8

    def check(self):
        super().check()
        in_range("--examples", self.examples, 1)
        in_range("--units", self.units, 1)
        in_range("--embedding-size", self.embedding_size, 1)
        for name in ("cells", "distances"):
            if not getattr(self, name):
                raise InputError(f"--{name} has no values: give at least one, or leave it out.")
        for distance in self.distances:
            in_range("--distances", distance, 5)
        in_range("--recurrent-scale", self.recurrent_scale, 0)


PRESETS = {}


def main(config):
    """Runs the recipe; returns its metrics."""
    folder = nlpseq.serving.export.check_output(config.output)
    nlpseq.training.set_seed(config.seed)

    tenth = -(-config.examples // 10)
    tests = {d: texts([d], tenth, seed=1) for d in config.distances}
    chosen = sorted(set(config.distances))
    groups = [chosen] if config.mixed else [[d] for d in chosen]
    accuracies, flows, start = {}, {}, time.perf_counter()
    for cell in config.cells:
        accuracies[cell] = {}
        for distances in groups:
            nlpseq.reporting.say(f"{cell} at distance {', '.join(map(str, distances))}")
            train, validation = texts(distances, config.examples, seed=0), texts(distances, tenth, seed=2)
            task = classifier(cell, train, config)
            nlpseq.training.train(task, train, validation, logging_apart(config, cell, distances))
            for distance in distances:
                result = nlpseq.evaluation.evaluate_classifier(task, tests[distance])
                accuracies[cell][distance] = result.metrics["accuracy"]
                nlpseq.reporting.say(f"  {distance}: accuracy {result.metrics['accuracy']:.4f}")
        flows[cell] = nlpseq.diagnostics.gradient_flow(task, some(task, tests[distance]))

    metrics = {
        "accuracy": accuracies,
        "gradient_norms": {cell: flow.norms.tolist() for cell, flow in flows.items()},
        "seconds": round(time.perf_counter() - start, 1),
        "peak_memory_mb": nlpseq.reporting.peak_memory_mb(),
        "settings": asdict(config),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2), encoding="utf-8")
    title = "nlpseq_recall (generated sentences)"
    nlpseq.diagnostics.pictures.plot_memory(accuracies, flows, folder / "memory.png", title, chance=1 / 8)
    nlpseq.reporting.say(f"picture and figures in {folder}")
    return metrics


def logging_apart(config, cell, distances):
    """The settings, with a folder of its own for TensorBoard."""
    if config.tensorboard is None:
        return config
    return replace(config, tensorboard=f"{config.tensorboard}/{cell}-{'-'.join(map(str, distances))}")


def texts(distances, count, seed):
    """`count` texts of each distance, with the numbers of their answers."""
    from nlpseq.corpora import recall  # here, so that the help waits for no TensorFlow

    answers = list(recall.LANGUAGES.values())
    pairs = [pair for d in distances for pair in recall.recall_sentences(d, count, seed)]
    return nlpseq.data.Examples(
        np.array([text.encode() for text, _ in pairs], object),
        np.array([answers.index(answer) for _, answer in pairs], np.int32),
    )


def classifier(cell, train, config):
    """A classifier by the last state, whose recurrent layer starts as the settings say."""
    import keras

    from nlpseq.corpora import recall

    encoder = nlpseq.text.WordEncoder.learn(train.texts)
    with nlpseq.training.precision(config.mixed_precision):
        task = nlpseq.tasks.TextClassifier(
            encoder,
            list(recall.LANGUAGES.values()),
            cell=cell,
            units=config.units,
            bidirectional=False,
            embedding_size=config.embedding_size,
            pooling="last",
            dropout=0.0,
            output_dropout=0.0,
            word_dropout=0.0,
        )
    step = task.recurrent[0].cell
    if cell == "rnn":
        step.activation = keras.activations.get(config.activation)
    elif config.chrono:
        step.chrono_steps = max(config.distances)
    task.build()
    step.recurrent_kernel.assign(config.recurrent_scale * step.recurrent_kernel)
    return task


def some(task, examples):
    """A batch for the gradients: `(ids, answers)`."""
    return next(iter(task.prepare(examples.select(slice(32)), batch_size=32)))


if __name__ == "__main__":
    run_recipe(main, Settings, PRESETS)
