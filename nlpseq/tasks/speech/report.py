"""Prints the evaluation of a recognizer."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nlpseq.data.notes import say_notes
from nlpseq.errors import shorten
from nlpseq.reporting import console
from nlpseq.tasks.speech.evaluation import SpeechResult

if TYPE_CHECKING:
    from nlpseq.tasks.speech.data import SpeechData
    from nlpseq.tasks.speech.settings import RecognizerSettings

LONGEST_TEXT = 80  # characters of a printed utterance


def print_audio(data: "SpeechData") -> None:
    """Prints what there is to train on in a line."""
    seconds = data.train.lengths.sum() / data.sample_rate
    console.print_data(data, f"{seconds / 60:.1f} minutes to train on, {data.sample_rate:,} samples a second")


def print_unused(settings: "RecognizerSettings") -> None:
    """Says in notes which settings change nothing beside the others."""
    notes = []
    if settings.augmentation.equalization and settings.features.normalization == "utterance":
        notes.append(
            "`equalization` changes nothing with `normalization` utterance, which subtracts the mean of each band: "
            "choose running or none, or leave it out"
        )
    if settings.lookahead and settings.bidirectional:
        notes.append("`lookahead` is for models that read forward: the layers of this one read what follows anyway")
    say_notes(notes)


def print_speech(result: SpeechResult, data: "SpeechData", most: int = 5) -> None:
    """Prints error rates with their edits, the worst utterances and the most frequent confusions.

    Args:
        result: Scores on the test split.
        data: The dataset.
        most: Maximum number of utterances and confusions. Default 5.
    """
    metrics = result.metrics
    console.say(
        f"test split of {data.title}: word error rate {metrics['word_error_rate']:.4f} ({metrics['substitutions']:,} "
        f"substitutions, {metrics['deletions']:,} deletions, {metrics['insertions']:,} insertions in "
        f"{metrics['words']:,} words), character error rate {metrics['character_error_rate']:.4f}, utterances with "
        f"errors {metrics['sentence_error_rate']:.4f}"
    )
    wrong = [row for row in result.rows if row.errors][:most]
    if wrong:
        table = Table("utterance", "said", "recognized", title="most errors")
        for row in wrong:
            table.add_row(*(escape(shorten(text, LONGEST_TEXT)) for text in (row.name, row.expected, row.text)))
        console.print_table(table)
    if metrics["confusions"]:
        shown = ", ".join(f"{pair} ({count:,})" for pair, count in list(metrics["confusions"].items())[:most])
        console.say(f"most frequent confusions: {shown}")
