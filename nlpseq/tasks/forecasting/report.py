"""Prints what a forecaster was trained on, and its scores beside those of simple forecasts."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from nlpseq.errors import plural
from nlpseq.reporting import console
from nlpseq.tasks.forecasting.calibration import Calibration
from nlpseq.tasks.forecasting.evaluation import ForecastResult

FEW_WINDOWS = 10  # of validation, on which intervals are hardly measured
COLUMNS = {
    "mase": "MASE", "smape": "sMAPE", "mape": "MAPE", "rmse": "RMSE", "weighted_quantile_loss": "WQL",
    "coverage_80": "80 %", "coverage_95": "95 %",
}  # fmt: skip


def summary(data: Any) -> str:
    """The series of `ForecastingSeries` in a few words."""
    lengths = [len(part) for part in data.histories()]
    steps = f"steps of {data.frequency.name}" if data.frequency.unit else "steps without times"
    size = f"{min(lengths):,}" if min(lengths) == max(lengths) else f"{min(lengths):,} to {max(lengths):,}"
    covariates = [f"{name} (known ahead)" if name in data.known else name for name in data.table.covariates]
    shown = f"; covariates: {', '.join(covariates)}" if covariates else ""
    texts = f"; texts: {', '.join(data.table.statics)}" if data.table.statics else ""
    return f"{len(lengths):,} series of {size} {steps}{shown}{texts}"


def print_calibration(calibration: Calibration) -> None:
    """Prints what was fitted on validation windows in a line."""
    console.say(
        f"fitted on {plural(calibration.windows, 'validation window')}: {calibration.blend:.0%} of the network's "
        f"correction of the base forecast; outer interval holds {calibration.after:.1%}, before the correction "
        f"{calibration.before:.1%}"
    )
    if calibration.windows < FEW_WINDOWS:
        console.say(
            f"note: intervals follow {plural(calibration.windows, 'validation window')}, and may be far too narrow or "
            "too wide: longer series, or more of them, would tell"
        )


def print_forecasts(result: ForecastResult, data: Any) -> None:
    """Prints the scores on the test windows, those of simple forecasts below."""
    table = Table(title=escape(f"test windows of {data.title}"))
    table.add_column("forecast")
    for column in COLUMNS.values():
        table.add_column(column, justify="right")
    metrics = result.metrics
    rows = {"nlpseq": metrics, **metrics["rivals"]}
    for name, scores in rows.items():
        table.add_row(escape(name.replace("_", " ")), *(_cell(scores.get(column)) for column in COLUMNS))
    console.print_table(table)
    rivals = {name: scores["mase"] for name, scores in metrics["rivals"].items() if "mase" in scores}
    if "mase" in metrics and rivals:
        best = min(rivals, key=lambda name: rivals[name])
        ratio = metrics["mase"] / rivals[best]
        console.say(
            f"test MASE {metrics['mase']:.4f}, {ratio:.3f} times that of {best.replace('_', ' ')} "
            f"({rivals[best]:.4f}); {plural(len(result.windows), 'window')} of {plural(result.windows.horizon, 'step')}"
        )


def _cell(value):
    return "" if value is None else f"{value:.4g}" if abs(value) >= 1000 else f"{value:.4f}"
