"""Prints the scores and samples of a language model."""

from typing import TYPE_CHECKING

from nlpseq.reporting import console
from nlpseq.tasks.language_modeling.evaluation import LanguageResult

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.data import RunningTexts


def print_language(result: LanguageResult, data: "RunningTexts", streams: int = 1) -> None:
    """Prints the scores of a language model on the test split of `nlpseq.data.RunningTexts`, read in so many parts."""
    metrics, read = result.metrics, "continuously" if streams == 1 else f"in {streams} streams"
    console.say(
        f"test text of {data.title}, read {read} with carried states: perplexity {metrics['perplexity']:.2f}"
        f"{_adapted(metrics)} "
        f"over {metrics['tokens']:,} tokens, {metrics['unknown_share']:.2%} of them unknown; "
        f"{metrics['nats_per_token']:.4f} nats per token, {metrics['nats_per_character']:.4f} nats per character"
    )


def _adapted(metrics):
    value = metrics.get("dynamic_perplexity")
    return "" if value is None else f", {value:.2f} with dynamic evaluation,"


def print_samples(texts: list[str]) -> None:
    """Prints generated texts."""
    for number, text in enumerate(texts, start=1):
        console.say(f"sample {number}: {text}")
