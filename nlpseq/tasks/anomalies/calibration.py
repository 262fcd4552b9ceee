"""What is set on validation series: what is usual, which evidence counts, and the threshold of alarms."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlpseq.errors import InputError
from nlpseq.tasks.anomalies.alarms import peaks, quiet_threshold
from nlpseq.tasks.anomalies.events import best_threshold, count_events
from nlpseq.tasks.anomalies.novelty import MARGINS
from nlpseq.tasks.anomalies.recordings import Recordings, Scores

# Evidence that may count, first what counts without labels, and then what is tried where there are labels.
CHOICES = (
    ("value", "trend", "level", "season", "surprise", "usual"),
    ("surprise", "usual"),
    ("usual",),
    ("value", "trend", "level", "season"),
)
FLOOD = 10.0  # alarms in 1,000 steps of normal operation that are too many whatever is wished
LEAST_WIDTH = 0.1  # between the median and the greatest surprise


class Calibration(NamedTuple):
    """The outcome.

    Attributes:
        threshold: The least score of an alarm.
        evidence: Names of what counts.
        usual: The greatest and the median running mean of the surprise in normal operation.
        by_labels: Whether labels decided.
        f1: F1 of events at the threshold, None without labels.
    """

    threshold: float
    evidence: tuple[str, ...]
    usual: tuple[float, float]
    by_labels: bool
    f1: float | None


def calibrated(
    evidence: Sequence[np.ndarray],
    recordings: Recordings,
    usual: tuple[float, float],
    rest: int,
    method: str = "auto",
    rate: float | None = None,
) -> Calibration:
    """The calibration of a detector.

    Args:
        evidence: Of each recording, as of `nlpseq.tasks.anomalies.novelty`, float `(steps, 6)`.
        recordings: The recordings; only steps from their start on count.
        usual: That with which the evidence was made.
        rest: As of `nlpseq.tasks.anomalies.alarms.peaks`.
        method, rate: As of `choose_threshold`; with "labels" the evidence with the best F1 of events counts too.
    """
    place, margin = list(MARGINS).index("usual"), MARGINS["usual"]
    greatest, median = usual
    running = [row[:, place] * margin * (greatest - median) + greatest for row in evidence]
    normal = np.concatenate([row[item.normal] for row, item in zip(running, recordings)])
    if len(normal):
        greatest, median = float(normal.max()), float(np.median(normal))
        median = min(median, greatest - LEAST_WIDTH)
    evidence = [row.copy() for row in evidence]
    for row, values in zip(evidence, running):
        row[:, place] = (values - greatest) / (greatest - median) / margin
    by_labels = labels_decide(recordings, method, rate)
    best = None
    for names in CHOICES if by_labels else CHOICES[:1]:
        columns = [list(MARGINS).index(name) for name in names]
        scores = [row[:, columns].max(axis=1) for row in evidence]
        threshold = choose_threshold(scores, recordings, rest, method, rate)
        windows, starts = recordings.places()
        f1 = count_events([peaks(row, rest) >= threshold for row in scores], windows, starts).f1 if by_labels else None
        if best is None or (f1 or 0) > (best.f1 or 0):
            best = Calibration(threshold, names, (greatest, median), by_labels, f1)
    assert best is not None
    return best


def labels_decide(recordings: Recordings, method: str = "auto", rate: float | None = None) -> bool:
    """Whether labels decide about a threshold, and not a rate of alarms.

    Args:
        recordings, method, rate: As of `choose_threshold`.

    Raises:
        InputError: `method` is "labels", and there are none, or a rate is wished too.
    """
    if method == "labels" and rate is not None:
        raise InputError("`false_alarms` is not for `threshold` labels: leave one of them out.")
    if method == "labels" and not recordings.labelled:
        raise InputError(
            "`threshold` labels requires anomalies in the validation split, and there are none: use `threshold` rate."
        )
    return method == "labels" or (method == "auto" and rate is None and recordings.labelled)


def choose_threshold(
    scores: Scores, recordings: Recordings, rest: int, method: str = "auto", rate: float | None = None
) -> float:
    """The threshold of scores of recordings.

    Args:
        scores: Of each recording.
        recordings: The recordings; only steps from their start on count.
        rest: As of `nlpseq.tasks.anomalies.alarms.peaks`.
        method: "labels" for the greatest F1 of events, "rate" for a rate of alarms outside of anomalies; "auto" for
            labels if there are some and no rate is given.
        rate: Most alarms in 1,000 steps of normal operation. Default those of a score of 1 or more, but at most 10.
    """
    if labels_decide(recordings, method, rate):
        return best_threshold([peaks(row, rest) for row in scores], *recordings.places())
    normal = [row[item.normal] for row, item in zip(scores, recordings)]
    if rate is None:
        return max(1.0, quiet_threshold(normal, rest, FLOOD))
    return quiet_threshold(normal, rest, rate)
