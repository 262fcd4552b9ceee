"""`nlpseq serve EXPORT [EXPORT ...]`: answers requests over HTTP."""

import importlib.util
from dataclasses import dataclass
from typing import Annotated

from nlpseq.cli.flags import check_filled, flags_of, one_sentence
from nlpseq.cli.guard import check_utf8
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import InputError
from nlpseq.serving import find_export
from nlpseq.serving.server.listening import bind
from nlpseq.serving.server.paths import split_name
from nlpseq.serving.server.settings import ServerSettings

EXTRA = ("starlette", "uvicorn", "httptools", "prometheus_client")
NAMES = ServerSettings().flat()  # arguments that errors name


def run(arguments: list[str]) -> None:
    """Serves exports until a signal ends it.

    Args:
        arguments: Command-line arguments after `nlpseq serve`.
    """
    import tyro

    @dataclass(frozen=True)
    class Arguments(ServerSettings):
        exports: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
        """Folders of numbered versions, whose newest is served, or of one version; NAME=FOLDER names a model."""

    with one_sentence("nlpseq serve", flags_of(ServerSettings())):
        chosen = tyro.cli(Arguments, prog="nlpseq serve", args=_exports_first(arguments), description=__doc__)
    settings = ServerSettings(**{name: getattr(chosen, name) for name in ServerSettings().flat()})
    _serve(list(chosen.exports), settings, arguments)


def _exports_first(arguments):
    """The arguments with all exports before the flags, each of which has a value."""
    exports, flags, left = [], [], iter(arguments)
    for argument in left:
        if not argument.startswith("-"):
            exports.append(argument)
            continue
        flags.append(argument)
        if "=" not in argument:
            flags += [value for value in [next(left, None)] if value is not None]
    return [*exports, *flags]


def _serve(exports, settings, arguments):
    check_utf8(arguments)
    check_filled(arguments, {})
    settings.check()
    if not exports:
        raise InputError("expected an export after `nlpseq serve`, e.g. saved_models/sentiment.")
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"the server needs {missing[0]}: install nlpseq[serve].")
    for text in exports:
        find_export(split_name(text)[1])
    listener = bind(settings.host, settings.port)
    quiet_tensorflow()
    from nlpseq.serving.server import serve

    serve(exports, settings, listener)
