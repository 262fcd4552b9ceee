"""Pictures of the evaluation of a classifier."""

from pathlib import Path
from typing import Any

from nlpseq.reporting.pictures import (
    finish_axes,
    new_figure,
    plot_confusion,
    save_figure,
    series_styles,
    shorten,
)
from nlpseq.tasks.classification.evaluation import ClassificationResult
from nlpseq.tasks.scores import FIGURES

MOST_LABELS = 40  # labels in the picture, the most frequent ones


def draw(result: ClassificationResult, folder: Path, title: str = "") -> None:
    """Draws the confusion matrix; of texts with several labels the scores of each label."""
    if result.confusion is None:
        plot_labels(result.metrics["classes"], folder / "labels.png", title)
    else:
        plot_confusion(result.confusion, result.names, folder / "confusion.png", title)


def plot_labels(classes: dict[str, dict[str, Any]], path: str | Path, title: str = "") -> None:
    """Draws precision, recall and F1 of each label into a PNG file, the most frequent label on top.

    Args:
        classes: Scores by label, as in `ClassificationResult.metrics`.
        path: Path of the PNG file.
        title: Title of the figure. Default none.

    Example:

    >>> scores = {"precision": 0.5, "recall": 1.0, "f1": 0.667, "support": 3}
    >>> plot_labels({"sport": scores}, "labels.png", "news.csv, test")
    """
    rows = sorted(classes.items(), key=lambda item: -item[1]["support"])[:MOST_LABELS]
    figure = new_figure(6.5, 1.6 + 0.24 * len(rows), title)
    axes = figure.subplots()
    places = range(len(rows))
    for style in series_styles(FIGURES):
        values = [scores[style.name] for _, scores in rows]
        name = style.name.replace("f1", "F1")
        axes.plot(values, places, style.marker, color=style.color, label=name, markersize=5, alpha=0.85)
    names = [f"{shorten(name)} ({scores['support']:,})" for name, scores in rows]
    axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5), xlabel="score (number of texts after each label)")
    axes.set_yticks(places)
    axes.set_yticklabels(names, parse_math=False, size=8)
    finish_axes(axes, legend=False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    save_figure(figure, path)
