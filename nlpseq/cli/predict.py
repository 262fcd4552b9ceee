"""`nlpseq predict`: predictions of an export for arguments, or for the lines of standard input."""

import os
import sys
from typing import TYPE_CHECKING, Any

from nlpseq import writing
from nlpseq.cli import predict_file
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import ExampleError, InputError, shorten
from nlpseq.paths import as_path
from nlpseq.tasks.answers import TABLES

if TYPE_CHECKING:
    from nlpseq.serving import Export


def run(
    export_path: str,
    texts: list[str],
    as_json: bool,
    options: dict[str, Any],
    options_by_kind: dict[str, tuple],
    files: dict[str, Any],
) -> None:
    """Prints the predictions, or writes them to a file.

    Args:
        export_path: Path of the export.
        texts: Inputs, or paths of files for kinds that read files; if empty, standard input is read.
        as_json: Whether to print a JSON object per line.
        options: The options of the kind of task that were given, by name.
        options_by_kind: All options of every kind.
        files: Values of "file", "output", "column", "delimiter" and "encoding", as of `predict_file.run`; None where
            they are not given.

    Raises:
        InputError: there is no export; an option belongs to another kind; an input is not valid.
    """
    from nlpseq.serving import Export

    export = Export(export_path)
    if export.answers.files:
        options = {**options, **{option.name: value for option in TABLES if (value := files.pop(option.name))}}
    allowed = {option.name for option in export.answers.options}
    for name in options:
        if name not in allowed:
            kinds = [kind for kind, group in options_by_kind.items() if name in {option.name for option in group}]
            raise InputError(
                f"`{name}` is an option for exports of the kind {' or '.join(kinds)}, but {export.path} is of the kind "
                f"{export.metadata.task}: leave it out."
            )
    if export.answers.files:
        _answer_files(export, texts, as_json, options, files)
    elif any(files.values()):
        _check_files(texts, as_json, **files)
        quiet_tensorflow()
        predict_file.run(export, options=options, note=_note, **files)
    else:
        for text in texts:
            if os.path.exists(text):
                kind = "folder" if os.path.isdir(text) else "file"
                _note(f"{shorten(text)} is the name of a {kind}, and is taken as a text: use --file to read a file")
        _answer(export, texts, _write, as_json, options)


def _answer(export, arguments, write, as_json, options):
    quiet_tensorflow()
    batches = export.answers.batches(arguments, sys.stdin.buffer, sys.stdin.isatty(), **options)
    export.answers.respond(export, batches, write, _note, as_json, **options)


def _answer_files(export: "Export", paths: list[str], as_json: bool, options: dict[str, Any], files) -> None:
    """The answers to files, printed or written to `output`."""
    if files["file"] or files["column"]:
        raise InputError(
            f"exports of the kind {export.metadata.task} read files given as arguments: leave out `file` and `column`."
        )
    if not files["output"]:
        _answer(export, paths, _write, as_json, options)
        return
    path = as_path(files["output"])
    predict_file.check_output(path, export.answers.suffixes)
    parts: list[str] = []
    failed = None
    try:
        _answer(export, paths, parts.append, as_json or path.suffix.lower() == ".jsonl", options)
    except ExampleError as error:  # all others are answered
        failed = error
    with writing.writing(f"the answers to {path}"):
        writing.write_file(path, (part.encode("utf-8", "replace") for part in parts))
    if failed is not None:
        raise failed


def _check_files(texts, as_json, file, output, **_):
    if not file or not output:
        raise InputError("`file` and `output` must be given together.")
    if texts or as_json:
        raise InputError("`file` replaces texts as arguments, and `output` decides the format: leave out the others.")


def _write(text):
    print(text, end="", flush=True)


def _note(line):
    print(f"note: {line}", file=sys.stderr)
