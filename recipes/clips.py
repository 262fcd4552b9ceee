"""Trains a recurrent classifier of sequences of vectors or pictures and exports it.

The recipe trains on a dataset of TensorFlow Datasets or on your own files (series of sensors, pen strokes, skeletons,
films), evaluates, plots and exports a SavedModel. Without flags it trains on nlpseq_motion, generated clips of small
moving shapes that ship with nlpseq, whose class is what happens over time: test accuracy 0.97 or more in about two
minutes; a model that does not know the order of the frames, trained beside it, gets 0.5. Scores on real data:
recipes/README.md.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.clips.settings import ClipSettings as Settings


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.clips import bag, defaults, pictures, report

    checkpoints = begin(config, config.data.output)

    nlpseq.reporting.say(f"reading {config.data.dataset}")
    data = nlpseq.data.load_clips(
        config.data.dataset,
        seed=config.training.seed,
        **config.reading.flat(),
        **config.files.flat(),
        **config.splits.loading(),
    )
    nlpseq.reporting.print_data(data, report.summary(data))
    config = follow_data(config, defaults.choose(defaults.profile(data)), defaults.SPACE)

    with nlpseq.training.precision(config.training.mixed_precision):
        task = nlpseq.tasks.SequenceClassifier(
            data.labels, frame=data.train.frame, per_frame=data.per_frame, reading=data.reading, **config.model.flat()
        )
    task.adapt(data.train)
    training = nlpseq.training.train(task, data.train, data.validation, config.training, checkpoints)
    if config.comparison.calibration != "none":
        report.print_calibration(task.calibrate(data.validation), data.per_frame)

    nlpseq.reporting.say("evaluating on the validation and test splits")
    validation = nlpseq.evaluation.evaluate_sequences(task, data.validation)
    test = nlpseq.evaluation.evaluate_sequences(task, data.test)
    report.print_sequences(test, data)
    if config.comparison.bag_of_frames == "yes":
        test.metrics["bag_of_frames_accuracy"] = bag.accuracy_without_order(task, data, config.training)
        report.print_comparison(test.metrics["accuracy"], test.metrics["bag_of_frames_accuracy"])

    def draw(folder):
        pictures.draw(test, folder, f"{data.title}, test")

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings)
