"""What every recipe does beside its own: its start, the defaults that follow the data, and its end with the export."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nlpseq.cli import recipe
from nlpseq.errors import WritingError
from nlpseq.paths import as_path
from nlpseq.settings import Settings

if TYPE_CHECKING:
    from nlpseq.tasks.space import Dimension

Config = TypeVar("Config", bound=Settings)


def begin(config: Any, output: str) -> Any:
    """Checks the output folder and fixes the random seed.

    Args:
        config: The settings of the recipe, with a group `training`.
        output: The output folder.

    Returns:
        The `nlpseq.training.Checkpoints` of the run, in the folder "checkpoints" of the output; None in a search.

    Raises:
        InputError: A format is unknown or its packages are missing; the folder is not writable, or has checkpoints of
            a run with other settings.
    """
    from nlpseq import serving, training
    from nlpseq.training import workers

    if recipe.search is not None:
        _check_sources(config)
        return recipe.search.begin(config)
    if hasattr(config, "data"):  # else there is no export
        serving.check_formats(config.data.formats.split(","), config.data.quantize)
    folder = serving.check_output(output)
    options = config.training
    training.set_seed(options.seed)
    checkpoints = training.Checkpoints(
        folder / "checkpoints",
        minutes=options.checkpoint_minutes,
        settings=config.fixed(),
        restart=options.restart,
    )
    if checkpoints.position is None:
        _check_sources(config)
    checkpoints.details["run"] = config.flat()
    if checkpoints.trained is not None:
        if not workers.current().is_chief:
            raise workers.Done
        workers.dismiss()
    return checkpoints


def _check_sources(config):
    """Raises an `InputError` if a file is missing that training reads at its start, after the data."""
    from nlpseq.data.files.contents import regular_size
    from nlpseq.tasks.pretraining import OWN
    from nlpseq.training.transfer import check_task

    values = config.flat()
    if values.get("init_from") is not None:
        check_task(values["init_from"])
    for file in values.get("pretrain", ()):
        if file != OWN:
            regular_size(as_path(file))


def follow_data(config: Config, choices: Mapping[str, Any], space: "Mapping[str, Dimension] | None" = None) -> Config:
    """The settings, with those that the user has left open as chosen for the data; prints them in a line.

    Args:
        config: The settings of the recipe.
        choices: Values by flat name, as of `choose` in `nlpseq/tasks/<kind>/defaults.py`.
        space: What `nlpseq search` tries beside them, by flat name, as of `SPACE` there. Default nothing.
    """
    from nlpseq import reporting

    unread = config.replaced()
    choices = {name: value for name, value in choices.items() if name not in unread}
    if recipe.search is not None:
        return recipe.search.settings(config, choices, space or {})
    derived = {name: value for name, value in choices.items() if config.flat()[name] is None}
    if derived:
        listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in derived.items())
        reporting.say(f"chosen for these data: {listed}")
    return config.filled(derived)


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

    Raises:
        FormatError: a format cannot be made, or disagrees; all else is exported.
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

    formats = {"formats": config.data.formats.split(","), "quantize": config.data.quantize}
    contents = {"data": data, "settings": config.flat(), "metrics": metrics, "examples": data.validation}
    reporting.say("exporting")
    refused = None
    with naming_trained_model(checkpoints):
        try:
            path = serving.export(task, config.data.output, draw=draw_all, **contents, **formats)
        except serving.FormatError as error:
            path, refused = error.path, error
    checkpoints.clear()
    reporting.say(f"exported to {path}")
    if refused is not None:
        raise refused
    return metrics


@contextlib.contextmanager
def naming_trained_model(checkpoints: Any) -> Iterator[None]:
    """Says where the trained model is if the block fails."""
    folder = checkpoints.folder.path
    where = f"the trained model is in {folder}: run {checkpoints.again} or `nlpseq export {folder}`."
    if not checkpoints.is_kept:
        where = f"the trained model could not be written to {folder} either: make space, and run {checkpoints.again}."
    try:
        yield
    except WritingError as error:
        raise WritingError(f"{str(error).rstrip('.')}; {where}") from error
    except Exception:
        print(where, file=sys.stderr)
        raise
