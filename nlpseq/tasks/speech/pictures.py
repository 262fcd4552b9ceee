"""Pictures of the evaluation of a recognizer."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlpseq.reporting.pictures import COLORS, finish_axes, new_figure, save_figure, shorten
from nlpseq.tasks.speech.evaluation import Recognized, SpeechResult

if TYPE_CHECKING:
    from nlpseq.tasks.speech.model import SpeechRecognizer

BINS = 5  # of lengths and of noise
LONGEST = 12.0  # seconds of a spectrogram


def draw(result: SpeechResult, task: "SpeechRecognizer", folder: Path, title: str = "") -> None:
    """Draws the spectrograms of the worst and best utterances, and the errors against length and noise."""
    plot_spectrograms([row for row in result.rows if row.audio is not None], task, folder / "spectrograms.png", title)
    plot_errors(result.rows, folder / "errors.png", title)


def plot_spectrograms(rows: list[Recognized], task: "SpeechRecognizer", path: Path, title: str = "") -> None:
    """Draws the log-mel spectrogram of each utterance, and each unit where it was recognized, into a PNG file."""
    if not rows:
        return
    figure = new_figure(8, 0.6 + 1.5 * len(rows), title)
    for axes, row in zip(np.ravel(figure.subplots(len(rows), 1)), rows):
        assert row.audio is not None
        rate = task.settings.features.sample_rate
        mel = task.spectrogram(row.audio[: int(LONGEST * rate)])
        end = len(mel) * task.settings.features.hop
        axes.imshow(mel.T, origin="lower", aspect="auto", extent=(0, end, 0, mel.shape[1]), cmap="Greys")
        for unit, second in row.units:
            if second < end:
                axes.axvline(second, color=COLORS[0], linewidth=0.4, alpha=0.6)
                axes.annotate(unit.strip() or "␣", (second, mel.shape[1]), (0, 2), textcoords="offset points",
                              color=COLORS[0], fontsize=7, ha="center")  # fmt: skip
        axes.set_title(f"{shorten(row.name)}: {shorten(row.expected, 60)}", loc="left", fontsize=8, pad=12,
                       parse_math=False)  # fmt: skip
        axes.tick_params(labelsize=7)
        axes.set_ylabel("mel band", fontsize=7)
    axes.set_xlabel("seconds; above: what was recognized, where", fontsize=8)
    save_figure(figure, path)


def plot_errors(rows: list[Recognized], path: Path, title: str = "") -> None:
    """Draws the word error rate against the length of the utterances, and against their noise, into a PNG file."""
    figure = new_figure(7.5, 3, title)
    words = np.array([max(1, len(row.expected.split())) for row in rows], float)
    errors = np.array([row.errors for row in rows], float)
    values = {
        "seconds": np.array([row.seconds for row in rows]),
        "decibels of loud above quiet frames": np.array([row.noise for row in rows]),
    }
    highest = 0.02
    for axes, (name, column) in zip(figure.subplots(1, 2, sharey=True), values.items()):
        parts = np.array_split(np.argsort(column, kind="stable"), min(BINS, len(rows)))
        centres = [column[part].mean() for part in parts]
        rates = [errors[part].sum() / words[part].sum() for part in parts]
        axes.plot(centres, rates, "o-", color=COLORS[0])
        highest = max(highest, 1.25 * max(rates))
        axes.set(xlabel=name, ylim=(0, highest))  # of both
        finish_axes(axes, legend=False)
    figure.axes[0].set_ylabel("word error rate")
    save_figure(figure, path)
