"""PNG pictures of a run."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, TRAIN, VALIDATION = "#222222", "#4c78a8", "#e4572e"


def plot_training(history, path, title="", metric="accuracy", per_epoch=1):
    """Draws loss and metric at each validation into a PNG file.

    Args:
        history: Keras's figures: "loss", "val_loss", the metric, "val_" + metric.
        path: of the PNG file.
        title: over the picture.
        metric: name of the figure in the second panel.
        per_epoch: number of validations in an epoch.
    """
    figure = Figure(figsize=(9, 3.6), dpi=150, layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", metric)):
        epochs = np.arange(1, len(history[name]) + 1) / per_epoch
        axes.plot(epochs, history[name], "o-", color=TRAIN, label="training")
        axes.plot(epochs, history[f"val_{name}"], "o-", color=VALIDATION, label="validation")
        _mark_best(axes, epochs, history[f"val_{name}"], highest=name == metric)
        axes.set(title=name.capitalize(), xlabel="epoch")
        axes.margins(x=0.08, y=0.2)
        if per_epoch == 1:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.suptitle(title, parse_math=False)
    figure.savefig(path)


def _mark_best(axes, epochs, values, highest):
    """Writes the best value above or below its point."""
    at = int(np.argmax(values) if highest else np.argmin(values))
    axes.annotate(
        f"{values[at]:.3f}",
        (epochs[at], values[at]),
        textcoords="offset points",
        xytext=(0, 7 if highest else -14),
        ha="center",
        color=VALIDATION,
    )


def plot_confusion(counts, labels, path, title="Confusion"):
    """Draws a confusion matrix, its rows shaded by recall, into a PNG file.

    Args:
        counts: `(classes, classes)`, a row for each expected class.
        labels: names of the classes.
        path: of the PNG file.
        title: over the picture.
    """
    count = len(labels)
    side = min(16, 2.6 + 0.55 * count)
    figure = Figure(figsize=(side + 0.8, side), dpi=150, layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = {"xticks": range(count), "yticks": range(count)}
    axes.set(xlabel="predicted", ylabel="expected", **ticks)
    axes.set_title(title, parse_math=False)
    slant = {"rotation": 45, "ha": "right"} if count > 2 else {}
    axes.set_xticklabels(labels, parse_math=False, **slant)
    axes.set_yticklabels(labels, parse_math=False)
    if count <= 30:
        size = 10 if count <= 8 else 6
        for (row, column), number in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{number:,}", ha="center", va="center", color=color, size=size)
    figure.colorbar(image, ax=axes, label="share of the expected class", shrink=0.8)
    figure.savefig(path)
