"""Prints the evaluation of a translator."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nlpseq.reporting import console
from nlpseq.tasks.translation.evaluation import TranslationResult

if TYPE_CHECKING:
    from nlpseq.tasks.translation.data import ParallelTexts


def print_translations(result: TranslationResult, data: "ParallelTexts", count: int = 3) -> None:
    """Prints the scores, and the best and worst translations.

    Args:
        result: Scores on the test split.
        data: The dataset.
        count: Maximum number of best and of worst translations to print.
    """
    metrics = result.metrics
    console.say(f"test split of {data.title}, {data.source} to {data.target}:")
    console.say(
        f"BLEU {metrics['bleu']:.2f} (greedy {metrics['greedy_bleu']:.2f}), chrF {metrics['chrf']:.2f}, exact "
        f"match {metrics['exact_match']:.4f} (greedy {metrics['greedy_exact_match']:.4f}), length ratio "
        f"{metrics['length_ratio']:.3f}"
    )
    console.say(f"BLEU {metrics['bleu_signature']}; chrF {metrics['chrf_signature']}")
    table = Table("chrF", "source", "translation", "reference", title="best and worst translations")
    for rows in (result.best, result.worst):
        for row in rows[:count]:
            texts = (row.source, row.hypothesis, row.reference)
            table.add_row(f"{row.score:.1f}", *map(escape, texts))
        table.add_section()
    console.print_table(table)


def print_truncated(share: float, max_tokens: int, count: int, split: str = "training") -> None:
    """Prints the share of the first `count` pairs of a split that is truncated, if it is not zero."""
    if share:
        console.say(
            f"{share:.2%} of the first {count:,} {split} pairs are truncated: a side has more than "
            f"{max_tokens - 1:,} tokens (--max-tokens {max_tokens})"
        )
