"""Prints the evaluation of a classifier of sequences."""

from typing import TYPE_CHECKING

from nlpseq.errors import plural
from nlpseq.reporting import console
from nlpseq.tasks.clips.evaluation import SequenceResult
from nlpseq.tasks.decisions import Calibration, calibration_line

if TYPE_CHECKING:
    from nlpseq.tasks.clips.dataset import LabelledClips

SHOWN = ("20%", "50%", "80%", "100%")  # shares of a sequence


def summary(data: "LabelledClips") -> str:
    """What the frames of a dataset are, and how many there are, for `nlpseq.reporting.print_data`."""
    train = data.train
    kind = "pictures of " if len(train.frame) == 3 else "vectors of "
    size = " x ".join(map(str, train.frame[:2])) if len(train.frame) == 3 else plural(train.frame[0], "channel")
    lengths = f"{train.lengths.min():,} to {train.lengths.max():,} frames"
    per_frame = "; a label for each frame" if data.per_frame else ""
    return f"{kind}{size}; {lengths}{per_frame}; {console.listed(data.labels)}"


def print_calibration(calibration: Calibration | None, per_frame: bool = False) -> None:
    """Prints the temperature, and the expected calibration error before and after, in a line."""
    console.say(calibration_line(calibration, "frames" if per_frame else "sequences"))


def print_sequences(result: SequenceResult, data: "LabelledClips", most_mistakes: int = 3) -> None:
    """Prints precision, recall and F1 by class, accuracy, early recognition, and the most confident mistakes.

    Args:
        result: Scores on the test split.
        data: The dataset.
        most_mistakes: Maximum number of mistakes to print.
    """
    metrics, unit = result.metrics, "frames" if data.per_frame else "sequences"
    table = console.class_table(data, "class", unit, metrics["classes"])
    table.add_section()
    table.add_row("average", *console.class_scores(metrics), f"{int(result.confusion.sum()):,}")
    console.print_table(table)
    console.say(
        f"test accuracy {metrics['accuracy']:.4f}; average F1 {metrics['f1']:.4f}; expected calibration error "
        f"{metrics['calibration_error']:.4f}"
    )
    seen = metrics.get("accuracy_seen", {})
    if seen:
        listed = ", ".join(f"{share} {seen[share]:.3f}" for share in SHOWN)
        console.say(f"accuracy after a share of each sequence: {listed}")
    for mistake in result.mistakes[:most_mistakes]:
        console.say(f"  {mistake.place}: {mistake.expected}, predicted {mistake.predicted} ({mistake.score:.3f})")


def print_comparison(accuracy: float, rival: float) -> None:
    """Prints the accuracy of a model that does not see the order of the frames beside that of one that does."""
    console.say(f"test accuracy of a bag of frames, which knows no order: {rival:.4f}; of this model: {accuracy:.4f}")
