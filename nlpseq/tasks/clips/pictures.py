"""Pictures of the evaluation of a classifier of sequences."""

from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.reporting.pictures import (
    COLORS,
    finish_axes,
    new_figure,
    plot_confusion,
    save_figure,
    series_styles,
    shorten,
)
from nlpseq.tasks.clips.evaluation import SequenceResult, Strip

SHOWN = 8  # frames of a strip
CURVES = 4  # classes whose scores are drawn
MOST_CHANNELS = 6  # channels of vectors that are drawn


def draw(result: SequenceResult, folder: Path, title: str = "") -> None:
    """Draws the confusion matrix, strips of frames with scores over time, and the accuracy of early recognition."""
    plot_confusion(result.confusion, result.names, folder / "confusion.png", title)
    if result.strips:
        plot_strips(result.strips, list(result.metrics["classes"]), folder / "strips.png", title)
    if "accuracy_seen" in result.metrics:
        plot_early(result.metrics["accuracy_seen"], folder / "early.png", title)


def plot_early(seen: dict[str, float], path: str | Path, title: str = "") -> None:
    """Draws accuracy against the share of each sequence that was seen into a PNG file.

    Example:

    >>> plot_early({"50%": 0.4, "100%": 0.9}, "early.png", "clips, test")
    """
    figure = new_figure(5.5, 3.6, title)
    axes = figure.subplots()
    shares = [int(share.rstrip("%")) for share in seen]
    axes.plot(shares, list(seen.values()), "o-", color=COLORS[1])
    axes.set(xlabel="share of each sequence that was seen, %", ylabel="accuracy", xlim=(0, 103), ylim=(0, 1.03))
    finish_axes(axes, legend=False)
    save_figure(figure, path)


def plot_strips(strips: list[Strip], labels: list[str], path: str | Path, title: str = "") -> None:
    """Draws sequences, pictures as a strip and vectors as curves, over the scores of their most likely classes.

    Args:
        strips: As of `nlpseq.tasks.clips.evaluation.strips`.
        labels: Names of the classes.
        path: Path of the PNG file.
        title: Title of the figure. Default none.
    """
    figure = new_figure(8.5, 2.6 * len(strips) + 0.4, title)
    rows: Any = figure.subplots(2 * len(strips), 1, squeeze=False, height_ratios=[0.8, 1] * len(strips))[:, 0]
    for strip, above, below in zip(strips, rows[::2], rows[1::2]):
        (_draw_pictures if strip.frames.ndim == 4 else _draw_channels)(above, strip.frames)
        above.set_title(f"{shorten(strip.expected)}, predicted {shorten(strip.predicted)}", size=9, parse_math=False)
        _draw_scores(below, strip, labels)
    save_figure(figure, path)


def _draw_pictures(axes, frames):
    """Some frames side by side, at the places of their numbers below."""
    numbers = np.unique(np.linspace(0, len(frames) - 1, min(SHOWN, len(frames))).astype(int))
    values = frames[numbers].astype(np.float32)
    low, high = values.min(), max(values.max(), values.min() + 1e-6)
    gap = np.ones((values.shape[1], max(1, values.shape[2] // 16), values.shape[3]), np.float32)
    parts = [part for frame in (values - low) / (high - low) for part in (frame, gap)][:-1]
    strip = np.concatenate(parts, axis=1)
    axes.imshow(strip[..., 0] if strip.shape[2] == 1 else strip, cmap="gray", vmin=0, vmax=1, aspect="equal")
    axes.set_axis_off()


def _draw_channels(axes, frames):
    for style, channel in zip(series_styles(map(str, range(MOST_CHANNELS))), frames.T):
        axes.plot(np.arange(1, len(frames) + 1), channel, color=style.color, linestyle=style.linestyle, linewidth=1)
    axes.set_xlim(0.5, len(frames) + 0.5)
    axes.tick_params(labelbottom=False, labelsize=7)
    finish_axes(axes, legend=False)


def _draw_scores(axes, strip, labels):
    best = np.argsort(-strip.scores.max(axis=0), kind="stable")[:CURVES]
    for style, number in zip(series_styles(labels[number] for number in best), best):
        axes.plot(strip.seen, strip.scores[:, number], color=style.color, marker=style.marker, markersize=3,
                  linestyle=style.linestyle, label=shorten(style.name))  # fmt: skip
    axes.set(xlim=(0.5, len(strip.frames) + 0.5), ylim=(-0.03, 1.03), ylabel="score", xlabel="frames seen")
    finish_axes(axes, legend=False)
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
