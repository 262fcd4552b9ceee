"""Prints the scores and samples of a language model."""

from typing import TYPE_CHECKING

from nlpseq.reporting import console
from nlpseq.tasks.language_modeling.evaluation import LanguageResult

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.data import RunningTexts


def print_language(result: LanguageResult, data: "RunningTexts") -> None:
    """Prints the scores of a language model on the test split of `nlpseq.data.RunningTexts`."""
    metrics = result.metrics
    console.say(
        f"test text of {data.title}, read continuously with carried states: perplexity {metrics['perplexity']:.2f}"
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
