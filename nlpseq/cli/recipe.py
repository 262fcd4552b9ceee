"""How every recipe begins and ends: settings from flags; figures, pictures and the export."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nlpseq.cli.guard import check_utf8, guarded
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.settings import Settings

program: str | None = None  # what the help calls the recipe; None for the path of its file


def run_recipe(
    main: Callable[[Any], object], settings: type[Settings], presets: Mapping[str, dict[str, Any]] | None = None
) -> None:
    """Runs `main(config)` with settings from the command line, and exits.

    Args:
        main: the recipe; the docstring of its module is the description in the help.
        settings: class of the settings; their flat names are flags, their docstrings help.
        presets: for some datasets, the settings that are their defaults.
    """
    import tyro

    arguments = sys.argv[1:]
    default = settings().replace(**preset_of(_flag("--dataset", arguments), presets or {}))
    config = tyro.cli(
        settings,
        prog=program,
        default=default,
        description=sys.modules[main.__module__].__doc__,
        config=(tyro.conf.OmitArgPrefixes,),
    )

    def action():
        check_utf8(arguments)
        config.check()
        quiet_tensorflow()
        main(config)

    sys.exit(guarded(action, config.flat()))


def finish(
    task: Any,
    config: Settings,
    data: Any,
    training: tuple[dict[str, list], float],
    validation: Any,
    test: Any,
    draw: Callable[[Path], None],
) -> dict[str, Any]:
    """Exports a trained task with its figures and pictures, and says where.

    Args:
        task: a `nlpseq.tasks.base.Task`.
        config: the settings of the recipe, with groups `data` and `training`.
        data: the dataset.
        training: history and seconds, as `nlpseq.training.train` returns them.
        validation, test: results of the kind's evaluation, with `metrics`.
        draw: function that draws the pictures of the kind into a folder, beside that
            of the training.

    Returns:
        The metrics, as in `metrics.json`.
    """
    from nlpseq import reporting, serving

    history, seconds = training
    metrics = {
        "validation": validation.metrics,
        "test": test.metrics,
        "train_seconds": round(seconds, 1),
        "peak_memory_mb": reporting.peak_memory_mb(),
    }

    def draw_all(folder):
        path, per_epoch = folder / "training.png", config.training.validations
        reporting.plot_training(history, path, data.title, task.metric, task.metric_mode, per_epoch)
        draw(folder)

    path = serving.export(task, config.data.output, data=data, settings=config.flat(), metrics=metrics, draw=draw_all)
    reporting.say(f"exported to {path}")
    return metrics


def preset_of(dataset: str | None, presets: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The preset of a dataset: by its whole name, the last part of a path, or without configuration.

    The user's own files have no splits to name.
    """
    dataset = (dataset or "").partition(":")[0]  # without the version
    names = (dataset, dataset.rstrip("/").split("/")[-1], dataset.split("/")[0])
    preset = next((presets[name] for name in names if name in presets), {})
    is_path = dataset.startswith((".", "/", "~")) or os.path.exists(dataset)
    return {name: value for name, value in preset.items() if not (is_path and name.endswith("_split"))}


def _flag(name, arguments):
    """The value of a flag, read ahead of the others; None where it is absent."""
    for index, argument in enumerate(arguments):
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None
