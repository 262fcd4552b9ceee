"""Which names are paths, and which file of a folder belongs to which split."""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from nlpseq.errors import InputError, shorten
from nlpseq.paths import is_url

Part = TypeVar("Part")
Source = TypeVar("Source")
SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": (
        "validation",
        "valid",
        "val",
        "validate",
        "dev",
        "devel",
        "development",
        "eval",
        "evaluation",
        "testa",
    ),
    "test": ("test", "testing", "testb"),
}
SPLIT_OF = {word: split for split, words in SPLIT_NAMES.items() for word in words}
COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
TABLES = (".csv", ".tsv", ".tab", ".psv", ".json", ".jsonl", ".ndjson", ".xlsx", ".parquet")
TEXTS = (".txt", ".text", ".md", ".tokens", ".raw", ".conll", ".conllu", ".bio", ".iob", ".iob2", ".bmes", ".tmx")
ABOUT = ("readme", "about", "license", "licence", "copying", "copyright", "notice", "citation", "changelog")
OTHERS = (
    "requirements.txt",
    "dataset_info.json",
    "dataset_infos.json",
    "dataset_dict.json",
    "state.json",
    "config.json",
    "package.json",
    "sample_submission.csv",
    "cmakelists.txt",
)  # whole names of such files
NO_TEXTS = (".ipynb", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".pkl", ".npy", ".npz", ".h5", ".pt", ".keras")
PROGRAMS = (".py", ".sh", ".js", ".r", ".m", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".cff", ".bat")
HIDDEN = (".", "~$", "__MACOSX", "Thumbs.db", "desktop.ini")  # with which the names of files begin that are no data
SHARD = re.compile(r"[-_.]\d+[-_]of[-_]\d+(?=\.|$)|(?<=-ud-train)(-[a-z0-9]+)+(?=\.conllu)")
JOINED = re.compile(r"(.*[^\W_])(train|valid|dev|test)(?=\.|$)")
SPLIT_SUFFIXES = tuple(f".{word}" for word in SPLIT_OF)


def is_path(dataset: Any) -> bool:
    """Whether `dataset` is a path of a file or folder, or a URL, rather than the name of a TFDS dataset."""
    if isinstance(dataset, os.PathLike) or is_url(dataset):
        return True
    suffixes = (*TABLES, *TEXTS, *COMPRESSED, ".train")
    # Unlike Path.exists, os.path.exists raises no error for long names.
    return dataset.startswith((".", "/", "~")) or Path(dataset).suffix.lower() in suffixes or os.path.exists(dataset)


def plain_name(path: Path) -> str:
    """The name of a file without the suffix of its compression."""
    return path.stem if path.suffix.lower() in COMPRESSED else path.name


def suffix_of(path: Path) -> str:
    """The suffix of a file without that of its compression, in lower case: ".csv" of "a.CSV.gz"."""
    return Path(plain_name(path)).suffix.lower()


def stem_of(path: Path) -> str:
    """The name of a file without its suffix and that of its compression: "a" of "a.CSV.gz"."""
    return Path(plain_name(path)).stem


def in_any_case(path: Path) -> Path | None:
    """The file of a path, whose suffix may be in lower or upper case; None if there is none."""
    spellings = (path.suffix, path.suffix.lower(), path.suffix.upper(), path.suffix.title())
    return next((file for suffix in spellings if os.path.isfile(file := path.with_suffix(suffix))), None)


def words_of(name: str) -> list[str]:
    """The words of a file name: "eng" and "testa" of "eng.testa"."""
    return re.split(r"[-_. ]+", name.lower())


def split_of(name: str) -> str | None:
    """The split that a file or folder name holds: "validation" of "reviews_dev.csv"; None for none or several."""
    splits = {SPLIT_OF[word] for word in words_of(name) if word in SPLIT_OF}
    return splits.pop() if len(splits) == 1 else None


def listed(folder: Path) -> list[Path]:
    """The visible entries of a folder in the order of their names, in which numbers count: part2 before part10.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(HIDDEN)]
    except OSError as error:
        raise cannot_read(folder, error) from None
    return sorted(paths, key=lambda path: [(len(part), part) if part.isdigit() else (0, part) for part in _parts(path)])


def _parts(path):
    return re.split(r"(\d+)", path.name)


def files_in(folder: Path) -> list[Path]:
    """The visible regular files of a folder, in the order of `listed`."""
    return [path for path in listed(folder) if os.path.isfile(path)]


def files_below(folder: Path) -> list[Path]:
    """The visible regular files of a folder and of the folders in it, by path; what cannot be read is left out."""
    files = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        files += [Path(root, name) for name in names if not name.startswith(HIDDEN)]
    return sorted(path for path in files if os.path.isfile(path))


def data_files(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files of a folder that have one of the suffixes; if none has, all but programs and those about the data."""
    files = [path for path in files_in(folder) if not is_about(path)]
    chosen = [path for path in files if suffix_of(path) in suffixes]
    return chosen or [path for path in files if suffix_of(path) not in (*NO_TEXTS, *PROGRAMS)]


def split_folders(folder: Path) -> dict[str, Path]:
    """The folders in a folder that are named train, validation (dev, ...) and test, by split."""
    return {
        split: path for path in listed(folder) if os.path.isdir(path) and (split := SPLIT_OF.get(path.name.lower()))
    }


def is_about(path: Path) -> bool:
    """Whether a file tells about the data and is none of them, such as README.txt or requirements.txt."""
    if path.name.lower() in OTHERS:
        return True
    words = [*filter(None, words_of(path.name)), ""]
    return ("readme" in words or words[0] in ABOUT) and suffix_of(path) not in TABLES


