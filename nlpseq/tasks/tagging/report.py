"""Prints the evaluation of a tagger, and writes its worst sentences to a text file."""

from pathlib import Path
from typing import TYPE_CHECKING

from nlpseq.reporting import console
from nlpseq.tasks.tagging.evaluation import TaggingResult
from nlpseq.writing import write_text

if TYPE_CHECKING:
    from nlpseq.tasks.tagging.data import TaggedSentences


def print_tagging(result: TaggingResult, data: "TaggedSentences", worst: int = 3) -> None:
    """Prints precision, recall and F1 by tag or type of span, accuracy, and the worst sentences.

    Args:
        result: Scores on the test split.
        data: The dataset.
        worst: Maximum number of sentences to print.
    """
    metrics = result.metrics
    if data.scheme:
        table = console.class_table(data, "span", "spans", metrics["types"])
        table.add_section()
        support = sum(row["support"] for row in metrics["types"].values())
        table.add_row("all", *console.class_scores(metrics), f"{support:,}")
        macro = {name: metrics[f"macro_{name}"] for name in ("precision", "recall", "f1")}
        table.add_row("average", *console.class_scores(macro), "")
    else:
        table = console.class_table(data, "tag", "tokens", metrics["tags"])
        table.add_section()
        table.add_row("average", *console.class_scores(metrics), f"{int(result.confusion.sum()):,}")
    console.print_table(table)
    console.say(
        f"test accuracy {metrics['accuracy']:.4f}; whole sentences {metrics['sentence_accuracy']:.4f}; "
        f"{_unseen(metrics)}"
    )
    if data.scheme:
        console.say(f"sentences whose tags violate the scheme {data.scheme}: {metrics['illegal_sentences']:,}")
    for sentence in result.worst[:worst]:
        console.say(f"  {_marked(sentence)}")


def write_worst_sentences(result: TaggingResult, path: Path) -> None:
    """Writes the worst sentences of a result to a text file, one per line."""
    lines = [
        "Wrong tags are in brackets: token [predicted, not expected].",
        *(f"{sentence.wrong} of {len(sentence.tokens)} wrong: {_marked(sentence)}" for sentence in result.worst),
    ]
    write_text(path, "\n\n".join([*lines, ""]))


def _unseen(metrics):
    if metrics["unseen_accuracy"] is None:
        return "no words unseen in training"
    return f"{metrics['unseen_tokens']:,} words unseen in training {metrics['unseen_accuracy']:.4f}"


def _marked(sentence):
    """A sentence with its wrong tags in brackets."""
    rows = zip(sentence.tokens, sentence.predicted, sentence.expected)
    return " ".join(
        token if predicted == expected else f"{token} [{predicted}, not {expected}]"
        for token, predicted, expected in rows
    )
