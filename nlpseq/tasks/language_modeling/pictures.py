"""The picture of a language model's training."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nlpseq.reporting.pictures import (
    VALIDATION,
    finish_axes,
    label_networks,
    limit_values,
    mark_best,
    network_runs,
    new_figure,
    save_figure,
)


def plot_perplexity(history: Mapping[str, Sequence[float]], path: str | Path, title: str = "") -> None:
    """Draws the validation perplexity against the minutes of training into a PNG file.

        perplexity = exp(cross-entropy)

    Args:
        history: Lists with one value for each validation: "val_loss", the cross-entropy in nats
            per token, and "minutes" since training began; of an ensemble also "network".
        path: Path of the PNG file.
        title: Title of the figure. Default none.

    Example:

    >>> plot_perplexity({"val_loss": [5.1, 4.6], "minutes": [1.5, 3.0]}, "perplexity.png", "my_book.txt")
    """
    figure = new_figure(5.5, 3.8, title)
    axes, perplexities = figure.subplots(), np.exp(history["val_loss"])
    runs = network_runs(history, len(perplexities))
    for run in runs:
        axes.plot(history["minutes"][run], perplexities[run], "o-", color=VALIDATION)
    limit_values(axes, perplexities, from_zero=len(perplexities) == 1)
    mark_best(axes, history["minutes"], perplexities, perplexities, highest=False, digits=1)
    minutes = label_networks("minutes of training", runs)
    axes.set(xlabel=minutes, ylabel="validation perplexity", xlim=(0, 1.08 * max(history["minutes"])))
    finish_axes(axes, legend=False)
    save_figure(figure, path)
