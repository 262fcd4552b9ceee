"""What the terminal shows of the evaluation of a classifier."""

from nlpseq.reporting import console
from nlpseq.tasks.classification.evaluation import ClassificationResult

LONGEST_TEXT = 160  # characters of a mistake that are printed


def print_classification(result: ClassificationResult, data, most_mistakes: int = 3) -> None:
    """Prints precision, recall and F1 by class, accuracy, and the most confident mistakes.

    Args:
        result: of the test split.
        data: `nlpseq.data.LabelledTexts`.
        most_mistakes: how many mistakes to print.
    """
    metrics = result.metrics
    table = console.class_table(data, "class", "texts", metrics["classes"])
    table.add_section()
    table.add_row("average", *console.class_scores(metrics), f"{len(data.test):,}")
    console.print_table(table)
    console.say(f"test accuracy {metrics['accuracy']:.4f}")
    for mistake in result.mistakes[:most_mistakes]:
        text = " ".join(mistake.text.split())
        text = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."
        console.say(f"  {mistake.expected}, predicted {mistake.predicted} ({mistake.score:.3f}): {text}")
