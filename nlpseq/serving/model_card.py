"""The model card of an export."""

from typing import Any

from nlpseq.serving.metadata import Metadata

GENERATED = (
    "**The data are generated** by a small grammar that ships with nlpseq: the scores show that the "
    "model has learnt this grammar, and say nothing about real data."
)


def model_card(name: str, purpose: str, limits: list[str], metadata: Metadata, metrics: dict[str, Any]) -> str:
    """The text of `model_card.md`.

    Args:
        name: Class name of the task.
        purpose: What the task does, one sentence.
        limits: What it cannot do, one sentence each.
        metadata: Metadata of the export.
        metrics: Contents of `metrics.json`.
    """
    data = metadata.data
    scores = [
        f"| {split} | {metric} | {value:.4f} |"
        for split in ("validation", "test")
        for metric, value in metrics[split].items()
        if isinstance(value, float)
    ]
    sections = {
        f"# {name} trained on {data['name']}": [purpose],
        "## Data": [
            *([GENERATED, ""] if data["generated"] else []),
            "| split | examples |",
            "|---|---|",
            *(f"| {split} | {size:,} |" for split, size in data["sizes"].items()),
        ],
        "## Scores": [
            "| split | metric | value |",
            "|---|---|---|",
            *scores,
            "",
            _cost(metrics),
        ],
        "## Limits": [f"- {limit}" for limit in limits],
        "## Settings": [
            "| setting | value |",
            "|---|---|",
            *(f"| {setting} | {value} |" for setting, value in metadata.settings.items()),
        ],
        "## Versions": [f"- {software} {version}" for software, version in metadata.versions.items()],
    }
    return "\n".join(line for title, body in sections.items() for line in (title, "", *body, ""))


def _cost(metrics):
    seconds, memory = f"Training took {metrics['train_seconds']:.0f} s", metrics["peak_memory_mb"]
    return f"{seconds}." if memory is None else f"{seconds}; the peak memory of the process was {memory:,} MB."
