"""Trains a recurrent anomaly detector on numbers over time and exports it.

The recipe trains a network that predicts or reconstructs the numbers on your own tables, on a folder as of the
Numenta Anomaly Benchmark, or on a dataset of TensorFlow Datasets; chooses the threshold of alarms; evaluates, plots
and exports a SavedModel that reads a series step by step. Without flags it trains on nlpseq_sensors, generated
readings that ship with nlpseq and whose anomalies are in their order alone, in about a minute. Scores on real data:
recipes/README.md.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.anomalies.settings import AnomalySettings as Settings


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.anomalies import calibration, defaults, pictures, report

    checkpoints = begin(config, config.data.output)

    nlpseq.reporting.say(f"reading {config.data.dataset}")
    data = nlpseq.data.load_anomalies(
        config.data.dataset,
        time=config.data.time,
        values=config.data.values,
        label=config.data.label,
        training_share=config.data.training_share,
        **config.files.flat(),
        **config.splits.loading(),
    )
    nlpseq.reporting.print_data(data, nlpseq.reporting.listed(data.channels, "channels"))
    config = follow_data(config, defaults.choose(data), defaults.SPACE)
    scored = data.validation.after(config.model.warm_up)
    calibration.labels_decide(scored, config.alarms.threshold, config.alarms.false_alarms)

    with nlpseq.training.precision(config.training.mixed_precision):
        task = nlpseq.tasks.AnomalyDetector(data.channels, **config.model.flat())
    training = nlpseq.training.train(task, data.train, data.validation, config.training, checkpoints)
    report.print_calibration(task.calibrate(data.validation, config.alarms.threshold, config.alarms.false_alarms))

    nlpseq.reporting.say("evaluating on the validation and test splits")
    validation = nlpseq.evaluation.evaluate_detector(task, data.validation)
    test = nlpseq.evaluation.evaluate_detector(task, data.test, data.train, data.validation)
    report.print_anomalies(test, data)

    def draw(folder):
        pictures.draw(test, folder, data.channels, task.threshold, f"{data.title}, test")

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings)
