"""Pictures of gradient flows."""

import numpy as np
import pytest

from nlpseq import diagnostics
from nlpseq.diagnostics.pictures import plot_memory
from tests.reporting.figures import cut_off, saved_figures

FLOWS = {
    name: diagnostics.GradientFlow(norms, np.array(radii))
    for name, norms, radii in [
        ("rnn $_", np.geomspace(1, 1e-30, 100), [0.9]),
        ("lstm", np.geomspace(1, 1e-3, 100), [0.9, 0.8, 1.2, 0.4]),
        ("zero", np.zeros(3), []),
    ]
}


@pytest.mark.parametrize("names, caption", [(FLOWS, True), (["zero"], False)])
def test_flows(names, caption):
    with saved_figures() as figures:
        diagnostics.plot_gradient_flow({name: FLOWS[name] for name in names}, "flow.png", "50 $ to 100 $_")
    (figure,) = figures
    assert cut_off(figure) == []
    assert "Spectral radius: the largest absolute eigenvalue" in figure.get_supxlabel() or not caption
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    assert low >= 1e-12 or not caption
    assert high > 1


def test_memory():
    accuracies = {name: {100: 0.5, 5: 1.0} for name in FLOWS}
    with saved_figures() as figures:
        plot_memory(accuracies, FLOWS, "memory.png", "title", chance=0.125)
    (figure,) = figures
    assert cut_off(figure) == []
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[5, 1.0], [100, 0.5]])
    assert [text.get_text() for text in right.get_legend().get_texts()] == [
        "rnn $_ (spectral radius 0.90)", "lstm (spectral radii 0.90, 0.80, 1.20, 0.40)", "zero",
    ]  # fmt: skip
