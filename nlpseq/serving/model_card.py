"""The page that tells a reader of an export what it is."""

from typing import Any

from nlpseq.serving.metadata import Metadata

GENERATED = (
    "**The data are generated** by a small grammar that comes with nlpseq: the scores say that "
    "the model learnt that grammar, and nothing about real data."
)


def model_card(name: str, purpose: str, limits: list[str], metadata: Metadata, metrics: dict[str, Any]) -> str:
    """The text of `model_card.md`.

    Args:
        name: of the class of the task.
        purpose: what the task does, a sentence.
        limits: what it cannot do, sentences.
        metadata: of the export.
        metrics: as in `metrics.json`.
    """
    data = metadata.data
    scores = [
        f"| {split} | {figure} | {value:.4f} |"
        for split in ("validation", "test")
        for figure, value in metrics[split].items()
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
            "| split | figure | value |",
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
    return f"{seconds}." if memory is None else f"{seconds}; the process held at most {memory:,} MB."
