"""PNG pictures that several kinds of task draw, and the style of all pictures."""

import io
import itertools
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nlpseq.writing import write_file

INK = "#222222"
# Of Okabe and Ito (2008): distinguishable with all common kinds of colour blindness.
TRAINING, VALIDATION = "#0072b2", "#d55e00"
COLORS = (VALIDATION, TRAINING, "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = "osD^vP"
LINES = ("-", (0, (5, 2)), (0, (2, 2)))  # where lines coincide, the lower ones show in the gaps of the upper ones
MAX_NUMBERED_CLASSES = 50  # the cells of a larger confusion matrix have no room for numbers
MAX_LABEL = 24  # characters of a name at an axis

Values = Sequence[float] | np.ndarray  # `(points,)`


class SeriesStyle(NamedTuple):
    """How the line of a named series is drawn; the attributes but the name are arguments of `Axes.plot`."""

    name: str
    color: str
    marker: str
    linestyle: Any


def series_styles(names: Iterable[str]) -> Iterator[SeriesStyle]:
    """A color, marker and line style for each name; they repeat after six.

    Example:

    >>> [style.color for style in series_styles(["LSTM", "GRU"])]
    ['#d55e00', '#0072b2']
    """
    for index, name in enumerate(names):
        yield SeriesStyle(name, COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)], LINES[index % len(LINES)])


def shorten(label: str, length: int = MAX_LABEL) -> str:
    """A label of at most `length` characters, 3 or more; of a longer one the middle is left out.

    Example:

    >>> shorten("comp.sys.ibm.pc.hardware", 12)
    'comp.s…dware'
    """
    return label if len(label) <= length else f"{label[: length // 2]}…{label[-((length - 1) // 2) :]}"


def new_figure(
    width: float, height: float, title: str = "", layout: Literal["constrained", "compressed"] = "constrained"
) -> Figure:
    """A figure without axes, whose title is broken into lines where it is long.

    A title is text: dollar signs in it start no formula.

    Args:
        width, height: Size in inches.
        title: The title. Default none.
        layout: "compressed" for axes of a fixed aspect ratio, such as those of `imshow`. Default
            "constrained".
    """
    figure = Figure(figsize=(width, height), dpi=150, layout=layout)
    if title:
        lines = textwrap.wrap(title, max(12, int(width * 8.5)), break_on_hyphens=False)  # 8.5 characters an inch
        figure.suptitle("\n".join(lines), parse_math=False, fontsize=12)
    return figure


def save_figure(figure: Figure, path: str | Path) -> None:
    """Writes a PNG file, completely or not at all."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_file(path, [picture.getbuffer()])


def finish_axes(axes: Axes, legend: bool = True) -> None:
    """Draws a faint grid, removes the upper and right spines, and draws the legend."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(frameon=False, fontsize=8)


def limit_values(axes: Axes, values: Values, from_zero: bool = False, upper: float | None = None) -> None:
    """Sets limits of the y axis that do not exaggerate small differences.

    The axis spans at least a fifth of the largest magnitude.

    Args:
        axes: The axes.
        values: All values that are drawn; those that are not finite are ignored.
        from_zero: Whether zero is shown. Default False.
        upper: Upper limit of an axis from zero. Default a quarter above the largest value.
    """
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return
    low, high = float(finite.min()), float(finite.max())
    largest = max(abs(low), abs(high)) or 1.0
    if from_zero:
        bottom, top = min(0.0, 1.25 * low), upper or max(1.25 * high, 0.0)
        axes.set_ylim(bottom, top if top > bottom else 1.0)
        return
    span = max(high - low, 0.2 * largest)
    lower, upper = (low + high) / 2 - 0.68 * span, (low + high) / 2 + 0.68 * span  # room for `mark_best`
    axes.set_ylim(max(lower, -0.1 * span) if low >= 0 else lower, upper)


def mark_best(axes: Axes, x: Values, values: Values, others: Values, highest: bool, digits: int = 3) -> None:
    """Writes the best of the values next to its point, on the side away from the other curve.

    Args:
        axes: The axes of the curves.
        x: Positions, `(points,)`.
        values: Curve to annotate, `(points,)`.
        others: The other curve, `(points,)`; the same as `values` if there is none.
        highest: Whether the highest or the lowest value is best.
        digits: Digits after the decimal point. Default 3.
    """
    best = int(np.nanargmax(values) if highest else np.nanargmin(values)) if np.isfinite(values).any() else 0
    text = axes.annotate(
        f"{values[best]:.{digits}f}",
        (x[best], values[best]),
        textcoords="offset points",
        xytext=(0, 8 if values[best] >= others[best] else -16),
        ha="center",
        color=VALIDATION,
        zorder=5,
    )
    text.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])


