"""Scores of a detector on a split, beside those of simple rivals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.anomalies.alarms import peaks
from nlpseq.tasks.anomalies.calibration import choose_threshold
from nlpseq.tasks.anomalies.events import count_events, vus_pr
from nlpseq.tasks.anomalies.nab import PROFILES, nab_score
from nlpseq.tasks.anomalies.recordings import Recordings, Scores
from nlpseq.tasks.anomalies.rivals import make_rivals

if TYPE_CHECKING:
    from nlpseq.tasks.anomalies.model import AnomalyDetector


@dataclass(frozen=True)
class AnomalyResult:
    """Scores on one split.

    Attributes:
        metrics: "event_f1", "event_precision" and "event_recall" at the threshold of the detector; "vus_pr", the mean
            over the recordings with anomalies; "nab_standard", "nab_reward_low_FP" and "nab_reward_low_FN", at the best
            threshold of each, as the benchmark has it; "alarms" and "alarms_per_1000"; the same of each rival under
            "rivals". Without labels only the alarms.
        recordings: The recordings.
        outputs: The output of `AnomalyDetector.detect` for each recording.
    """

    metrics: dict[str, Any]
    recordings: Recordings
    outputs: list[dict[str, np.ndarray]]


def evaluate_detector(
    task: "AnomalyDetector",
    examples: Recordings,
    training: Recordings | None = None,
    validation: Recordings | None = None,
) -> AnomalyResult:
    """Evaluates an `AnomalyDetector` on recordings, from the first step of each that counts, and after its warm-up.

    Args:
        task: The detector.
        examples: The recordings.
        training, validation: What rivals learn from, and choose their thresholds on. Default None: no rivals.
    """
    detected, examples = task.detect(examples.values, examples.seasons), examples.after(task.settings.warm_up)
    metrics = scores_of([row["score"] for row in detected], examples, task.threshold, task.settings.rest)
    if training is not None and validation is not None:
        metrics["rivals"], validation = {}, validation.after(task.settings.warm_up)
        rate = None if validation.labelled else 1.0
        for name, rival in make_rivals(training.values).items():
            threshold = choose_threshold(
                [rival(row) for row in validation.values], validation, task.settings.rest, rate=rate
            )
            scores = [rival(row) for row in examples.values]
            metrics["rivals"][name] = scores_of(scores, examples, threshold, task.settings.rest)
    return AnomalyResult(metrics, examples, detected)


def scores_of(scores: Scores, recordings: Recordings, threshold: float, rest: int) -> dict[str, Any]:
    """The metrics of scores, as in `AnomalyResult`, without rivals."""
    windows, starts = recordings.places()
    highest = [peaks(row, rest) for row in scores]
    alarms = [row >= threshold for row in highest]
    events = count_events(alarms, windows, starts)
    steps = sum(len(item) - item.start for item in recordings)
    counts = {"alarms": events.alarms, "alarms_per_1000": 1000 * events.alarms / max(steps, 1)}
    if not recordings.labelled:
        return counts
    shifted = [_shifted(item) for item in recordings]
    volumes = [vus_pr(row[item.start :], ranges)
               for row, item, ranges in zip(scores, recordings, shifted) if ranges]  # fmt: skip
    nab = {f"nab_{name}": nab_score(highest, windows, name, starts=starts).score for name in PROFILES}
    return {
        "event_f1": events.f1,
        "event_precision": events.precision,
        "event_recall": events.recall,
        "vus_pr": float(np.mean(volumes)),
        **nab,
        **counts,
    }


def _shifted(item):
    """The windows of what is evaluated, counted from its start."""
    return tuple(
        (max(left - item.start, 0), right - item.start) for left, right in item.windows or () if right >= item.start
    )
