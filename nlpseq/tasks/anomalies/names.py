"""What the names of files tell: their split, and of archives the steps to learn from and the place of the anomaly."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from nlpseq.data.files import arrays, paths

SUFFIXES = (*paths.TABLES, ".txt", ".out", ".dat", *arrays.SUFFIXES)  # of files of recordings


class Named(NamedTuple):
    """What the name of a file tells: the steps to learn from, and the first and last step of an anomaly."""

    train: int
    window: tuple[int, int] | None


def named_in(name: str) -> Named | None:
    """What the name of a file of the UCR anomaly archive, or of TSB-AD, tells; None for another.

    >>> named_in("001_UCR_Anomaly_park_300_450_460.txt"), named_in("001_NAB_tr_300_1st_450.csv")
    (Named(train=300, window=(450, 460)), Named(train=300, window=None))
    """
    stem = Path(name).stem
    if match := re.fullmatch(r".*UCR_Anomaly_.*_(\d+)_(\d+)_(\d+)", stem):
        train, first, last = map(int, match.groups())
        return Named(train, (first, last)) if 0 < train <= first <= last else None
    match = re.fullmatch(r".*_tr_(\d+)_1st_\d+", stem)
    return Named(int(match[1]), None) if match else None


def parts_of(path: Path | str) -> list[str]:
    """The words of a path, in lower case."""
    return re.split(r"[\W_]+", Path(path).as_posix().lower())


def words_of(path: Path | str, others: Collection[str] = ()) -> tuple[str, ...]:
    """The words of a path without the suffix of a file of recordings, and without other words.

    >>> words_of("test_label/m-1.txt", ("label",)), words_of("a.1", ())
    (('test', 'm', '1'), ('a', '1'))
    """
    path = Path(path)
    return tuple(word for word in parts_of(path.parent / without_suffix(path)) if word not in others)


def as_x(words: Collection[str]) -> tuple[str, ...]:
    """The words of the name of values, of those of labels such as y_test."""
    return tuple("x" if word == "y" else word for word in words)


def without_suffix(path: Path) -> str:
    """The name of a file without the suffix of a file of recordings: "a.1" of "a.1" and of "a.1.csv.gz"."""
    plain = Path(paths.plain_name(path))
    return plain.stem if plain.suffix.lower() in SUFFIXES else plain.name


def split_in(path: Path) -> str | None:
    """The split that the name of a folder in a path tells, else that of the file; None for none."""
    plain = [re.sub(r"(?<=[a-z])\d+(?=$|[-_. ])", "", name.lower()) for name in path.parts]  # train1.csv
    return next((split for name in (*path.parts, *plain) if (split := paths.split_of(name))), None)
