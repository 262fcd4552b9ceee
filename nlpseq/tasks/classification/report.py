"""Prints the evaluation of a classifier."""

from typing import TYPE_CHECKING

from nlpseq.errors import shorten
from nlpseq.reporting import console
from nlpseq.tasks.answers import one_line
from nlpseq.tasks.classification.evaluation import ClassificationResult

if TYPE_CHECKING:
    from nlpseq.tasks.classification.data import LabelledTexts

LONGEST_TEXT = 160  # maximum number of characters of a printed mistake


def print_classification(result: ClassificationResult, data: "LabelledTexts", most_mistakes: int = 3) -> None:
    """Prints precision, recall and F1 by class, accuracy, and the most confident mistakes.

    Args:
        result: Scores on the test split.
        data: The dataset.
        most_mistakes: Maximum number of mistakes to print.
    """
    metrics = result.metrics
    table = console.class_table(data, "class", "texts", metrics["classes"])
    table.add_section()
    table.add_row("average", *console.class_scores(metrics), f"{len(data.test):,}")
    console.print_table(table)
    console.say(f"test accuracy {metrics['accuracy']:.4f}; average F1 {metrics['f1']:.4f}")
    for mistake in result.mistakes[:most_mistakes]:
        text = shorten(one_line(mistake.text), LONGEST_TEXT)
        console.say(f"  {mistake.expected}, predicted {mistake.predicted} ({mistake.score:.3f}): {text}")
