"""Terminal output that all kinds of task share: lines and tables."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nlpseq.errors import first_of, shorten

MOST_NAMES = 20  # of classes in a line
console = Console(highlight=False, emoji=False)


def say(line: str) -> None:
    """Prints a line."""
    console.print(escape(line), soft_wrap=True)


def print_table(table: Table) -> None:
    """Prints a table."""
    console.print(table)


def print_data(data: Any, details: str) -> None:
    """Prints the title and split sizes of a dataset, and `details`."""
    sizes = ", ".join(f"{size:,} {split}" for split, size in data.sizes.items())
    say(f"{data.title}: {sizes}; {details}")


def listed(labels: Any, unit: str = "classes") -> str:
    """The number of labels, what they are called (`unit`), and the names of the first `MOST_NAMES`."""
    return f"{len(labels):,} {unit}: {first_of([shorten(label, 40) for label in labels], MOST_NAMES)}"


def class_table(data: Any, kind: str, unit: str, classes: dict[str, dict]) -> Table:
    """A table of precision, recall and F1 on the test split, with a row for each class.

    Args:
        data: The dataset, for the title.
        kind: Heading of the column of class names.
        unit: Heading of the column of supports.
        classes: Scores by class, as `nlpseq.tasks.scores.scores_by_class` returns them.
    """
    table = Table(title=escape(f"test split of {data.title}"))
    table.add_column(kind)
    for column in ("precision", "recall", "F1", unit):
        table.add_column(column, justify="right")
    for label, row in classes.items():
        table.add_row(escape(label), *class_scores(row), f"{row['support']:,}")
    return table


def class_scores(row: dict[str, Any]) -> list[str]:
    """Precision, recall and F1 as the cells of a table."""
    return [f"{row[name]:.4f}" for name in ("precision", "recall", "f1")]


def print_export(export: Any) -> None:
    """Prints the signatures, scores and metadata of a `nlpseq.serving.Export`."""
    table = Table("signature", "inputs", "outputs", title=escape(str(export.path)))
    for name, function in export.signatures.items():
        inputs = function.structured_input_signature[1].values()
        outputs = function.structured_outputs.items()
        table.add_row(
            name,
            "\n".join(_described(spec.name, spec) for spec in inputs),
            "\n".join(_described(key, spec) for key, spec in sorted(outputs)),
        )
    print_table(table)
    print_table(_score_table(export.metrics))
    if export.metadata.formats:
        print_formats(export.metadata.formats)
    table = Table("setting", "value", title="settings")
    for name, value in _flattened({**vars(export.metadata), "formats": {}}):
        table.add_row(escape(name), escape(str(value)))
    print_table(table)


def print_formats(formats: dict[str, dict]) -> None:
    """Prints sizes, times and agreement of the formats of a model, by name."""
    table = Table("format", title="formats")
    for column in ("kB", "ms, 1 text", "ms, 64 texts", "same decisions", "score difference"):
        table.add_column(column, justify="right")
    for name, row in formats.items():
        quantize, agreement = row.get("quantize", "none"), row.get("agreement")
        table.add_row(
            name if quantize == "none" else f"{name} {quantize}",
            f"{row['bytes'] / 1000:,.0f}",
            f"{row['ms_1']:.1f}",
            f"{row['ms_64']:.1f}",
            *(("", "") if agreement is None else (f"{agreement['decisions']:.1%}", f"{agreement['scores']:.0e}")),
        )
    print_table(table)


def _score_table(metrics):
    """A table of validation and test scores, then training time and memory."""
    table = Table("metric", title="scores")
    table.add_column("validation", justify="right")
    table.add_column("test", justify="right")
    validation, test = (dict(_flattened(metrics[split])) for split in ("validation", "test"))
    for name in {**test, **validation}:
        table.add_row(escape(name), _rounded(validation.get(name, "")), _rounded(test.get(name, "")))
    table.add_section()
    for name in ("train_seconds", "peak_memory_mb"):
        table.add_row(name, "", str(metrics.get(name, "")))
    return table


def _rounded(value):
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _described(name, spec):
    shape = ", ".join("any" if size is None else str(size) for size in spec.shape)
    return f"{name}: {spec.dtype.name} ({shape})"


def _flattened(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
