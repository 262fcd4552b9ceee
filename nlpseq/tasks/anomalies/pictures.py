"""Pictures of the evaluation of a detector."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlpseq.reporting.pictures import INK, VALIDATION, finish_axes, new_figure, save_figure, series_styles, shorten
from nlpseq.tasks.anomalies.evaluation import AnomalyResult
from nlpseq.tasks.anomalies.recordings import Recording

MOST_RECORDINGS = 4  # pictures, those with the most anomalies
MOST_CHANNELS = 5  # lines in a picture, those that change most in anomalies
MOST_POINTS = 4000  # of a line
SHOWN = (-4.0, 4.0)  # of scores, around the threshold


def draw(result: AnomalyResult, folder: Path, channels: Sequence[str], threshold: float, title: str = "") -> None:
    """Draws the recordings with the most anomalies."""
    items = list(zip(result.recordings, result.outputs))
    items.sort(key=lambda pair: -len(pair[0].windows or ()))
    for number, (recording, detected) in enumerate(items[:MOST_RECORDINGS], 1):
        heading = f"{title}: {recording.name}" if recording.name else title
        plot_alarms(recording, detected, channels, threshold, folder / f"alarms_{number}.png", heading)


def plot_alarms(
    recording: Recording,
    detected: dict[str, np.ndarray],
    channels: Sequence[str],
    threshold: float,
    path: str | Path,
    title: str = "",
) -> None:
    """Draws a series with its anomalies and alarms, and below it the scores with the threshold, into a PNG file.

    Args:
        recording: The series.
        detected: Its `score` and `alarm`, as of `AnomalyDetector.detect`.
        channels: Names of the channels.
        threshold: The least score of an alarm.
        path: Path of the PNG file.
        title: Title of the figure. Default none.

    Example:

    >>> recording = Recording("pump", np.arange(5.0)[:, None], ((2, 3),))
    >>> detected = {"score": np.array([0, 0, 2, 0, 0.0]), "alarm": np.array([0, 0, 1, 0, 0])}
    >>> plot_alarms(recording, detected, ["pressure"], 1.0, "alarms.png")
    """
    figure = new_figure(9, 4.6, title)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    time = np.arange(len(recording))
    every = max(1, len(time) // MOST_POINTS)
    shown = _telling(recording)
    for style, channel in zip(series_styles(channels[c] for c in shown), shown):
        row = recording.values[:, channel]
        row = row if len(shown) == 1 else _between_0_and_1(row)
        upper.plot(time[::every], row[::every], color=style.color, linewidth=0.8, label=shorten(style.name))
    unit = max(abs(threshold), 1.0)
    score = np.clip(detected["score"], threshold + SHOWN[0] * unit, threshold + SHOWN[1] * unit)
    lower.plot(time, score, color="#777777", linewidth=0.7)
    lower.axhline(threshold, color=VALIDATION, linewidth=1, linestyle="--")
    for axes in (upper, lower):
        for left, right in recording.windows or ():
            axes.axvspan(left - 0.5, right + 0.5, color="#e69f00", alpha=0.3, linewidth=0)
        if recording.start:
            axes.axvspan(-0.5, recording.start - 0.5, color="#999999", alpha=0.15, linewidth=0)
    alarms = np.flatnonzero(detected["alarm"])
    lower.plot(alarms, score[alarms], "v", color=INK, markersize=5)
    for alarm in alarms:
        upper.axvline(alarm, color=INK, linewidth=0.9, alpha=0.8)
    upper.set(ylabel="value" if len(shown) == 1 else "value, scaled")
    lower.set(ylabel="score", xlabel="step (orange: anomalies; lines and triangles: alarms; grey: not evaluated)")
    finish_axes(upper, legend=False)
    if len(shown) > 1:  # above, since series fill the axes
        upper.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(shown), frameon=False, fontsize=8)
    finish_axes(lower, legend=False)
    save_figure(figure, path)


def _telling(recording):
    """The channels that change most in anomalies, or the first ones."""
    values, labels = recording.values, recording.labels
    count = values.shape[1]
    if count <= MOST_CHANNELS or not labels.any() or labels.all():
        return list(range(min(count, MOST_CHANNELS)))
    filled = np.nan_to_num(values)
    change = np.abs(filled[labels].mean(axis=0) - filled[~labels].mean(axis=0)) / (filled.std(axis=0) + 1e-12)
    return sorted(np.argsort(-change)[:MOST_CHANNELS].tolist())


def _between_0_and_1(row):
    if not np.isfinite(row).any():
        return row
    low, high = np.nanmin(row), np.nanmax(row)
    return (row - low) / (high - low if high > low else 1.0)
