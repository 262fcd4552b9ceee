"""The model card of an export."""

from typing import Any

from nlpseq.serving.metadata import Metadata

GENERATED = (
    "**The data are generated** by a small program that ships with nlpseq: the scores show that the "
    "model has learnt this program, and say nothing about real data."
)


def model_card(task: Any, metadata: Metadata, metrics: dict[str, Any]) -> str:
    """The text of `model_card.md`.

    Args:
        task: `nlpseq.tasks.base.Task`; its class, `purpose` and `limits` are used.
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
        f"# {type(task).__name__} trained on {data['name']}": [task.purpose],
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
            *_cost(metrics),
        ],
        **_formats(metadata.formats),
        "## Limits": [f"- {limit}" for limit in task.limits()],
        "## Settings": [
            "| setting | value |",
            "|---|---|",
            *(f"| {setting} | {value} |" for setting, value in metadata.settings.items()),
        ],
        "## Versions": [f"- {software} {version}" for software, version in metadata.versions.items()],
    }
    return "\n".join(line for title, body in sections.items() for line in (title, "", *body, ""))


def _formats(formats):
    """The section of the formats beside the SavedModel, if there are any."""
    if not formats:
        return {}
    texts = max(row["agreement"]["texts"] for row in formats.values() if "agreement" in row)
    return {
        "## Formats": [
            f"Compared with the SavedModel on {texts:,} examples; times include what is done around the network, on "
            "the machine of the export.",
            "",
            "| format | weights | kB | ms, 1 text | ms, 64 texts | same decisions | score difference | metric |",
            "|---|---|---|---|---|---|---|---|",
            *(f"| {' | '.join(_format_cells(name, row))} |" for name, row in formats.items()),
        ]
    }


def _format_cells(name, row):
    weights = {"none": "float32"}.get(row.get("quantize", "none"), row.get("quantize"))
    agreement = row.get("agreement")
    same = ["", ""] if agreement is None else [f"{agreement['decisions']:.1%}", f"{agreement['scores']:.0e}"]
    changes = ", ".join(f"{metric} {value:+.4f}" for metric, value in row.get("changes", {}).items())
    return [name, weights, f"{row['bytes'] / 1000:,.0f}", f"{row['ms_1']:.1f}", f"{row['ms_64']:.1f}", *same, changes]


def _cost(metrics):
    """What the training cost, as far as it is known."""
    seconds, memory = metrics.get("train_seconds"), metrics.get("peak_memory_mb")
    parts = [] if seconds is None else [f"training took {seconds:.0f} s"]
    parts += [] if memory is None else [f"the peak memory of the process was {memory:,} MB"]
    text = "; ".join(parts)
    return ["", f"{text[0].upper()}{text[1:]}."] if parts else []
