"""The start and end of every recipe: settings from flags; metrics, plots and the export."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nlpseq.cli.automatic import parsed, shown
from nlpseq.cli.flags import check_filled, flags_of, one_sentence
from nlpseq.cli.guard import Terminated, check_utf8, guarded, unread_output
from nlpseq.cli.programs import keep_programs
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.data import files
from nlpseq.errors import InputError, Interrupted, WritingError
from nlpseq.paths import as_path
from nlpseq.reporting import say
from nlpseq.settings import Settings

if TYPE_CHECKING:
    from nlpseq.tasks.space import Dimension

Config = TypeVar("Config", bound=Settings)
program: str | None = None  # what the help calls the recipe; None for the path of its file
search: Any = None  # the `nlpseq.cli.search.Search` that runs the recipe, several times; None to run it once


@unread_output()
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

    start = time.perf_counter()
    arguments = sys.argv[1:]
    default = settings().replace(**preset_of(_flag("--dataset", arguments), presets or {}))
    with one_sentence(program or f"python {sys.argv[0]}", flags_of(default)):
        config = tyro.cli(
            settings,
            prog=program,
            default=shown(default),
            description=sys.modules[main.__module__].__doc__,
            config=(tyro.conf.OmitArgPrefixes,),
        )
    config = parsed(config)

    def action():
        check_utf8(arguments)
        check_filled(arguments, default.flat())
        config.check()
        _check_unread(config, arguments)
        say("starting TensorFlow")
        keep_programs()
        quiet_tensorflow(_join)
        from nlpseq.training import budget, workers

        budget.began = start
        with contextlib.suppress(workers.Done), _without_empty(config.flat().get("output", ".")), _continued(arguments):
            main(config) if search is None else search.run(main, config)

    status = guarded(action, config.flat())
    workers = sys.modules.get("nlpseq.training.workers")  # loaded by then, unless TensorFlow was not
    if status and workers is not None:
        workers.leave(status)
    sys.exit(status)


@contextlib.contextmanager
def _without_empty(output: str) -> Iterator[None]:
    """Folders that the block makes for the output do not stay if nothing is written to them."""
    folder = as_path(output)
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it is not empty
            for path in missing:
                path.rmdir()


@contextlib.contextmanager
def _continued(arguments: list[str]) -> Iterator[None]:
    """An interruption before or after the training says how to go on, as one within the training does."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as error:
        again = "the same command again" + (", but without --restart," if "--restart" in arguments else "")
        number = signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT
        raise Interrupted(f"outside the training: run {again} to continue.", number) from None


def _join():
    """Connects this process with the other workers, if there are any."""
    from nlpseq.training import workers

    team = workers.join()
    if team.count > 1:
        say(f"{team.count} workers train together")
        if search is not None:
            raise InputError("a search runs on one machine: start `nlpseq search` without TF_CONFIG.")


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

    if search is not None:
        _check_sources(config)
        return search.begin(config)
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
    if search is not None:
        return search.settings(config, choices, space or {})
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

    reporting.say("exporting")
    refused = None
    with naming_trained_model(checkpoints):
        try:
            path = serving.export(
                task,
                config.data.output,
                data=data,
                settings=config.flat(),
                metrics=metrics,
                draw=draw_all,
                formats=config.data.formats.split(","),
                quantize=config.data.quantize,
                examples=data.validation,
            )
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


def _check_unread(config, arguments):
    """Raises an `InputError` for a flag that another one replaces, even if it gives the default."""
    flags = {argument.partition("=")[0].replace("_", "-") for argument in arguments}
    for name, by in config.replaced().items():
        flag = name.replace("_", "-")
        if {f"--{flag}", f"--no-{flag}"} & flags:
            raise InputError(f"`{name}` is not read with `{by}`, which replaces it: leave out one of the two.")


def _flag(name, arguments):
    """The value of a flag, read before the command line is parsed; None if it is absent."""
    for index, argument in enumerate(arguments):
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None
