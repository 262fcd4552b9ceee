"""What the terminal shows: tables and answers."""

import json
import resource
import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False, emoji=False)


def peak_memory_mb():
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024))


def say(line):
    """Prints a line."""
    console.print(escape(line), soft_wrap=True)


def print_data(data):
    """Prints what is learnt from."""
    sizes = ", ".join(f"{size:,} {split}" for split, size in data.sizes.items())
    say(f"{data.title}: {sizes}; {len(data.labels)} classes: {', '.join(data.labels)}")


def print_classification(result, data, most_mistakes=3):
    """Prints precision, recall and F1 by class, accuracy, and the most confident mistakes."""
    table = Table(title=escape(f"test split of {data.title}"))
    table.add_column("class")
    for column in ("precision", "recall", "F1", "texts"):
        table.add_column(column, justify="right")
    for label, row in result.metrics["classes"].items():
        table.add_row(escape(label), *_scores(row), f"{row['support']:,}")
    table.add_section()
    table.add_row("average", *_scores(result.metrics), f"{len(data.test):,}")
    console.print(table)
    say(f"test accuracy {result.metrics['accuracy']:.4f}")
    for mistake in result.mistakes[:most_mistakes]:
        text = " ".join(mistake.text.split())
        text = text if len(text) <= 160 else text[:157] + "..."
        say(f"  {mistake.expected}, taken for {mistake.predicted} ({mistake.score:.3f}): {text}")


def print_answer(text, answer, as_json=False):
    """Prints the answer to one text."""
    if as_json:
        print(json.dumps({"text": text, **answer}, ensure_ascii=False), flush=True)
        return
    label, scores = answer.get("label"), answer.get("scores")
    if label is not None and isinstance(scores, dict):
        print(f"{label}\t{scores[label]:.4f}\t{' '.join(text.split())}", flush=True)
    else:
        print("\t".join(f"{value}" for value in answer.values()), flush=True)


def print_export(export):
    """Prints what an export is: signatures, scores, settings."""
    table = Table("signature", "takes", "gives", title=escape(str(export.path)))
    for name, function in export.signatures.items():
        inputs = function.structured_input_signature[1].values()
        outputs = function.structured_outputs.items()
        table.add_row(
            name,
            "\n".join(_described(spec.name, spec) for spec in inputs),
            "\n".join(_described(key, spec) for key, spec in sorted(outputs)),
        )
    console.print(table)
    console.print(_score_table(export.metrics))
    table = Table("setting", "value", title="settings")
    for name, value in _flattened(export.config):
        table.add_row(escape(name), escape(str(value)))
    console.print(table)


def _score_table(metrics):
    """Validation and test side by side, then what the training took."""
    table = Table("figure", title="scores")
    table.add_column("validation", justify="right")
    table.add_column("test", justify="right")
    validation, test = (dict(_flattened(metrics[split])) for split in ("validation", "test"))
    for name, value in test.items():
        table.add_row(escape(name), _rounded(validation.get(name, "")), _rounded(value))
    table.add_section()
    table.add_row("train_seconds", "", str(metrics["train_seconds"]))
    table.add_row("peak_memory_mb", "", str(metrics["peak_memory_mb"]))
    return table


def _rounded(value):
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _scores(row):
    return [f"{row[name]:.4f}" for name in ("precision", "recall", "f1")]


def _described(name, spec):
    shape = ", ".join("any" if size is None else str(size) for size in spec.shape)
    return f"{name}: {spec.dtype.name} ({shape})"


def _flattened(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
