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
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

import nlpseq
from nlpseq.cli import run_recipe
from nlpseq.errors import InputError, in_range
from nlpseq.settings import Range, Settings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class MemorySettings(Settings):
    """The cells that are compared, and the texts."""

    output: str = "saved_models/memory"
    """Folder that gets the picture memory.png and the figures metrics.json."""
    cells: tuple[Literal["rnn", "lstm", "gru"], ...] = ("rnn", "lstm", "gru")
    """Cells to compare."""
    distances: tuple[int, ...] = (5, 20, 40, 60, 80, 100)
    """Words between cue and answer."""
    mixed: bool = False
    """Whether one network learns all the distances, rather than one network each."""
    examples: Annotated[int, Range(1)] = 2400
    """Training texts of each distance; a tenth as many to validate on, and to test on."""
    units: Annotated[int, Range(1)] = 64
    """Size of the state."""
    embedding_size: Annotated[int, Range(1)] = 32
    """Size of a word vector."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Nonlinearity of the simple RNN."""
    recurrent_scale: Annotated[float, Range(0)] = 0.8
    """Factor of the orthogonal recurrent kernel at the start, of all the cells."""
    chrono: bool = True
    """Whether the gates start as for memories of the largest distance (Tallec and Ollivier 2018)."""

    def check(self) -> None:
        super().check()
        for name in ("cells", "distances"):
            if not getattr(self, name):
                raise InputError(f"`{name}` has no values: give at least one, or leave it out.")
        for distance in self.distances:
            in_range("distances", distance, 5)


@dataclass(frozen=True)
class AllSettings(Settings):
    """All settings of the recipe."""

    memory: MemorySettings = MemorySettings()
    training: TrainingSettings = TrainingSettings(epochs=30, learning_rate=5e-3, patience=8)


def main(config: AllSettings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.diagnostics import pictures

    folder = nlpseq.serving.check_output(config.memory.output)
    nlpseq.training.set_seed(config.training.seed)

    tenth = -(-config.memory.examples // 10)
    tests = {d: texts([d], tenth, seed=1) for d in config.memory.distances}
    chosen = sorted(set(config.memory.distances))
    groups = [chosen] if config.memory.mixed else [[d] for d in chosen]
    accuracies, flows, start = {}, {}, time.perf_counter()
    for cell in config.memory.cells:
        accuracies[cell] = {}
        for distances in groups:
            nlpseq.reporting.say(f"{cell} at distance {', '.join(map(str, distances))}")
            train, validation = texts(distances, config.memory.examples, seed=0), texts(distances, tenth, seed=2)
            task = classifier(cell, train, config)
            nlpseq.training.train(task, train, validation, training_settings(config, cell, distances))
            for distance in distances:
                result = nlpseq.evaluation.evaluate_classifier(task, tests[distance])
                accuracies[cell][distance] = result.metrics["accuracy"]
                nlpseq.reporting.say(f"  {distance}: accuracy {result.metrics['accuracy']:.4f}")
        flows[cell] = nlpseq.diagnostics.gradient_flow(task, gradient_batch(task, tests[distance]))

    metrics = {
        "accuracy": accuracies,
        "gradient_norms": {cell: flow.norms.tolist() for cell, flow in flows.items()},
        "seconds": round(time.perf_counter() - start, 1),
        "peak_memory_mb": nlpseq.reporting.peak_memory_mb(),
        "settings": config.flat(),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2), encoding="utf-8")
    title = "nlpseq_recall (generated sentences)"
    pictures.plot_memory(accuracies, flows, folder / "memory.png", title, chance=1 / 8)
    nlpseq.reporting.say(f"picture and figures in {folder}")
    return metrics


def training_settings(config, cell, distances):
    """The settings of one training, with a TensorBoard folder of its own."""
    if config.training.tensorboard is None:
        return config.training
    return config.training.replace(tensorboard=f"{config.training.tensorboard}/{cell}-{'-'.join(map(str, distances))}")


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

    preprocessor = nlpseq.text.WordPreprocessor.learn(train.texts)
    with nlpseq.training.precision(config.training.mixed_precision):
        task = nlpseq.tasks.TextClassifier(
            preprocessor,
            list(recall.LANGUAGES.values()),
            cell=cell,
            units=config.memory.units,
            bidirectional=False,
            embedding_size=config.memory.embedding_size,
            pooling="last",
            dropout=0.0,
            output_dropout=0.0,
            word_dropout=0.0,
        )
    step = task.recurrent[0].cell
    if cell == "rnn":
        step.activation = keras.activations.get(config.memory.activation)
    elif config.memory.chrono:
        step.chrono_steps = max(config.memory.distances)
    task.build()
    step.recurrent_kernel.assign(config.memory.recurrent_scale * step.recurrent_kernel)
    return task


def gradient_batch(task, examples):
    """A batch for the gradients: `(ids, answers)`."""
    return next(iter(task.prepare(examples.select(slice(32)), batch_size=32)))


if __name__ == "__main__":
    run_recipe(main, AllSettings)
