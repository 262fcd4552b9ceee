"""The start and end of every recipe: settings from flags; metrics, plots and the export."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nlpseq.cli.guard import check_utf8, guarded
from nlpseq.cli.programs import keep_programs
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.data import files
from nlpseq.errors import WritingError
from nlpseq.reporting import say
from nlpseq.settings import Settings

program: str | None = None  # what the help calls the recipe; None for the path of its file


def run_recipe(
    main: Callable[[Any], object], settings: type[Settings], presets: Mapping[str, dict[str, Any]] | None = None
) -> None:
    """Runs `main(config)` with settings from the command line, and exits.

    Args:
        main: The recipe; the docstring of its module is the description in the help.
        settings: Settings class; flat names become flags, docstrings of attributes their help.
        presets: Default settings for specific datasets, by the name of the dataset.
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
        say("starting TensorFlow")
        keep_programs()
        quiet_tensorflow()
        main(config)

    sys.exit(guarded(action, config.flat()))


def begin(config: Any, output: str) -> Any:
    """Checks the output folder and fixes the random seed.

    Args:
        config: The settings of the recipe, with a group `training`.
        output: The output folder.

    Returns:
        The `nlpseq.training.Checkpoints` of the run, in the folder "checkpoints" of the output.

    Raises:
        InputError: The folder is not writable, or has checkpoints of a run with other settings.
    """
    from nlpseq import serving, training

    folder = serving.check_output(output)
    options = config.training
    training.set_seed(options.seed)
    return training.Checkpoints(
        folder / "checkpoints",
        minutes=options.checkpoint_minutes,
        settings=config.fixed(),
        restart=options.restart,
    )


def finish(
    task: Any,
    config: Any,
    data: Any,
    training: tuple[dict[str, list], float],
    validation: Any,
    test: Any,
    draw: Callable[[Path], None],
    checkpoints: Any,
) -> dict[str, Any]:
    """Exports a trained task with its metrics and plots, and prints the path.

    Args:
        task: `nlpseq.tasks.base.Task`.
        config: The settings of the recipe, with groups `data` and `training`.
        data: The dataset.
        training: History and seconds, as `nlpseq.training.train` returns them.
        validation, test: Results of the evaluation, with an attribute `metrics`.
        draw: Function that writes the plots of the kind of task to a folder; the plot of the
            training is added to them.
        checkpoints: Those of the run, which are removed after the export.

    Returns:
        The contents of `metrics.json`.
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

    reporting.say("exporting")
    with kept(checkpoints):
        path = serving.export(
            task, config.data.output, data=data, settings=config.flat(), metrics=metrics, draw=draw_all
        )
    checkpoints.clear()
    reporting.say(f"exported to {path}")
    return metrics


@contextlib.contextmanager
def kept(checkpoints: Any) -> Iterator[None]:
    """Adds to a `WritingError` in the block where the trained model is."""
    try:
        yield
    except WritingError as error:
        folder = checkpoints.folder.path
        raise WritingError(
            f"{str(error).rstrip('.')}; the trained model is in {folder}: run the same command again, or "
            f"`nlpseq export {folder}`."
        ) from error


def preset_of(dataset: str | None, presets: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The preset of a dataset.

    It is looked up by the full name, the last part of a path, and the name without configuration.
    Splits of TFDS are left out for the user's own files.
    """
    dataset = (dataset or "").partition(":")[0]  # without the version
    names = (dataset, dataset.rstrip("/").split("/")[-1], dataset.split("/")[0])
    preset = next((presets[name] for name in names if name in presets), {})
    is_path = files.is_path(dataset)
    return {name: value for name, value in preset.items() if not (is_path and name.endswith("_split"))}


def _flag(name, arguments):
    """The value of a flag, read before the command line is parsed; None if it is absent."""
    for index, argument in enumerate(arguments):
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None
