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
