"""Prints the evaluation of a classifier."""

from typing import TYPE_CHECKING

from nlpseq.errors import shorten
from nlpseq.reporting import console
from nlpseq.tasks.answers import one_line
from nlpseq.tasks.classification.evaluation import ClassificationResult
from nlpseq.tasks.decisions import calibration_line
from nlpseq.tasks.scores import FIGURES

if TYPE_CHECKING:
    from nlpseq.tasks.classification.data import LabelledTexts
    from nlpseq.tasks.classification.model import TextClassifier
    from nlpseq.tasks.decisions import Calibration

MOST_WEIGHTS = 10  # class weights that are printed
LONGEST_TEXT = 160  # maximum number of characters of a printed mistake


def print_class_weights(task: "TextClassifier") -> None:
    """Prints the class weights of a task in a line, if it has some."""
    if task.class_weights is not None:
        weights = sorted(zip(task.labels, task.class_weights), key=lambda pair: -pair[1])
        shown = ", ".join(f"{label} {weight:.4g}" for label, weight in weights[:MOST_WEIGHTS])
        console.say(f"class weights: {shown}{', ...' * (len(weights) > MOST_WEIGHTS)}")


def print_share(share: float | None) -> None:
    """Prints how much the recurrent classifier counts beside the linear one, in a line; None is one half each."""
    if share is not None:
        console.say(f"on validation texts the recurrent classifier counts {share:.2f}, the linear one {1 - share:.2f}")


def print_calibration(calibration: "Calibration | None") -> None:
    """Prints the temperature, and the expected calibration error before and after, in a line."""
    console.say(calibration_line(calibration))


def print_classification(result: ClassificationResult, data: "LabelledTexts", most_mistakes: int = 3) -> None:
    """Prints precision, recall and F1 by class, their averages, accuracy, and the most confident mistakes.

    Args:
        result: Scores on the test split.
        data: The dataset.
        most_mistakes: Maximum number of mistakes to print.
    """
    metrics = result.metrics
    table = console.class_table(data, "class", "texts", metrics["classes"])
    table.add_section()
    if data.multi_label:
        for average in ("micro", "macro"):
            row = {name: metrics[f"{average}_{name}"] for name in FIGURES}
            table.add_row(f"{average} average", *console.class_scores(row), f"{len(data.test):,}")
        summary = (
            f"test micro F1 {metrics['micro_f1']:.4f}; macro F1 {metrics['macro_f1']:.4f}; exactly the expected labels "
            f"{metrics['subset_accuracy']:.4f}"
        )
    else:
        table.add_row("average", *console.class_scores(metrics), f"{len(data.test):,}")
        summary = f"test accuracy {metrics['accuracy']:.4f}; average F1 {metrics['f1']:.4f}"
    console.print_table(table)
    console.say(f"{summary}; expected calibration error {metrics['calibration_error']:.4f}")
    for mistake in result.mistakes[:most_mistakes]:
        text = shorten(one_line(mistake.text), LONGEST_TEXT)
        console.say(f"  {mistake.expected}, predicted {mistake.predicted} ({mistake.score:.3f}): {text}")
