"""Pictures for few and many points, small and large matrices, long and odd names."""

import numpy as np
import pytest
from matplotlib.image import imread

from nlpseq.reporting import pictures
from tests.reporting.figures import cut_off, saved_figures

ODD = "50 $ to 100 $_ \\frac{"


def history(epochs, low=0.3):
    values = list(np.linspace(0.9, low, epochs))
    return dict.fromkeys(("loss", "val_loss", "accuracy", "val_accuracy"), values)


def test_a_file_is_written(tmp_path):
    pictures.plot_training(history(2), tmp_path / "a.png", ODD)
    image = imread(tmp_path / "a.png")
    assert image.shape[:2] == (555, 1350) and image.std() > 0.05


@pytest.mark.parametrize("epochs", [1, 2, 60])
def test_training_shows_every_value(epochs):
    with saved_figures() as figures:
        pictures.plot_training(history(epochs), "a.png", "a long title " * 12, per_epoch=1)
    assert cut_off(figures[0]) == []
    for axes in figures[0].axes:
        low, high = axes.get_ylim()
        assert [len(line.get_xdata()) for line in axes.lines] == [epochs, epochs]
        assert low < min(axes.lines[1].get_ydata()) and max(axes.lines[1].get_ydata()) < high


@pytest.mark.parametrize("epochs, low, least_span", [(1, 0.9, 0.9), (5, 0.899, 0.2)])
def test_small_differences_are_not_exaggerated(epochs, low, least_span):
    with saved_figures() as figures:
        pictures.plot_training(history(epochs, low), "a.png")
    for axes in figures[0].axes:
        bottom, top = axes.get_ylim()
        assert top - bottom >= least_span * 0.9
        assert epochs > 1 or bottom == 0


@pytest.mark.parametrize("mode, text", [("max", "0.900"), ("min", "0.300")])
def test_the_best_validation_is_named(mode, text):
    with saved_figures() as figures:
        pictures.plot_training(history(3), "a.png", metric="accuracy", mode=mode)
    assert [[t.get_text() for t in axes.texts] for axes in figures[0].axes] == [["0.300"], [text]]


def test_a_loss_alone_and_validations_within_epochs():
    with saved_figures() as figures:
        pictures.plot_training(history(6), "a.png", metric="loss", mode="min", per_epoch=3)
    (axes,) = figures[0].axes
    np.testing.assert_allclose(axes.lines[0].get_xdata(), np.arange(1, 7) / 3)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_values_without_an_extent(value):
    with saved_figures() as figures:
        pictures.plot_training({name: [value, value] for name in history(1)}, "a.png")
    assert np.isfinite(figures[0].axes[0].get_ylim()).all()


@pytest.mark.parametrize("classes, zeros, numbers", [(2, True, True), (7, True, True), (40, False, True),
                                                     (60, False, False)])  # fmt: skip
def test_confusion(classes, zeros, numbers):
    counts = np.random.default_rng(0).binomial(3, min(0.5, 4 / classes), (classes, classes)) * 1234
    counts[0] = 0  # a class that is never expected
    with saved_figures() as figures:
        pictures.plot_confusion(counts, [f"{ODD} {i}" * 3 for i in range(classes)], "a.png", ODD)
    axes = figures[0].axes[0]
    shown = counts.size if zeros else np.count_nonzero(counts)
    assert len(axes.texts) == (shown if numbers else 0)
    assert cut_off(figures[0]) == []
    width = axes.get_window_extent().width / classes
    assert all(text.get_window_extent().width < width for text in axes.texts[:50])


@pytest.mark.parametrize("length", [3, 7, 8, 40])
def test_shorten(length):
    label = "comp.sys.ibm.pc.hardware"
    short = pictures.shorten(label, length)
    assert len(short) <= length and (short == label or (short[0], short[-1]) in (("c", "e"), ("c", "…")))


def test_styles_differ():
    styles = list(pictures.series_styles("abcdef"))
    assert len({style.color for style in styles}) == len({style.marker for style in styles}) == 6


def test_the_lines_of_two_networks_are_not_joined():
    two = {name: [*values, *values] for name, values in history(3).items()}
    with saved_figures() as figures:
        pictures.plot_training({**two, "network": [1, 1, 1, 2, 2, 2]}, "a.png")
    for axes in figures[0].axes:
        assert [list(line.get_xdata()) for line in axes.lines[:4]] == [[1, 2, 3], [1, 2, 3], [4, 5, 6], [4, 5, 6]]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]
        assert axes.get_xlabel() == "epoch, of 2 networks one after another" and cut_off(figures[0]) == []
