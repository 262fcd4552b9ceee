"""What the terminal shows of a language model: scores and samples."""

from nlpseq.reporting import console
from nlpseq.tasks.language_modeling.evaluation import LanguageResult


def print_language(result: LanguageResult, data) -> None:
    """Prints the scores of a language model on the test split of `nlpseq.data.RunningTexts`."""
    metrics = result.metrics
    console.say(
        f"test text of {data.title}, read as one with carried states: perplexity {metrics['perplexity']:.2f} "
        f"over {metrics['tokens']:,} tokens, {metrics['unknown_share']:.2%} of them unknown; "
        f"{metrics['nats_per_token']:.4f} nats a token, {metrics['nats_per_character']:.4f} nats a character"
    )


def print_samples(texts: list[str]) -> None:
    """Prints generated texts."""
    for number, text in enumerate(texts, start=1):
        console.say(f"sample {number}: {text}")
