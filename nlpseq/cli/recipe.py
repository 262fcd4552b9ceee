"""A recipe as a command: its settings from flags, and how it ends."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nlpseq.cli.automatic import parsed, shown
from nlpseq.cli.flags import check_filled, flags_of, one_sentence
from nlpseq.cli.guard import Terminated, check_utf8, guarded, unread_output
from nlpseq.cli.programs import keep_programs
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.data import files
from nlpseq.errors import InputError, Interrupted
from nlpseq.paths import as_path
from nlpseq.reporting import say
from nlpseq.settings import Settings

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
