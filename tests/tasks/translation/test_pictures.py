"""The picture of attention, of short and long sentences."""

import numpy as np
import pytest

from nlpseq.tasks.translation.pictures import plot_attention
from tests.reporting.figures import cut_off, saved_figures


@pytest.mark.parametrize("lengths", [[(3, 4)], [(1, 1), (16, 20), (5, 2)], [(16, 20)]])
def test_attention(lengths):
    generator = np.random.default_rng(0)
    samples = [
        (
            [f"Donaudampfschifffahrt $_{i}" for i in range(source)],
            [f"steamboat company {i} <" for i in range(target)],
            generator.dirichlet(np.ones(source), target),
        )
        for target, source in lengths
    ]
    with saved_figures() as figures:
        plot_attention(samples, "attention.png", "50 $ to 100 $_")
    assert cut_off(figures[0]) == []
    for axes, (source, target, weights) in zip(figures[0].axes, samples):
        assert (len(axes.get_xticklabels()), len(axes.get_yticklabels())) == (len(source), len(target))
        np.testing.assert_array_equal(axes.images[0].get_array(), weights)
