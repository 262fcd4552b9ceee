"""The picture of a translator's attention."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlpseq.reporting.pictures import new_figure, save_figure, shorten

CELL = 0.3  # inches
MAX_TOKEN = 16  # characters


def plot_attention(
    samples: Sequence[tuple[Sequence[str], Sequence[str], np.ndarray]], path: str | Path, title: str = "Attention"
) -> None:
    """Draws the attention weights of some translations into a PNG file, a panel for each.

    Args:
        samples: Tuples `(source tokens, target tokens, weights)`, the weights float
            `(target, source)` from 0 to 1.
        path: Path of the PNG file.
        title: Title of the figure. Default "Attention".

    Example:

    >>> plot_attention([(["ein", "Haus"], ["a", "house"], np.eye(2))], "attention.png")
    """
    panels = [([shorten(t, MAX_TOKEN) for t in s], [shorten(t, MAX_TOKEN) for t in o], w) for s, o, w in samples]
    widths = [0.7 + 0.085 * max(map(len, target)) + CELL * max(4, len(source)) for source, target, _ in panels]
    heights = [0.6 + 0.075 * max(map(len, source)) + CELL * max(4, len(target)) for source, target, _ in panels]
    layout = "compressed" if len(panels) == 1 else "constrained"  # which alone takes panels of different sizes
    figure = new_figure(sum(widths) + 1.1, max(heights) + 0.6, title, layout)
    all_axes = figure.subplots(1, len(panels), squeeze=False, width_ratios=widths)[0]
    for axes, (source, target, weights) in zip(all_axes, panels):
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
        axes.set(xlabel="source", ylabel="translation", xticks=range(len(source)), yticks=range(len(target)))
        axes.set_xticklabels(source, parse_math=False, rotation=60, ha="right", rotation_mode="anchor", size=9)
        axes.set_yticklabels(target, parse_math=False, size=9)
    figure.colorbar(all_axes[0].images[0], ax=all_axes, label="attention weight", shrink=0.8, aspect=25, panchor=False)
    for axes in all_axes:
        axes.set_anchor("N")  # the panels begin at one height
    save_figure(figure, path)
