"""How every recipe ends: figures, pictures, and the export."""

import dataclasses

from nlpseq import reporting
from nlpseq.reporting import pictures
from nlpseq.serving.export import export


def finish(task, config, data, training, validation, test, draw):
    """Exports a trained task with its figures and pictures, and says where.

    Args:
        task: a model of `nlpseq.tasks`.
        config: the settings of the recipe.
        data: the dataset.
        training: history and seconds, as `nlpseq.training.train` returns them.
        validation, test: results of `nlpseq.evaluation`.
        draw: function that draws the pictures of the task into a folder, beside that
            of the training.

    Returns:
        The metrics, as in `metrics.json`.
    """
    history, seconds = training
    metrics = {
        "validation": validation.metrics,
        "test": test.metrics,
        "train_seconds": round(seconds, 1),
        "peak_memory_mb": reporting.peak_memory_mb(),
    }

    def draw_all(folder):
        path = folder / "training.png"
        pictures.plot_training(history, path, data.title, task.metric, task.metric_mode, config.validations)
        draw(folder)

    settings = dataclasses.asdict(config)
    path = export(task, config.output, data=data, settings=settings, metrics=metrics, draw=draw_all)
    reporting.say(f"exported to {path}")
    return metrics
