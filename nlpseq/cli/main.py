"""The command `nlpseq`: trains with a recipe, searches its settings, exports, predicts, describes, looks, serves."""

import sys
from collections.abc import Callable, Collection
from typing import NamedTuple

from nlpseq.cli import beam, export, launch, look, predict_flags, prepare, search, serve, show, train
from nlpseq.cli.flags import Parser, any_text
from nlpseq.cli.guard import guarded, unread_output

POSITIONAL = {"command", "export_path", "path", "text", "texts", "options_by_kind"}  # parsed arguments without a flag


class Command(NamedTuple):
    """A command of `nlpseq`.

    Attributes:
        help: What it does, for the list of commands.
        run: Takes the arguments behind its name or, with `add_flags`, their values by name. Returns its exit status;
            None is 0.
        names: Arguments that its errors name and that are flags; those of `add_flags` are known.
        add_flags: Adds its arguments to a parser, given the whole command line. None for a command that parses its
            arguments by itself.
    """

    help: str
    run: Callable[..., int | None]
    names: Collection[str] = ()
    add_flags: Callable[[Parser, list[str]], None] | None = None


COMMANDS = {
    "train": Command("train a model with a recipe and export it", train.run),
    "search": Command("search for better settings of a recipe on its validation split", search.run),
    "launch": Command("train with several workers on this machine", launch.run, launch.NAMES),
    "beam": Command("answer the rows of a corpus with Apache Beam", beam.run, beam.NAMES),
    "prepare": Command("vocabulary and ids of a corpus that does not fit in memory", prepare.run, prepare.NAMES),
    "predict": Command("predict with an exported model", predict_flags.run, add_flags=predict_flags.add_flags),
    "export": Command(
        "add formats to an export, or export an unfinished training", export.run, add_flags=export.add_flags
    ),
    "serve": Command("answer requests over HTTP, and show a page to try models", serve.run, serve.NAMES),
    "look": Command("draw what leads to an answer, and the gates of a model", look.run, add_flags=look.add_flags),
    "show": Command("describe an exported model", show.run, add_flags=show.add_flags),
}


@unread_output()
def main(arguments: list[str] | None = None) -> None:
    """Runs the command `nlpseq` and exits.

    Args:
        arguments: Command-line arguments. Default those of the process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is not None and command.add_flags is None:
        sys.exit(guarded(lambda: command.run(arguments[1:]), command.names))
    values = _parsed(arguments)
    command = COMMANDS[values.pop("command")]
    sys.exit(guarded(lambda: command.run(**values), values.keys() - POSITIONAL))


def _parsed(arguments):
    """The command and its arguments by name."""
    parser = Parser("nlpseq", description="Train recurrent sequence models and use exported ones.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.type = any_text  # the parser of each command looks at its arguments
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help)
        if command.add_flags is not None and name in arguments:
            command.add_flags(subparser, arguments)
    chosen, rest = parser.parse_known_args(arguments)
    values = vars(chosen)
    if values["command"] == "predict" and not any(argument.startswith("-") for argument in rest):
        values["texts"] = [*values["texts"], *rest]  # texts after an option
    elif rest:
        commands.choices[values["command"]].error(f"unrecognized arguments: {' '.join(rest)}")
    return values
