"""The arguments of `nlpseq predict`: those of all exports, and the options of each kind of task."""

import contextlib
import importlib
from typing import Any

from nlpseq import tasks
from nlpseq.cli import predict
from nlpseq.cli.flags import Parser, any_text
from nlpseq.errors import InputError
from nlpseq.serving import Metadata, find_export
from nlpseq.tasks.answers import TABLES

EXPORT = "an export, e.g. saved_models/sentiment/1"
FILES = {
    "file": "file of inputs: a table, or a text with an input a line; its columns are kept in the output",
    "column": "column of the inputs, by name or number; of texts to classify several, as in training: title,body",
    **{option.name: option.help for option in TABLES},
    "output": ".csv, .tsv or .jsonl file to write; with `--file`, an interrupted run is continued",
}


def add_flags(parser: Parser, arguments: list[str]) -> None:
    """Adds the arguments to a parser; the options of the kind of the export among `arguments` stand first."""
    parser.add_argument("export_path", metavar="export", help=EXPORT)
    texts = "inputs, or files of numbers or sound; default: standard input"
    parser.add_argument("texts", metavar="text", nargs="*", default=[], type=any_text, help=texts)
    parser.add_argument("--json", action="store_true", help="print a JSON object for each input")
    for flag, text in FILES.items():
        parser.add_argument(f"--{flag}", help=text)
    used = {f"--{flag}" for flag in FILES}
    options_by_kind = _options(_kind(arguments))
    for kind, options in options_by_kind.items():
        group = parser.add_argument_group(f"options for {kind.replace('_', ' ')} exports")
        for option in options:
            _add_flag(group, option, used)
    parser.set_defaults(options_by_kind=options_by_kind)


def run(export_path: str, texts: list[str], json: bool, options_by_kind: dict[str, tuple], **values: Any) -> None:
    """Runs `nlpseq.cli.predict.run` with parsed arguments."""
    files = {name: values.pop(name) for name in FILES}
    options = {name: value for name, value in values.items() if value is not None}
    predict.run(export_path, texts, json, options, options_by_kind, files)


def _kind(arguments):
    """The kind of task of the export among the arguments; None if there is none."""
    for argument in arguments:
        with contextlib.suppress(InputError):
            return Metadata.read(find_export(argument)).task
    return None


def _options(kind):
    """The options by kind of task, for kinds that have options; those of `kind` first."""
    packages = tasks.kinds()
    names = sorted(packages, key=lambda name: name != kind)
    kinds = {name: importlib.import_module(packages[name]).Answers.options for name in names}
    return {name: options for name, options in kinds.items() if options}


def _add_flag(group, option, used):
    """Adds the flag of an option, unless an earlier kind has it: a flag has the type of the first."""
    flag = f"--{option.name.replace('_', '-')}"
    if flag in used:
        group.description = f"{group.description or 'shared, see above:'} {flag}"
        return
    used.add(flag)
    values = {"action": "store_const", "const": True} if option.type is bool else {"type": option.type}
    group.add_argument(flag, help=option.help, **values)
