"""The picture of perplexity."""

import numpy as np
import pytest

from nlpseq.tasks.language_modeling.pictures import plot_perplexity
from tests.reporting.figures import cut_off, saved_figures


@pytest.mark.parametrize("validations", [1, 30])
def test_perplexity(validations):
    history = {"val_loss": list(np.linspace(6, 4, validations)), "minutes": list(np.arange(1.0, validations + 1))}
    with saved_figures() as figures:
        plot_perplexity(history, "perplexity.png", "50 $ to 100 $_")
    (axes,) = figures[0].axes
    assert cut_off(figures[0]) == []
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.exp(history["val_loss"]))
    assert axes.texts[0].get_text() == f"{np.exp(history['val_loss'][-1]):.1f}"
    assert axes.get_ylim()[0] == 0 or validations > 1


def test_the_lines_of_two_networks_are_not_joined():
    history = {"val_loss": [5.0, 4.5, 5.1, 4.4], "minutes": [1.0, 2.0, 3.0, 4.0], "network": [1, 1, 2, 2]}
    with saved_figures() as figures:
        plot_perplexity(history, "perplexity.png")
    (axes,) = figures[0].axes
    assert [list(line.get_xdata()) for line in axes.lines[:2]] == [[1, 2], [3, 4]]
    assert axes.get_xlabel() == "minutes of training, of 2 networks one after another"
