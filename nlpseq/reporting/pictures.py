"""PNG pictures of a run."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, TRAIN, VALIDATION = "#222222", "#4c78a8", "#e4572e"
SERIES = [VALIDATION, TRAIN, "#54a24b", "#b279a2", "#9d755d", "#eeca3b"]  # over and over


def plot_training(history, path, title="", metric="accuracy", mode="max", per_epoch=1):
    """Draws loss, and metric if it is another figure, at each validation into a PNG file.

    Args:
        history: Keras's figures: "loss", "val_loss", the metric, "val_" + metric.
        path: of the PNG file.
        title: over the picture.
        metric: name of the figure in the second panel.
        mode: whether its highest or lowest value is best, "max" or "min".
        per_epoch: number of validations in an epoch.
    """
    names = ("loss",) if metric == "loss" else ("loss", metric)
    figure = Figure(figsize=(4.5 * len(names), 3.6), dpi=150, layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        epochs = np.arange(1, len(history[name]) + 1) / per_epoch
        axes.plot(epochs, history[name], "o-", color=TRAIN, label="training")
        axes.plot(epochs, history[f"val_{name}"], "o-", color=VALIDATION, label="validation")
        _mark_best(axes, epochs, history[f"val_{name}"], history[name], highest=name == metric and mode == "max")
        axes.set(title=name.capitalize(), xlabel="epoch")
        axes.margins(x=0.08, y=0.2)
        if per_epoch == 1:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.suptitle(title, parse_math=False)
    figure.savefig(path)


def plot_perplexity(history, path, title=""):
    """Draws validation perplexity against the minutes of training into a PNG file.

    Args:
        history: "val_loss", in nats a token, and "minutes", lists.
        path: of the PNG file.
        title: over the picture.
    """
    figure = Figure(figsize=(5.5, 3.8), dpi=150, layout="constrained")
    axes, perplexities = figure.subplots(), np.exp(history["val_loss"])
    axes.plot(history["minutes"], perplexities, "o-", color=VALIDATION)
    _mark_best(axes, history["minutes"], perplexities, perplexities, highest=False, digits=1)
    axes.set(xlabel="minutes of training", ylabel="validation perplexity", xlim=(0, None))
    axes.set_title(title, parse_math=False)
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _mark_best(axes, epochs, values, others, highest, digits=3):
    """Writes the best value beside its point, on the side where the other curve is not."""
    at = int(np.argmax(values) if highest else np.argmin(values))
    axes.annotate(
        f"{values[at]:.{digits}f}",
        (epochs[at], values[at]),
        textcoords="offset points",
        xytext=(0, 7 if values[at] >= others[at] else -14),
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


def plot_gradient_flow(flows, path, title=""):
    """Draws the norm of dLoss/dh against the lag, a line for each of several cells, into a PNG file.

    Args:
        flows: dict from a name to a `nlpseq.diagnostics.GradientFlow`.
        path: of the PNG file.
        title: over the picture.
    """
    figure = Figure(figsize=(6, 3.8), dpi=150, layout="constrained")
    _draw_flows(figure.subplots(), flows)
    figure.suptitle(title, parse_math=False)
    figure.savefig(path)


def plot_memory(accuracies, flows, path, title="", chance=0.0):
    """Draws accuracy against distance beside gradient norm against lag, into a PNG file.

    Args:
        accuracies: dict from the name of a cell to a dict from distance to accuracy.
        flows: dict from the same names to `nlpseq.diagnostics.GradientFlow`.
        path: of the PNG file.
        title: over the picture.
        chance: the accuracy of a guess, drawn as a dotted line.
    """
    figure = Figure(figsize=(10, 3.8), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, color, marker, width in _series(accuracies):
        distances, values = zip(*sorted(accuracies[name].items()))
        left.plot(distances, values, color=color, label=name, marker=marker, linewidth=width)
    left.axhline(chance, color=INK, linestyle=":", label="chance")
    left.set(xlabel="words between cue and answer", ylabel="accuracy", ylim=(0, 1.05))
    left.set_title("Accuracy")
    _finish_axes(left)
    _draw_flows(right, flows)
    right.set_title("Gradient")
    figure.suptitle(title, parse_math=False)
    figure.savefig(path)


def _draw_flows(axes, flows):
    """The lines of gradient flows, on a logarithmic scale; what is zero is left out."""
    for name, color, _, width in _series(flows):
        norms = np.asarray(flows[name].norms)
        radii = ", ".join(f"{radius:.2f}" for radius in flows[name].spectral_radii)
        label = f"{name} (spectral radius {radii})" if radii else name
        norms = np.where(norms > 0, norms, np.nan)
        axes.plot(np.arange(len(norms)), norms, color=color, label=label, linewidth=width)
    axes.set(xlabel="lag: steps back in time", ylabel="norm of dLoss/dh", yscale="log")
    _finish_axes(axes)


def _series(named):
    """`(name, color, marker, line width)` of each line; earlier ones are wider, to show under others."""
    for index, name in enumerate(named):
        color, marker = SERIES[index % len(SERIES)], "osD^vP"[index % 6]
        yield name, color, marker, 1.6 + 1.2 * (len(named) - 1 - index) / max(1, len(named) - 1)


def _finish_axes(axes):
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def plot_attention(samples, path, title="Attention"):
    """Draws what each piece of some translations attended to into a PNG file.

    Args:
        samples: list of `(source pieces, target pieces, weights)`, the last `(target,
            source)`.
        path: of the PNG file.
        title: over the picture.
    """
    sizes = [weights.shape for _, _, weights in samples]
    width, height = sum(2.2 + 0.34 * s for _, s in sizes), 1.8 + 0.34 * max(t for t, _ in sizes)
    figure = Figure(figsize=(width + 0.8, height), dpi=120, layout="constrained")
    ratios = [2.2 + 0.34 * s for _, s in sizes]
    panels = figure.subplots(1, len(samples), squeeze=False, width_ratios=ratios)[0]
    for axes, (source, target, weights) in zip(panels, samples):
        image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
        axes.set(xlabel="source", ylabel="translation", xticks=range(len(source)), yticks=range(len(target)))
        axes.set_xticklabels(source, parse_math=False, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticklabels(target, parse_math=False)
    figure.colorbar(image, ax=panels[-1], label="weight", shrink=0.7)
    figure.suptitle(title, parse_math=False)
    figure.savefig(path)
