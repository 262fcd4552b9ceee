"""The command `nlpseq`: trains with a recipe, searches its settings, exports, predicts, describes, looks, serves."""

import contextlib
import importlib
import sys

from nlpseq import tasks
from nlpseq.cli import beam, export, launch, look, predict, prepare, search, serve, show, train
from nlpseq.cli.flags import Parser, any_text
from nlpseq.cli.guard import guarded, unread_output
from nlpseq.errors import InputError
from nlpseq.serving import Metadata, find_export
from nlpseq.tasks.answers import TABLES

EXPORT_HELP = "an export, e.g. saved_models/sentiment/1"
FILE_FLAGS = {
    "file": "file of inputs: a table, or a text with an input a line; its columns are kept in the output",
    "column": "column of the inputs, by name or number; of texts to classify several, as in training: title,body",
    **{option.name: option.help for option in TABLES},
    "output": ".csv, .tsv or .jsonl file to write; with `--file`, an interrupted run is continued",
}


@unread_output()
def main(arguments: list[str] | None = None) -> None:
    """Runs the command `nlpseq` and exits.

    Args:
        arguments: Command-line arguments. Default those of the process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] in (["train"], ["search"]):  # a recipe parses its own flags
        command = train if arguments[0] == "train" else search
        sys.exit(guarded(lambda: command.run(arguments[1:])))
    others = {"launch": launch, "beam": beam, "prepare": prepare}  # which leave flags to others
    if arguments[:1] and arguments[0] in others:
        command = others[arguments[0]]
        status: list[int] = []
        failed = guarded(lambda: status.append(command.run(arguments[1:])), command.NAMES)
        sys.exit(failed or status[0])
    if arguments[:1] == ["serve"]:  # its flags are the settings of the server
        serve.run(arguments[1:])
    options = _options(_kind(arguments))
    names = {option.name for group in options.values() for option in group}
    parser = _parser(options)
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.command == "predict" and not any(argument.startswith("-") for argument in rest):
        chosen.text = [*chosen.text, *rest]  # texts after an option
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if chosen.command == "predict":
        given = {name: getattr(chosen, name) for name in names - {*FILE_FLAGS} if getattr(chosen, name) is not None}
        files = {name: getattr(chosen, name) for name in FILE_FLAGS}
        action = lambda: predict.run(chosen.export, chosen.text, chosen.json, given, options, files)  # noqa: E731
    elif chosen.command == "export":
        action = lambda: export.run(chosen.path, chosen.output, chosen.to, chosen.quantize)  # noqa: E731
    elif chosen.command == "look":
        action = lambda: look.run(chosen.export, chosen.text, chosen.output, chosen.answer)  # noqa: E731
    else:
        action = lambda: show.run(chosen.export)  # noqa: E731
    sys.exit(guarded(action, {*names, *FILE_FLAGS, "to", "quantize", "answer"}))


def _kind(arguments):
    """The kind of task of the export among the arguments; None if there is none."""
    for argument in arguments:
        with contextlib.suppress(InputError):
            return Metadata.read(find_export(argument)).task
    return None


def _options(kind):
    """The options of `nlpseq predict` by kind of task, for kinds that have options; those of `kind` first."""
    packages = tasks.kinds()
    names = sorted(packages, key=lambda name: name != kind)
    kinds = {name: importlib.import_module(packages[name]).Answers.options for name in names}
    return {name: options for name, options in kinds.items() if options}


def _parser(options):
    parser = Parser("nlpseq", description="Train recurrent sequence models and use exported ones.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.type = any_text  # the parser of each command looks at its arguments
    commands.add_parser("train", help="train a model with a recipe and export it")
    commands.add_parser("search", help="search for better settings of a recipe on its validation split")
    commands.add_parser("launch", help="train with several workers on this machine")
    commands.add_parser("beam", help="answer the rows of a corpus with Apache Beam")
    commands.add_parser("prepare", help="vocabulary and ids of a corpus that does not fit in memory")
    command = commands.add_parser("predict", help="predict with an exported model")
    command.add_argument("export", help=EXPORT_HELP)
    texts = "inputs, or files of numbers or sound; default: standard input"
    command.add_argument("text", nargs="*", default=[], type=any_text, help=texts)
    command.add_argument("--json", action="store_true", help="print a JSON object for each input")
    for flag, text in FILE_FLAGS.items():
        command.add_argument(f"--{flag}", help=text)
    taken = {f"--{flag}" for flag in FILE_FLAGS}
    for kind, kind_options in options.items():
        group = command.add_argument_group(f"options for {kind.replace('_', ' ')} exports")
        for option in kind_options:
            _add_flag(group, option, taken)
    command = commands.add_parser("export", help="add formats to an export, or export an unfinished training")
    command.add_argument("path", help="an export, or a checkpoint, e.g. saved_models/sentiment/checkpoints")
    command.add_argument("--to", help="formats, separated by commas: litert, onnx")
    command.add_argument("--quantize", default="none", help="weights of litert: none (float32), float16 or int8")
    command.add_argument("--output", help="folder of the numbered exports of a checkpoint; default: of the training")
    commands.add_parser("serve", help="answer requests over HTTP, and show a page to try models")
    command = commands.add_parser("look", help="draw what leads to an answer, and the gates of a model")
    command.add_argument("export", help=EXPORT_HELP)
    command.add_argument("text", type=any_text, help="a text; for kinds that read files, a file of one example")
    command.add_argument("--output", default="look", help="folder of the pictures; default: look")
    command.add_argument("--answer", help="the answer to explain; default: that of the model")
    command = commands.add_parser("show", help="describe an exported model")
    command.add_argument("export", help=EXPORT_HELP)
    return parser


def _add_flag(group, option, taken):
    """Adds the flag of an option, unless an earlier kind has it: a flag has the type of the first."""
    flag = f"--{option.name.replace('_', '-')}"
    if flag in taken:
        group.description = f"{group.description or 'shared, see above:'} {flag}"
        return
    taken.add(flag)
    values = {"action": "store_const", "const": True} if option.type is bool else {"type": option.type}
    group.add_argument(flag, help=option.help, **values)
