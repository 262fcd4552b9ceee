"""Scores of a classifier of sequences on a split."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.scores import confident_mistakes, confused, confusion, single_label

if TYPE_CHECKING:
    from nlpseq.tasks.clips.clips import Clips
    from nlpseq.tasks.clips.model import SequenceClassifier

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of a sequence that has been seen
EARLY = 500  # sequences that early recognition is measured on, at most
STRIPS = 4  # sequences that are drawn
MOMENTS = 24  # at which the scores of a drawn sequence are computed, at most


@dataclass(frozen=True)
class Mistake:
    """A misclassified sequence, or frame, with the score of the predicted label."""

    place: str
    expected: str
    predicted: str
    score: float


@dataclass(frozen=True)
class Strip:
    """A sequence and the scores of its classes over time.

    Attributes:
        frames: `(time, *frame)`.
        expected, predicted: Labels; of a classifier with a label for each frame those of the last frame.
        seen: Number of frames after which scores were computed.
        scores: Float `(moments, classes)`.
    """

    frames: np.ndarray
    expected: str
    predicted: str
    seen: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class SequenceResult:
    """Scores on one split.

    Attributes:
        metrics: As of `nlpseq.tasks.scores.single_label`, of frames if each has a label; and "accuracy_seen", accuracy
            by the share of each sequence that was seen, of up to 500 sequences.
        names: The classes of the confusion matrix: those of the task, and those that training never shows.
        confusion: Counts `(classes, classes)`, a row for each expected class.
        mistakes: The most confident mistakes, in descending order of score.
        strips: Sequences to draw, of different classes.
    """

    metrics: dict[str, Any]
    names: list[str]
    confusion: np.ndarray
    mistakes: list[Mistake]
    strips: list[Strip] = field(default_factory=list)


def evaluate_sequences(task: "SequenceClassifier", clips: "Clips", most_mistakes: int = 20) -> SequenceResult:
    """Evaluates a `SequenceClassifier` on `nlpseq.data.Clips`, keeping up to `most_mistakes` mistakes."""
    scores = task.scores_of(task.all_logits(clips)).numpy()
    names = [*task.labels, *clips.unseen]
    owners, expected = clips.classes()
    if clips.per_frame:
        scores = scores[clips.labels >= 0]
    metrics = single_label(expected, scores, names)
    if not clips.per_frame:
        metrics["accuracy_seen"] = accuracy_by_share(task, clips)
    shown = confused(expected, len(names))
    mistakes = [
        Mistake(f"clip {owners[i] + 1}", names[expected[i]], names[scores[i].argmax()], float(scores[i].max()))
        for i in confident_mistakes(expected, scores, most_mistakes)
    ]
    counts = confusion(expected, scores.argmax(axis=1), shown)
    return SequenceResult(metrics, [names[n] for n in shown], counts, mistakes, strips(task, clips, names))


def accuracy_by_share(task: "SequenceClassifier", clips: "Clips", shares: tuple = SHARES) -> dict[str, float]:
    """The accuracy of early recognition: after each share of the frames of a sequence, by its percentage."""
    sample = clips.select(np.linspace(0, len(clips) - 1, min(len(clips), EARLY)).astype(int))
    return {
        f"{share:.0%}": float(np.mean(task.all_logits(sample.beginning(share)).argmax(axis=1) == sample.labels))
        for share in shares
    }


def strips(task: "SequenceClassifier", clips: "Clips", names: list[str], most: int = STRIPS) -> list[Strip]:
    """The first sequences of different classes, with their scores over time."""
    if clips.per_frame:
        chosen = np.arange(min(most, len(clips)))
    else:
        chosen = np.sort(np.unique(clips.labels, return_index=True)[1])[:most]
    results = []
    for index in chosen.tolist():
        frames, labels = clips.clip(index), _labels(clips, index)
        seen = np.unique(np.linspace(1, len(frames), min(len(frames), MOMENTS)).astype(int))
        if task.per_frame:
            scores = task.predict_clips([frames])["scores"][0][seen - 1]
        else:
            scores = task.predict_clips([frames[:count] for count in seen])["scores"]
        expected = names[labels[-1]] if labels[-1] >= 0 else "none"
        results.append(Strip(frames, expected, task.labels[scores[-1].argmax()], seen, scores))
    return results


def _labels(clips, index):
    if not clips.per_frame:
        return clips.labels[[index]]
    start = clips.starts[index]
    return clips.labels[start : start + clips.lengths[index]]


def accuracy(task: "SequenceClassifier", clips: "Clips") -> float:
    """The accuracy alone, over sequences or labelled frames."""
    _, expected = clips.classes()
    predicted = task.all_logits(clips).argmax(axis=1)
    return float(np.mean((predicted[clips.labels >= 0] if clips.per_frame else predicted) == expected))
