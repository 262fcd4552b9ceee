"""What recurrent networks remember: accuracy against distance, and why.

Trains a simple RNN, an LSTM and a GRU of one size on nlpseq_recall, generated texts whose
last question asks for a word from 5 to 100 words before, and draws accuracy against
distance beside the norm of dLoss/dh_t against the lag.

A simple RNN of rectified units whose recurrent kernel starts too large explodes, and
stops with a message: --cells rnn --activation relu --recurrent-scale 1.7 --optimizer sgd
--learning-rate 0.05 --clip-norm 0. With --clip-norm 1 it trains.
"""

import json
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np

import nlpseq
from nlpseq import settings
from nlpseq.command_line import run_recipe
from nlpseq.errors import in_range


@dataclass(frozen=True)
class Settings(settings.Settings):
    """All the settings of the recipe."""

    output: str = "saved_models/memory"
    """Folder that gets the picture memory.png and the figures metrics.json."""
    cells: tuple[Literal["rnn", "lstm", "gru"], ...] = ("rnn", "lstm", "gru")
    """Cells to compare."""
    distances: tuple[int, ...] = (5, 10, 20, 40, 60, 80, 100)
    """Words between cue and answer, mixed in training."""
    examples: int = 1200
    """Training texts of each distance; a sixth as many to test on."""
    units: int = 64
    """Size of the state."""
    embedding_size: int = 32
    """Size of a word's vector."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Nonlinearity of the simple RNN."""
    recurrent_scale: float = 1.0
    """The orthogonal recurrent kernel at the start, times this, for all the cells."""
    epochs: int = 6
    """Passes over the training texts."""
    batch_size: int = 64
    """Examples in a training step."""
    learning_rate: float = 3e-3
    """Highest learning rate."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam hides the size of gradients; plain gradient descent feels it."""
    clip_norm: float = 1.0
    """Global norm to which gradients are clipped; 0 does not clip."""
    seed: int = 1
    """Seed of the initial weights and the shuffling."""

    def check(self):
        super().check()
        for name in ("examples", "units", "embedding_size", "epochs", "batch_size"):
            in_range(f"--{name.replace('_', '-')}", getattr(self, name), 1)
        for distance in self.distances:
            in_range("--distances", distance, 5)
        in_range("--recurrent-scale", self.recurrent_scale, 0)
        in_range("--learning-rate", self.learning_rate, 1e-9, 10)
        in_range("--clip-norm", self.clip_norm, 0)
        in_range("--seed", self.seed, 0, 2**32 - 1)


PRESETS = {}


def main(config):
    """Runs the recipe; returns its metrics."""
    folder = nlpseq.export.check_output(config.output)
    nlpseq.training.set_seed(config.seed)

    train = texts(config.distances, config.examples, seed=0)
    tests = {d: texts([d], -(-config.examples // 6), seed=1) for d in config.distances}
    encoder = nlpseq.text.WordEncoder.learn(train.texts)

    accuracies, flows, seconds = {}, {}, {}
    for cell in config.cells:
        nlpseq.reporting.say(f"training {cell} on {len(train):,} generated texts")
        task = build(cell, encoder, config)
        seconds[cell] = nlpseq.memory_fit(task, train, config)
    return {}
