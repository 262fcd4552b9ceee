"""The page that tells a reader of an export what it is."""

GENERATED = (
    "**The data are generated** by a small grammar that comes with nlpseq: the scores say that "
    "the model learnt that grammar, and nothing about real text."
)


def model_card(task, data, settings, metrics, versions):
    """The text of `model_card.md`.

    Args:
        task: a model of `nlpseq.tasks`.
        data: the dataset: its name, sizes, and whether it was generated.
        settings: of the run, a dict.
        metrics: as in `metrics.json`.
        versions: of the software, a dict.
    """
    scores = [
        f"| {split} | {name} | {value:.4f} |"
        for split in ("validation", "test")
        for name, value in metrics[split].items()
        if isinstance(value, float)
    ]
    sections = {
        f"# {type(task).__name__} trained on {data.name}": [task.purpose],
        "## Data": [
            *([GENERATED, ""] if data.generated else []),
            "| split | examples |",
            "|---|---|",
            *(f"| {split} | {size:,} |" for split, size in data.sizes.items()),
        ],
        "## Scores": [
            "| split | figure | value |",
            "|---|---|---|",
            *scores,
            "",
            f"Training took {metrics['train_seconds']:.0f} s; the process held at most "
            f"{metrics['peak_memory_mb']:,} MB.",
        ],
        "## Limits": [f"- {limit}" for limit in task.limits()],
        "## Settings": [
            "| setting | value |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in settings.items()),
        ],
        "## Versions": [f"- {name} {version}" for name, version in versions.items()],
    }
    return "\n".join(line for title, body in sections.items() for line in (title, "", *body, ""))
