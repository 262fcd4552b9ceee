"""`nlpseq predict EXPORT --file a.csv --output b.csv`: the rows of a file with their answers, in a file.

A row without an answer has the reason in a column "error". Answers are kept in a file beside the output, a JSON object
a line, until all are there. An interrupted run finds them again; the output itself appears only when it is complete.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpseq.data import answer_rows
from nlpseq.data.files.columns import Role, find_columns, with_names
from nlpseq.data.files.contents import check_file, lines_of
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.paths import suffix_of
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table
from nlpseq.data.files.text_columns import TEXT_NAMES, joined_text, text_column, text_columns
from nlpseq.data.files.values import is_missing
from nlpseq.errors import ExampleError, InputError, some_of
from nlpseq.paths import as_path
from nlpseq.writing import write_file, writing

if TYPE_CHECKING:
    from nlpseq.serving import Export

UNFINISHED = ".unfinished"  # suffix of the answers of a run that is not complete
TEXTS = (*TEXT_NAMES, "source", "src")


def run(
    export: "Export",
    file: str,
    output: str,
    options: dict[str, Any],
    note: Callable[[str], None],
    column: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> None:
    """Writes the columns of a file, and the answers to the texts in one of them.

    Args:
        export: The export.
        file: Path of a table, or of a text with an input a line.
        output: Path of the file to write: `.csv`, `.tsv` or `.jsonl`.
        options: Of the kind of task, by name.
        note: Called with a sentence about each problem that stops nothing.
        column: Name or number of the column of the inputs, or several of them for kinds that join texts. Default a
            usual name, or the only column.
        delimiter, encoding: As of `read_table`.

    Raises:
        InputError: The file or the column cannot be read, or the output exists.
        WritingError: The output cannot be written; the answers so far are kept.
    """
    path = as_path(output)
    check_output(path, export.answers.suffixes)
    table, names = _inputs(export, read_table(as_path(file), delimiter, encoding), file, column)
    if table.note:
        note(table.note)
    cells = list(zip(*map(table.values, names)))
    texts = [joined_text(values, names, table.where(row)) for row, values in enumerate(cells)]
    unfinished = path.with_name(path.name + UNFINISHED)
    with writing(f"the answers to {unfinished}"):
        answers = _answers(export, texts, unfinished, options)
    for row, values in enumerate(cells):
        if all(map(is_missing, values)):
            answers[row] = {next(iter(answers[row])): "", "error": "the row has no text"}
    rows = _rows(table, answers, path, export.answers.separator)
    with writing(f"{path}; the answers are in {unfinished}: run the command again"):
        write_file(path, (part.encode("utf-8", "replace") for part in rows))
        unfinished.unlink()
    if without := [row for row, answer in enumerate(answers) if "error" in answer]:
        note(
            f"{file}: {some_of(len(without), len(table), 'row', 'has', 'have')} no answer, {table.places(without)}: "
            "the column error has the reason"
        )


def check_output(path: Path, suffixes: Sequence[str]) -> None:
    """Raises an `InputError` if a file cannot be written: it exists, or has none of the suffixes."""
    if path.suffix.lower() not in suffixes:
        raise InputError(f"`output` must end in {', '.join(suffixes)}, got {path}.")
    if os.path.lexists(path):
        raise InputError(f"`output` {path} exists: remove it, or choose another name.")
    if not os.path.isdir(path.parent):
        raise InputError(f"the folder of `output` {path} does not exist: make it first.")


def _inputs(export, content, file, column) -> tuple[Table, tuple[str, ...]]:
    """The table in the content of a file, and the names of its columns of inputs, several of which are joined."""
    if isinstance(content, str):
        content = columns_table(file, {export.answers.input_name: lines_of(content) if content else []}, "line")
    role = Role("column", TEXTS)
    chosen = str(column).split(",") if column and export.answers.joins_columns else [column]
    table = with_names(content, (role,), {"column": chosen[0]})
    if column in table.names:
        chosen = [column]
    elif not column and table.header and export.answers.joins_columns:
        chosen = text_columns(table.names) or chosen
    columns = [find_columns(table, (role,), {"column": name}, text_column) for name in chosen]
    return columns[0][0], tuple(names["column"] for _, names in columns)


def _answers(export, texts: Sequence[str], unfinished: Path, options) -> list[dict[str, Any]]:
    """The answers to all texts; those that an earlier run left are read, the others are added to its file."""
    from nlpseq.training.fingerprint import fingerprint

    run_of = {"texts": fingerprint(texts), "export": str(export.path.resolve()), "options": options}
    answers, size = _left(unfinished, run_of)
    with open(unfinished, "r+b" if size else "wb") as file:
        file.truncate(size)
        file.seek(size)
        if not size:
            file.write(_line(run_of))
        for batch in _batches(export, texts, len(answers)):
            lines: list[str] = []
            with contextlib.suppress(ExampleError):  # the reasons are among the lines
                export.answers.respond(export, [batch], lines.append, lambda line: None, True, **options)
            added = [json.loads(line) for line in "".join(lines).split("\n") if line]
            file.write(b"".join(map(_line, added)))
            file.flush()
            answers += added
    return answers


def _batches(export, texts, start) -> Iterator[list]:
    """Batches of examples after `start`, with a progress bar on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    size = export.answers.batch_size
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("predicting", total=len(texts), completed=start)
        for first in range(start, len(texts), size):
            yield [export.answers.parse(text) for text in texts[first : first + size]]
            progress.update(bar, advance=size)


def _left(unfinished, run_of):
    """The answers of an earlier run, and the bytes that they take with the line about that run; none without one."""
    if not os.path.lexists(unfinished):
        return [], 0
    check_file(unfinished)
    whole = unfinished.read_bytes()
    lines = whole[: whole.rfind(b"\n") + 1].splitlines(keepends=True)  # the last one may be cut
    if not lines:
        return [], 0
    try:
        first, *answers = map(json.loads, lines)
    except (ValueError, RecursionError):
        raise InputError(f"{unfinished} is damaged: remove it.") from None
    if first != run_of:
        raise InputError(
            f"{unfinished} has the answers of a run with another file, export or options: finish it, or remove it."
        )
    return answers, sum(map(len, lines))


def _line(values):
    return json.dumps(values).encode() + b"\n"


def _rows(table: Table, answers: list[dict[str, Any]], path: Path, separator: str) -> Iterator[str]:
    """The lines of the output."""
    columns = [table.values(name) for name in table.names]
    inputs = [dict(zip(table.names, row)) for row in zip(*columns)]
    repeated = next(iter(answers[0])) if answers else ""  # the first value of an answer is the input
    rows = [
        answer_rows.with_answer(row, {name: value for name, value in answer.items() if name != repeated})
        for row, answer in zip(inputs, answers)
    ]
    if suffix_of(path) == ".jsonl":
        yield from (answer_rows.json_text(row) + "\n" for row in rows)
        return
    flat = [dict(answer_rows.cells(row, separator)) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row)) or [*map(str, table.names)]
    write = answer_rows.tab_separated if suffix_of(path) == ".tsv" else answer_rows.comma_separated
    for texts in (names, *([row.get(name, "") for name in names] for row in flat)):
        yield write(texts)