def is_notice(path: Path) -> bool:
    """As `is_about`, by the whole name: LICENSE.txt, not about-time.txt, which may be a text of a folder of texts."""
    whole = path.name.lower() in OTHERS or path.stem.lower() in ABOUT
    return is_about(path) and ("readme" in words_of(path.name) or whole)


def inner(path: Path) -> Path:
    """The folder of the data: within a folder without files, but for those about the data, the only one of no split."""
    while os.path.isdir(path):
        entries = [entry for entry in listed(path) if not (os.path.isfile(entry) and is_about(entry))]
        if len(entries) != 1 or not os.path.isdir(entries[0]) or entries[0].is_symlink() or split_of(entries[0].name):
            break
        path = entries[0]
    return path


def shards(paths: Iterable[Path]) -> dict[Path, list[Path]]:
    """The shards of each file by the first; of other files themselves.

    They are called train-00000-of-00002.csv or, of large treebanks, cs_pdt-ud-train-l.conllu.
    """
    groups: dict[str, list[Path]] = {}
    for path in paths:
        groups.setdefault(SHARD.sub("", path.name), []).append(path)
    return {group[0]: group for group in groups.values()}


def split_groups(
    folder: Path, suffixes: Collection[str], expected: str, chosen: Callable[[list[Path]], list[Path]] = list
) -> dict[str, list[Path]]:
    """The files of each split of a folder: those with its name, shards together, or all in a folder of its name.

    Args:
        folder: The folder.
        suffixes: Of the files, as of `data_files`.
        expected: As of `split_files`.
        chosen: From the files of a folder to those that are meant.

    Raises:
        InputError: There is no training file, or there are two of one split.
    """
    files = shards(chosen(data_files(folder, suffixes)))
    inner = split_folders(folder)
    if "train" in inner and not any(split_of(path.name) == "train" for path in files):
        groups = {split: chosen(data_files(path, suffixes)) for split, path in inner.items()}
        if groups["train"]:
            return {split: group for split, group in groups.items() if group}
    return {split: files[path] for split, path in split_files(folder, files, expected).items()}


def files_by_split(paths: Iterable[Path], folder: Path) -> dict[str, Path]:
    """The file of each split, by the words of the names.

    Raises:
        InputError: two files are of one split.
    """
    by_split: dict[str, Path] = {}
    for path in paths:
        split = split_of(path.name)
        if split in by_split:
            names = f"{by_split[split].name} and {path.name}"
            raise InputError(f"folder {folder} has {names} for one split: keep one of them.")
        if split:
            by_split[split] = path
    return by_split


def of_one_kind(splits: Mapping[Path, str | None], kinds: Iterable[Collection[str]]) -> list[Path]:
    """The files of the first kind that has training in a name, or else of the first kind that there is.

    Beside training, files of splits that it lacks may be of another kind.

    Args:
        splits: The split that the name of each file tells, None for none.
        kinds: The suffixes of each kind of files.
    """
    groups = [[path for path in splits if suffix_of(path) in kind] for kind in kinds]
    trained = next((group for group in groups if "train" in map(splits.get, group)), None)
    if trained is None:
        return next(filter(None, groups), [])
    known = {None, *map(splits.get, trained)}
    return [*trained, *(path for group in groups for path in group if splits[path] not in known)]


def split_files(dataset: Path, paths: Iterable[Path], expected: str) -> dict[str, Path]:
    """The files of a folder by split, of those that a kind of task can read.

    A folder with a single file, but for those about the data, holds the training split.

    Args:
        dataset: the folder.
        paths: files in it that may belong to the dataset.
        expected: examples of names of a training file, for the error if there is none.

    Raises:
        InputError: the folder has no training file, or two files for one split.
    """
    paths = [path for path in paths if not is_about(path)]
    by_split = files_by_split(paths, dataset)
    if not by_split and len(paths) == 1:
        return {"train": paths[0]}
    by_split = by_split if "train" in by_split else _with_joined_names(paths) | by_split
    if "train" not in by_split:
        folders = ", ".join(path.name for path in listed(dataset) if os.path.isdir(path))
        names = ", ".join(path.name for path in paths) or (f"folders: {folders}" if folders else "no file of that kind")
        raise InputError(
            f"folder {dataset} has no training file: expected {expected}, or the path of one file; it has "
            f"{shorten(names)}."
        )
    return by_split


def _with_joined_names(paths):
    """The files whose names end in that of a split without a mark between, if one is of training: engtrain, engtest."""
    matches = [(match, path) for path in paths if (match := JOINED.match(path.name.lower()))]
    stems = [match[1] for match, _ in matches if match[2] == "train"]
    return {SPLIT_OF[match[2]]: path for match, path in matches if stems == [match[1]]}


def read_splits(files: Mapping[str, Source], read: Callable[[Source], dict[str, Part]]) -> dict[str, Part]:
    """The content of each split, the training split first.

    Args:
        files: The file, or the files, of each split.
        read: From these to their content by split; those of training alone may hold several splits.
    """
    if files.keys() == {"train"}:
        return read(files["train"])
    return {split: read(files[split])["train"] for split in sorted(files, key=lambda split: split != "train")}


def cannot_read(path: Any, error: Exception) -> InputError:
    """The `InputError` for an `OSError`, or for another error of `open`."""
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(f"cannot read {shorten(path)}: {reason.lower()}.")
