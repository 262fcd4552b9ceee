"""PNG pictures of gradient flows, and of what recurrent networks remember."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from nlpseq.diagnostics.flow import GradientFlow
from nlpseq.reporting.pictures import INK, finish_axes, new_figure, save_figure, series_styles

LOWEST = 1e-12  # of the largest norm: what is below has no effect on training
CAPTION = (
    "Spectral radius: the largest absolute eigenvalue of the recurrent kernel, for each gate. A SimpleRNN "
    "multiplies a gradient by its kernel and by tanh' ≤ 1 at every step: with a radius of at most 1, gradients "
    "vanish. LSTM and GRU also carry their state past the kernels, through their gates."
)


def plot_gradient_flow(flows: Mapping[str, GradientFlow], path: str | Path, title: str = "") -> None:
    """Draws the norm of dLoss/dh_t against the lag, a line for each layer, into a PNG file.

    Norms of zero are left out, and the axis ends at 1e-12 of the largest norm.

    Args:
        flows: From the name of each layer to its gradient flow.
        path: Path of the PNG file.
        title: Title of the figure. Default none.

    Example:

    >>> sequences = np.ones((2, 20, 3), "float32")
    >>> flows = {"GRU": nlpseq.diagnostics.gradient_flow(nlpseq.layers.GRU(4), sequences)}
    >>> plot_gradient_flow(flows, "gradients.png")
    """
    figure = new_figure(6.4, 4.2, title)
    _draw_flows(figure.subplots(), flows)
    if any(len(flow.spectral_radii) for flow in flows.values()):
        figure.supxlabel(textwrap.fill(CAPTION, 122), fontsize=7, color=INK, x=0.02, ha="left")
    save_figure(figure, path)


def plot_memory(
    accuracies: Mapping[str, Mapping[int, float]],
    flows: Mapping[str, GradientFlow],
    path: str | Path,
    title: str = "",
    chance: float = 0.0,
) -> None:
    """Draws accuracy against distance beside gradient norm against lag, into a PNG file.

    Args:
        accuracies: From the name of each cell to its accuracy, from 0 to 1, at each distance.
        flows: From the same names to gradient flows.
        path: Path of the PNG file.
        title: Title of the figure. Default none.
        chance: Accuracy of guessing, drawn as a dotted line. Default 0.
    """
    figure = new_figure(10.5, 4.3, title)
    left, right = figure.subplots(1, 2)
    for name, color, marker, line in series_styles(accuracies):
        distances, values = zip(*sorted(accuracies[name].items()))
        left.plot(distances, values, color=color, label=name, marker=marker, linestyle=line)
    left.axhline(chance, color=INK, linestyle=":", label="chance")
    left.set(xlabel="words between cue and answer", ylabel="accuracy", ylim=(0, 1.05), title="Accuracy")
    finish_axes(left)
    _draw_flows(right, flows)
    right.set_title("Gradient")
    figure.supxlabel(textwrap.fill(CAPTION, 200), fontsize=7, color=INK, x=0.02, ha="left")
    save_figure(figure, path)


def _draw_flows(axes: Axes, flows: Mapping[str, GradientFlow]) -> None:
    """The lines of gradient flows, on a logarithmic scale."""
    largest = 0.0
    for index, (name, color, marker, line) in enumerate(series_styles(flows)):
        norms = np.asarray(flows[name].norms)
        radii = ", ".join(f"{radius:.2f}" for radius in flows[name].spectral_radii)
        several = "radii" if len(flows[name].spectral_radii) > 1 else "radius"
        label = f"{name} (spectral {several} {radii})" if radii else name
        largest = max(largest, norms.max(initial=0.0))
        norms = np.where(norms > 0, norms, np.nan)
        spacing = max(1, len(norms) // 8)
        places = (index * spacing // max(1, len(flows)), spacing)  # markers of lines that coincide stand apart
        axes.plot(norms, color=color, label=label, marker=marker, linestyle=line, markevery=places, markersize=5)
    axes.set(xlabel="lag: steps back in time", ylabel="norm of dLoss/dh", yscale="log")
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, LOWEST * largest), high)
    finish_axes(axes)
