"""PNG pictures of what a trained task reads, computes and remembers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from nlpseq.diagnostics.horizon import MemoryHorizon
from nlpseq.diagnostics.salient import Saliency
from nlpseq.diagnostics.states import LayerStates
from nlpseq.reporting.pictures import INK, TRAINING, VALIDATION, finish_axes, new_figure, save_figure, shorten

MOST_STEPS = 60  # that a picture names; of a longer text the steps with the largest values, or the last ones
MOST_UNITS = 64  # rows of a panel of gates: the units whose values vary most
RANGES = {"candidate": (-1, 1), "hidden": (-1, 1), "cell": None}  # of colours; gates from 0 to 1, None by the values
LABELS = {
    "integrated": "integrated gradient",
    "input": "gradient times input",
    "gradient": "norm of the gradient",
    "removal": "fall of the score without it",
}


def plot_saliency(results: Saliency | Sequence[Saliency], path: str | Path, title: str = "") -> None:
    """Draws the saliency of each step as bars, a panel for each result, into a PNG file.

    Args:
        results: One or several results of `nlpseq.diagnostics.saliency` for the same example.
        path: Path of the PNG file.
        title: Title of the figure. Default none.

    Example:

    >>> result = nlpseq.diagnostics.Saliency(["not", "bad"], np.array([0.5, 1.5]), "positive", 2.0, "integrated")
    >>> plot_saliency(result, "saliency.png")
    """
    results = [results] if isinstance(results, Saliency) else list(results)
    first = results[0]
    places = np.arange(len(first.steps))
    if len(places) > MOST_STEPS:
        places = np.sort(np.argsort(-np.abs(first.values))[:MOST_STEPS])
    figure = new_figure(1.4 + 2.6 * len(results), 1.4 + 0.2 * len(places), title)
    panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for axes, result in zip(panels, results):
        values = result.values[places]
        axes.barh(range(len(places)), values, color=[TRAINING if value >= 0 else VALIDATION for value in values])
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_xlabel(LABELS[result.method], fontsize=8)
        axes.tick_params(axis="x", labelsize=7)
        finish_axes(axes, legend=False)
    panels[0].set_yticks(range(len(places)))
    panels[0].set_yticklabels([shorten(first.steps[place]) for place in places], parse_math=False, fontsize=8)
    panels[0].invert_yaxis()
    score = f"{first.answer}: score {first.score:.2f}; blue speaks for it, orange against"
    figure.supxlabel(score, parse_math=False, fontsize=8, color=INK)
    save_figure(figure, path)


def plot_gates(layer: LayerStates, path: str | Path, title: str = "") -> None:
    """Draws gates and states over the steps, a panel for each and a row for each unit, into a PNG file.

    Args:
        layer: An item of the result of `nlpseq.diagnostics.gates`.
        path: Path of the PNG file.
        title: Title of the figure. Default none.

    Example:

    >>> values = {"update": np.full((2, 4), 0.5), "hidden": np.zeros((2, 4))}
    >>> plot_gates(nlpseq.diagnostics.LayerStates("gru", ["not", "bad"], values), "gates.png")
    """
    values = {name: np.asarray(array, np.float64)[-MOST_STEPS:] for name, array in layer.values.items()}
    steps, units = layer.steps[-MOST_STEPS:], next(iter(values.values())).shape[1]
    order = np.argsort(-values["hidden"].std(axis=0))[:MOST_UNITS] if "hidden" in values else np.arange(units)
    columns = min(3, len(values))
    rows = -(-len(values) // columns)
    width = 1.2 + max(1.8, 0.13 * len(steps))
    figure = new_figure(columns * width, rows * (1.0 + 0.04 * len(order)) + 0.8, title)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, (name, array) in zip(panels, values.items()):
        shown = array[:, order if array.shape[1] == units else slice(MOST_UNITS)]
        _draw_units(axes, name, shown, figure)
    for axes in panels[: len(values)]:
        axes.set_xticks(range(len(steps)))
        names = [shorten(step, 14) for step in steps]
        axes.set_xticklabels(names, rotation=90, parse_math=False, fontsize=6)
        axes.tick_params(axis="x", labelbottom=True)
    for axes in panels[len(values) :]:
        axes.set_visible(False)
    save_figure(figure, path)


def plot_horizon(horizon: MemoryHorizon, path: str | Path, title: str = "", known_lag: int | None = None) -> None:
    """Draws the effect of a step against its distance from the end, into a PNG file.

    Args:
        horizon: A result of `nlpseq.diagnostics.memory_horizon`.
        path: Path of the PNG file.
        title: Title of the figure. Default none.
        known_lag: A lag to mark, such as that of the word that the answer needs. Default none.

    Example:

    >>> plot_horizon(nlpseq.diagnostics.MemoryHorizon(np.array([0.1, 1.0]), np.array([1.0, 0.5]), 1, 1), "horizon.png")
    """
    figure = new_figure(6.4, 3.8, title)
    axes = figure.subplots()
    axes.plot(horizon.perturbation, "o-", color=VALIDATION, label="without the step", markersize=3)
    axes.plot(horizon.gradient, "s--", color=TRAINING, label="gradient times input", markersize=3)
    if known_lag is not None:
        axes.axvline(known_lag, color=INK, linestyle=":", label=f"lag {known_lag}")
    axes.set(xlabel="lag: steps back from the end", ylabel="effect, the largest is 1")
    finish_axes(axes)
    save_figure(figure, path)


def _draw_units(axes: Axes, name: str, values: np.ndarray, figure) -> None:
    low, high = RANGES.get(name, (0, 1)) or (-np.abs(values).max(), np.abs(values).max())
    image = axes.imshow(
        values.T, aspect="auto", cmap="RdBu" if low < 0 else "Blues", vmin=low, vmax=high, interpolation="nearest"
    )
    axes.set_title(
        f"{name} gate" if name not in RANGES and not name.startswith(("gate", "state")) else name, fontsize=9
    )
    axes.set_ylabel("unit", fontsize=8)
    axes.set_yticks([])
    figure.colorbar(image, ax=axes, shrink=0.8).ax.tick_params(labelsize=6)
