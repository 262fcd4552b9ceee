"""Labels in files of their own: one for each step, or the sequences of NASA's telemanom."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.arrays import SUFFIXES as ARRAYS
from nlpseq.data.files.arrays import load_array
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.header import with_header
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.anomalies.interval_files import Reader
from nlpseq.tasks.anomalies.labels import LABEL, as_labels
from nlpseq.tasks.anomalies.names import as_x, split_in, words_of
from nlpseq.tasks.anomalies.recordings import Recording, united, windows_of

MARKS = frozenset(("label", "labels"))  # words in the names of files of labels
SEQUENCES = "labeled_anomalies.csv"  # of NASA's telemanom
Splits = Mapping[str, Sequence[Recording]]


def with_marks(
    splits: Splits, files: Sequence[Path], folder: Path, read_table: Reader
) -> tuple[dict[str, list[Recording]], list[str]]:
    """The recordings with the labels of files, and a note on files that belong to none.

    The path of such a file is that of a recording but for the word "label", or has the same name in another folder;
    "labels.npy" is that of the only one that is tested.

    Raises:
        InputError: there are more or fewer labels than steps.
    """
    result, unused = {split: list(items) for split, items in splits.items()}, []
    for file in files:
        owner = _owner(result, file.relative_to(folder))
        if owner is None:
            unused.append(file)
            continue
        split, place = owner
        result[split][place] = _labelled(result[split][place], file, read_table)
    if not unused:
        return result, []
    are = plural(len(unused), "file of labels is that of no recording", "files of labels are those of no recording")
    return result, [f"{are}, and not used; the first: {unused[0]}"]


def _owner(splits, file):
    """The split and place of the recording that a file of labels belongs to, None if none or several may be it."""
    words, split = words_of(file, MARKS), split_in(file)
    places = [(part, place) for part, items in splits.items() for place in range(len(items))]
    names = {(part, place): splits[part][place].name for part, place in places}
    same = [key for key in places if words_of(names[key], MARKS) in (words, as_x(words))]
    others = [(part, place) for part, place in places if splits[part][place].windows is None]
    if not same and words:
        own, parts = words_of(file.name, MARKS), splits if split is None else [split]
        same = [key for key in others if key[0] in parts and words_of(Path(names[key]).name, MARKS) == own]
    elif not same and paths.suffix_of(file) != ".json":
        last = "test" if "test" in splits else "train"
        same = [key for key in others if key[0] == last] if len(splits[last]) == 1 else []
    return same[0] if len(same) == 1 else None


def _labelled(recording, file, read_table):
    """A recording with the labels of a file, a number or word for each step."""
    labels = read_labels(file, read_table)
    if len(labels) != len(recording):
        raise InputError(
            f"{file} has {plural(len(labels), 'label')}, and {recording.name} {plural(len(recording), 'step')}: give "
            "a label for each step."
        )
    return replace(recording, windows=windows_of(labels))


def read_labels(file: Path, read_table: Reader) -> np.ndarray:
    """The labels in a file of their own, bool `(steps,)`: an array, a line each, or a column of a table.

    Raises:
        InputError: they are not 0 or 1.
    """
    if paths.suffix_of(file) in ARRAYS:
        labels = load_array(file)
        if not np.isin(labels, (0, 1)).all():
            width = labels[:1].size
            flat = as_labels(labels.ravel().tolist(), lambda index: f"{file}, step {index // width + 1}")
            labels = flat.reshape(labels.shape)
        return np.asarray(labels.reshape(len(labels), -1).any(axis=1))
    content = read_table(file)
    if isinstance(content, Table):
        content = with_header(content)
        usual = [name for name in content.names if normal(name) in LABEL.usual]
        cells = content.values((usual or list(content.names))[-1 if not usual else 0])
        return as_labels(cells, content.where) > 0
    lines = [line.replace(",", " ").split()[-1] for line in content.splitlines() if line.strip()]
    return as_labels(lines, lambda row: f"{file}, line {row + 1}") > 0


def with_sequences(splits: Splits, file: Path, read_table: Reader) -> dict[str, list[Recording]]:
    """The recordings that are tested with the anomalies of a table with columns `chan_id` and `anomaly_sequences`.

    Raises:
        InputError: it has other columns, or no pairs of steps.
    """
    table = with_header(table) if isinstance(table := read_table(file), Table) else None
    names = [] if table is None else [normal(name) for name in table.names]
    if table is None or not {"chan id", "anomaly sequences"} <= set(names):
        raise InputError(f"{file}: expected columns chan_id and anomaly_sequences.")
    places = [table.column(names.index(name)) for name in ("chan id", "anomaly sequences")]
    sequences: dict[str, list[tuple[int, int]]] = {}
    for row, (name, cell) in enumerate(zip(*places)):
        try:
            pairs = [(int(left), int(right)) for left, right in ast.literal_eval(str(cell))]
        except (ValueError, SyntaxError, TypeError):
            raise InputError(
                f"{table.where(row)}: expected pairs as [[1, 9], [20, 30]], got {shorten(cell)!r}."
            ) from None
        sequences.setdefault(str(name), []).extend(pairs)
    return {
        split: [
            one if split == "train" else replace(one, windows=united(sequences.get(Path(one.name).stem, ())))
            for one in items
        ]
        for split, items in splits.items()
    }