def network_runs(history: Mapping[str, Sequence[float]], count: int) -> list[slice]:
    """The validations of each network of an ensemble, of `count` in all; of one network all.

    >>> network_runs({"network": [1, 1, 2]}, 3)
    [slice(0, 2, None), slice(2, 3, None)]
    """
    networks = np.asarray(history.get("network", np.ones(count)))
    starts = [0, *(np.flatnonzero(np.diff(networks)) + 1).tolist(), count]
    return [slice(start, end) for start, end in itertools.pairwise(starts)]


def label_networks(label: str, runs: Sequence[slice]) -> str:
    """The label of an axis on which several networks follow one another."""
    return label if len(runs) == 1 else f"{label}, of {len(runs)} networks one after another"


def plot_training(
    history: Mapping[str, Sequence[float]],
    path: str | Path,
    title: str = "",
    metric: str = "accuracy",
    mode: Literal["max", "min"] = "max",
    per_epoch: int = 1,
) -> None:
    """Draws the loss and the metric at each validation into a PNG file.

    Args:
        history: Lists of Keras's metrics: "loss", "val_loss", the metric, "val_" + metric; of an ensemble
            also "network".
        path: Path of the PNG file.
        title: Title of the figure. Default none.
        metric: Name of the metric in the second panel; "loss" for no second panel. Default
            "accuracy".
        mode: "max" or "min", which value of the metric is best. Default "max".
        per_epoch: Number of validations in an epoch. Default 1.

    Example:

    >>> history = {"loss": [0.9, 0.4], "val_loss": [0.8, 0.6], "accuracy": [0.5, 0.9], "val_accuracy": [0.6, 0.8]}
    >>> plot_training(history, "training.png", "films.tsv")
    """
    names = ("loss",) if metric == "loss" else ("loss", metric)
    figure = new_figure(4.5 * len(names), 3.7, title)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        training, validation = np.asarray(history[name], float), np.asarray(history[f"val_{name}"], float)
        epochs = np.arange(1, len(training) + 1) / per_epoch
        style = {"markersize": 5 if len(epochs) <= 40 else 2.5, "linewidth": 1.8}
        runs = network_runs(history, len(training))
        for run in runs:
            labels = ("training", "validation") if run is runs[0] else (None, None)
            axes.plot(epochs[run], training[run], "s-", color=TRAINING, label=labels[0], **style)
            axes.plot(epochs[run], validation[run], "o-", color=VALIDATION, label=labels[1], **style)
        is_metric = name == metric
        upper = 1.05 if is_metric and mode == "max" else None
        limit_values(axes, [*training, *validation], from_zero=len(epochs) == 1, upper=upper)
        mark_best(axes, epochs, validation, training, highest=is_metric and mode == "max")
        axes.set(title=name.capitalize().replace("_", " "), xlabel=label_networks("epoch", runs))
        if len(epochs) == 1:
            axes.set(xlim=(0, 2 * epochs[0]), xticks=epochs)
        elif per_epoch == 1:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.margins(x=0.08)
        finish_axes(axes)
    save_figure(figure, path)


def plot_confusion(counts: np.ndarray, labels: Sequence[str], path: str | Path, title: str = "Confusion") -> None:
    """Draws a confusion matrix into a PNG file, shaded by the share of each expected class.

    From 9 classes on, cells of zero are blank; from 51 on, no cell has its number.

    Args:
        counts: Integers `(classes, classes)`, a row for each expected class, a column for each
            predicted class.
        labels: Names of the classes; long ones are shortened.
        path: Path of the PNG file.
        title: Title of the figure. Default "Confusion".

    Example:

    >>> plot_confusion(np.array([[8, 2], [1, 9]]), ["negative", "positive"], "confusion.png", "films.tsv, test")
    """
    counts, classes = np.asarray(counts), len(labels)
    names = [shorten(str(label)) for label in labels]
    cell = min(max(0.62, 1.6 / classes), 13 / classes)  # inches
    side = 1.6 + 0.075 * max(map(len, names)) + cell * classes  # with room for labels
    figure = new_figure(side + 1.0, side, title, layout="compressed")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="predicted", ylabel="expected", xticks=range(classes), yticks=range(classes))
    size = min(10, 45 * cell)  # points, of 72 an inch
    slanted = classes > 2 or max(map(len, names)) > 10
    slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticklabels(names, parse_math=False, size=size, **slant)
    axes.set_yticklabels(names, parse_math=False, size=size)
    if classes <= MAX_NUMBERED_CLASSES:
        _write_counts(axes, counts, shares, cell)
    figure.colorbar(image, ax=axes, label="share of the expected class", shrink=0.8)
    save_figure(figure, path)


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray, cell: float) -> None:
    """Writes the counts into their cells, in a size at which the longest of them fits."""
    digits = max(2, len(f"{counts.max():,}"))
    size = min(10, 0.9 * 72 * cell / (0.62 * digits))  # a digit is 0.62 of its size wide
    for (row, column), count in np.ndenumerate(counts):
        if count or len(counts) <= 8:
            color = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=color, size=size)
