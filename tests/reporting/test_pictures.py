"""Pictures are drawn for every shape of result."""

import numpy as np
import pytest
from matplotlib.image import imread

from nlpseq.reporting.pictures import plot_attention, plot_confusion, plot_training


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_training(tmp_path, epochs):
    values = list(np.linspace(1, 0, epochs))
    history = dict.fromkeys(("loss", "val_loss", "accuracy", "val_accuracy"), values)
    plot_training(history, tmp_path / "a.png", "title")
    image = imread(tmp_path / "a.png")
    assert image.shape[1] > image.shape[0] > 300 and image.std() > 0.05


@pytest.mark.parametrize("classes", [2, 6, 50])
def test_confusion(tmp_path, classes):
    counts = np.random.default_rng(0).integers(0, 9, (classes, classes))
    counts[0] = 0  # a class that does not occur
    labels = [f"label $_{i}$" for i in range(classes)]  # no formulas
    plot_confusion(counts, labels, tmp_path / "a.png", "50 $ to 100 $_")
    assert imread(tmp_path / "a.png").std() > 0.05


@pytest.mark.parametrize("lengths", [[(3, 4)], [(1, 1), (16, 20), (5, 2)]])
def test_attention(tmp_path, lengths):
    draw = np.random.default_rng(0)
    samples = [
        ([f"$_{i}" for i in range(source)], [f"{i} <" for i in range(target)], draw.dirichlet(np.ones(source), target))
        for target, source in lengths
    ]
    plot_attention(samples, tmp_path / "a.png", "50 $ to 100 $_")
    assert imread(tmp_path / "a.png").std() > 0.05
