"""`nlpseq predict`: predictions of an export for arguments, or for the lines of standard input."""

import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from nlpseq.cli import predict_file
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import InputError, shorten


def run(
    export_path: str,
    texts: list[str],
    as_json: bool,
    options: dict[str, Any],
    options_by_kind: dict[str, tuple],
    files: dict[str, str | None],
) -> None:
    """Prints the predictions, or writes them to a file.

    Args:
        export_path: Path of the export.
        texts: Inputs; if empty, the lines of standard input.
        as_json: Whether to print a JSON object per line.
        options: The options of the kind of task that were given, by name.
        options_by_kind: All options of every kind.
        files: Values of "file", "column" and "output", as of `predict_file.run`; None where they are not given.

    Raises:
        InputError: there is no export; an option belongs to another kind; an input is not valid.
    """
    from nlpseq.serving import Export

    export = Export(export_path)
    known = {option.name for option in export.answers.options}
    for name in options:
        if name not in known:
            kinds = [kind for kind, group in options_by_kind.items() if name in {option.name for option in group}]
            raise InputError(
                f"`{name}` is an option for exports of the kind {' or '.join(kinds)}, but {export.path} is of the kind "
                f"{export.metadata.task}: leave it out."
            )
    if any(files.values()):
        _check_files(texts, as_json, **files)
        quiet_tensorflow()
        predict_file.run(export, files["file"] or "", files["column"], files["output"] or "", options)
        return
    for text in texts:
        if os.path.isfile(text):
            _note(f"{shorten(text)} is the name of a file, and is taken as a text: use --file to read the file")
    quiet_tensorflow()
    lines = [os.fsencode(text).decode("utf-8", "replace") for text in texts] or _standard_input()
    # Input typed at a terminal is answered line by line.
    size = export.answers.batch_size if texts or not sys.stdin.isatty() else 1
    batches = _batches(map(export.answers.parse, lines), size)
    export.answers.respond(export, batches, _write, _note, as_json, **options)


def _check_files(texts, as_json, file, column, output):
    if not file or not output:
        raise InputError("`file` and `output` belong together: give both.")
    if texts or as_json:
        raise InputError("`file` replaces texts as arguments, and `output` decides the format: leave out the others.")


def _write(text):
    print(text, end="", flush=True)


def _note(line):
    print(f"note: {line}", file=sys.stderr)


def _standard_input() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.rstrip(b"\r\n").decode("utf-8", "replace")


def _batches(items: Iterable, size: int) -> Iterator[list]:
    """Lists of up to `size` items."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
