"""Trains a recurrent forecaster of many series of numbers and exports it.

The recipe reads series from a file (CSV, Parquet or JSON lines; a row for each time, or a column or a row for each
series), from a folder with train and test files, or from a dataset of TensorFlow Datasets. It trains one model of all
series, tests it on the last windows beside the naive and seasonal naive forecasts, plots and exports a SavedModel that
takes raw numbers. Without flags it trains on nlpseq_series, generated series that ship with nlpseq: test MASE below 0.7
of that of the seasonal naive forecast in about a minute and 1.2 GB of memory. Scores on real data: recipes/README.md.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.forecasting.settings import ForecastingSettings as Settings


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.forecasting import calibration, defaults, pictures, report

    checkpoints = begin(config, config.data.output)

    nlpseq.reporting.say(f"reading {config.data.dataset}")
    series = nlpseq.data.load_series(config.data.dataset, **config.reading())
    nlpseq.reporting.say(report.summary(series))
    profile = defaults.profile(series)
    config = follow_data(config, defaults.choose(profile, config.series), defaults.SPACE)
    data = series.split(config.series.horizon, config.series.windows, config.series.season, config.series.context)
    nlpseq.reporting.print_data(data, f"horizon {config.series.horizon}")
    preprocessor = defaults.describe(data, config, profile)

    def make():
        with nlpseq.training.precision(config.training.mixed_precision):
            return nlpseq.tasks.Forecaster(preprocessor, **config.model.flat())

    task, training = nlpseq.training.train_members(
        make, config.networks.ensemble, data.train, data.validation, config.training, checkpoints
    )
    report.print_calibration(calibration.calibrate(task, data.validation, config.intervals.conformal))

    nlpseq.reporting.say("evaluating on the validation and test windows")
    validation = nlpseq.evaluation.evaluate_forecaster(task, data.validation)
    test = nlpseq.evaluation.evaluate_forecaster(task, data.test)
    report.print_forecasts(test, data)

    def draw(folder):
        pictures.draw(test, folder, f"{data.title}, test")

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings)
