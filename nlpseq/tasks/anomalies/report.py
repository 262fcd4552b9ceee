"""Prints the evaluation of a detector."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nlpseq.reporting import console
from nlpseq.tasks.anomalies.evaluation import AnomalyResult

if TYPE_CHECKING:
    from nlpseq.tasks.anomalies.calibration import Calibration
    from nlpseq.tasks.anomalies.data import AnomalySeries

COLUMNS = {
    "event F1": "event_f1",
    "precision": "event_precision",
    "recall": "event_recall",
    "VUS-PR": "vus_pr",
    "NAB": "nab_standard",
    "alarms": "alarms",
}
NAMES = {"z_score": "rolling z-score", "pca": "PCA of windows", "random": "random scores"}


def print_calibration(calibration: "Calibration") -> None:
    """Prints in a line what was chosen on the validation split."""
    method = f"by labels, event F1 {calibration.f1:.4f}" if calibration.by_labels else "without labels"
    counts = ", ".join(calibration.evidence)
    console.say(f"an alarm is a score of {calibration.threshold:.4g} or more, chosen {method}; what counts: {counts}")


def print_anomalies(result: AnomalyResult, data: "AnomalySeries") -> None:
    """Prints a table of the scores on the test split, with a row for the detector and each rival."""
    metrics = result.metrics
    table = Table("", title=escape(f"test split of {data.title}"))
    columns = {title: name for title, name in COLUMNS.items() if name in metrics}
    for title in columns:
        table.add_column(title, justify="right")
    rows = {"detector": metrics, **{NAMES[name]: row for name, row in metrics.get("rivals", {}).items()}}
    for name, row in rows.items():
        table.add_row(name, *(_shown(key, row[key]) for key in columns.values()))
    console.print_table(table)
    if "nab_standard" in metrics:
        others = ", ".join(f"{name} {metrics[f'nab_{name}']:.1f}" for name in ("reward_low_FP", "reward_low_FN"))
        console.say(
            f"NAB with the profile standard {metrics['nab_standard']:.1f}, {others}, each at its best threshold"
        )
    console.say(f"{metrics['alarms']:,} alarms, {metrics['alarms_per_1000']:.2f} in 1,000 steps")


def _shown(name, value):
    if name == "alarms":
        return f"{value:,}"
    return f"{value:.1f}" if name.startswith("nab") else f"{value:.4f}"
