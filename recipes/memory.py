"""Measures how far back simple RNN, LSTM and GRU remember, and how gradients explain it.

The recipe trains networks of equal size on nlpseq_recall, generated texts that end with a question
about a word 5 to 100 words earlier, one network for each distance. It plots accuracy against
distance, and the norm of dLoss/dh_t against the lag. Recurrent kernels are initialized to 0.8 times
an orthogonal matrix, so that gradients of the simple RNN initially decay at least as fast as
0.8^lag; gates are initialized for long memory (chrono initialization). With --mixed one network is
trained on all distances: the short ones help it to learn the long ones, and the simple RNN
remembers too.

Exploding gradients: a simple RNN with ReLU and a large recurrent kernel diverges and stops with a
message: --cells rnn --distances 10 --activation relu --recurrent-scale 1.7 --optimizer sgd
--learning-rate 0.3 --clip-norm 0. With --clip-norm 0.1 it learns.

The default run takes five to ten minutes and 1.9 GB of memory: at distance 100 LSTM and GRU answer
at least 0.99 of the questions, the simple RNN no more than by chance.
"""

import json
import time
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

import nlpseq
from nlpseq.cli import begin, naming_trained_model, run_recipe
from nlpseq.errors import InputError, in_range
from nlpseq.paths import as_path
from nlpseq.settings import FREE, Range, Settings
from nlpseq.training.settings import TrainingSettings
from nlpseq.writing import write_text, writing


@dataclass(frozen=True)
class MemorySettings(Settings):
    """The compared cells, and the texts."""

    output: Annotated[str, FREE] = "saved_models/memory"
    """Folder in which memory.png and metrics.json are written."""
    cells: tuple[Literal["rnn", "lstm", "gru"], ...] = ("rnn", "lstm", "gru")
    """Cells to compare."""
    distances: tuple[int, ...] = (5, 20, 40, 60, 80, 100)
    """Numbers of words between cue and answer."""
    mixed: bool = False
    """Whether one network is trained on all distances, instead of one network for each."""
    examples: Annotated[int, Range(1)] = 2400
    """Training texts per distance; validation and test have a tenth as many."""
    units: Annotated[int, Range(1)] = 64
    """Size of the state."""
    embedding_size: Annotated[int, Range(1)] = 32
    """Size of the word embeddings."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Activation of the simple RNN."""
    recurrent_scale: Annotated[float, Range(0)] = 0.8
    """Factor of the orthogonal initial recurrent kernel of all cells."""
    chrono: bool = True
    """Whether gates are initialized for the largest distance (Tallec and Ollivier 2018)."""

    def check(self) -> None:
        super().check()
        for name in ("cells", "distances"):
            if not getattr(self, name):
                raise InputError(f"`{name}` has no values: give at least one, or leave it out.")
        for distance in self.distances:
            in_range("distances", distance, 5, 10_000)


@dataclass(frozen=True)
class AllSettings(Settings):
    """All settings of the recipe."""

    memory: MemorySettings = MemorySettings()
    training: TrainingSettings = TrainingSettings(epochs=30, learning_rate=5e-3, patience=8)


def main(config: AllSettings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.diagnostics import pictures

    checkpoints, folder = begin(config, config.memory.output), as_path(config.memory.output)

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
            part = checkpoints.part(f"{cell}-{'-'.join(map(str, distances))}")
            nlpseq.training.train(task, train, validation, training_settings(config, cell, distances), part)
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
    title = "nlpseq_recall (generated sentences)"
    with naming_trained_model(checkpoints), writing(f"plot and metrics to {folder}"):
        write_text(folder / "metrics.json", json.dumps(metrics, indent=2))
        pictures.plot_memory(accuracies, flows, folder / "memory.png", title, chance=1 / 8)
    checkpoints.clear()
    nlpseq.reporting.say(f"plot and metrics in {folder}")
    return metrics


def training_settings(config: AllSettings, cell: str, distances: list[int]) -> TrainingSettings:
    """The training settings of one network, with a separate TensorBoard folder."""
    if config.training.tensorboard is None:
        return config.training
    return config.training.replace(tensorboard=f"{config.training.tensorboard}/{cell}-{'-'.join(map(str, distances))}")


def texts(distances: list[int], count: int, seed: int) -> "nlpseq.data.Examples":
    """`count` texts of each distance, labelled with the indices of their answers."""
    from nlpseq.corpora import recall  # here, so that the help does not load TensorFlow

    answers = list(recall.LANGUAGES.values())
    pairs = [pair for d in distances for pair in recall.recall_sentences(d, count, seed)]
    return nlpseq.data.Examples(
        np.array([text.encode() for text, _ in pairs], object),
        np.array([answers.index(answer) for _, answer in pairs], np.int32),
    )


def classifier(cell: str, train: "nlpseq.data.Examples", config: AllSettings) -> "nlpseq.tasks.TextClassifier":
    """A classifier of the final state, with the recurrent layer initialized as in the settings."""
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


def gradient_batch(task: "nlpseq.tasks.TextClassifier", examples: "nlpseq.data.Examples") -> tuple:
    """A batch `(ids, answers)` on which gradients are measured."""
    return next(iter(task.prepare(examples.select(slice(32)), batch_size=32)))


if __name__ == "__main__":
    run_recipe(main, AllSettings)
