"""Corpora that `nlpseq prepare` has prepared: what their description holds, and how they are read."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import keras

from nlpseq.data.prepared import FILE, FORMAT, Layout, PreparedExamples, read_description
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path

Data = TypeVar("Data")


@dataclass(frozen=True)
class Prepared:
    """What a prepared corpus has beside the dataset that it is: `train` on disk, validation and test in memory.

    Attributes:
        preprocessor: Learnt from all that is trained on.
        profile: Of the same.
    """

    preprocessor: Any = None
    profile: Any = None


def serialized(preprocessor: Any) -> dict[str, Any]:
    """A preprocessor as `restored` takes it."""
    config: Any = keras.saving.serialize_keras_object(preprocessor)
    return config


def restored(description: Mapping[str, Any]) -> Any:
    """The preprocessor of a description."""
    return keras.saving.deserialize_keras_object(description["preprocessor"])


def layout(layout: Layout, tokens: int) -> dict[str, Any]:
    """The part of a description that says how examples of so many tokens are written."""
    return {"layout": asdict(layout), "shards": layout.shards(tokens)}


def examples(folder: Path, description: dict[str, Any]) -> PreparedExamples:
    """The training examples that `ShardWriters` wrote."""
    sizes = tuple(description["sizes"])
    return PreparedExamples(str(folder / "train"), sizes, Layout(**description["layout"]), digest(folder))


def digest(folder: Path) -> str:
    """A digest of a prepared corpus."""
    return hashlib.blake2b((folder / FILE).read_bytes(), digest_size=16).hexdigest()


def held_out(folder: Path) -> Iterator[list]:
    """The rows that are held out, for validation and for test."""
    for name in ("validation", "test"):
        with open(folder / f"{name}.jsonl", "rb") as file:
            yield [json.loads(line.decode("utf-8", "surrogatepass")) for line in file]


def load(folder: str | Path, kind: str, make: Callable[[Path, dict[str, Any]], Data]) -> Data:
    """What a function makes of a folder and its description.

    Args:
        folder: Folder of a prepared corpus.
        kind: Kind of task.
        make: The function.

    Raises:
        InputError: The folder holds no corpus that was prepared for this kind, or it is damaged.
    """
    folder = as_path(folder)
    description = read_description(folder)
    if description.get("kind") != kind:
        raise InputError(f"{folder} was prepared for {description.get('kind')}, not for {kind}.")
    if description.get("format") != FORMAT:
        raise InputError(f"{folder} was prepared by another version of nlpseq: prepare the corpus again.")
    try:
        return make(folder, description)
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{folder} is damaged ({shorten(error)}): prepare the corpus again.") from None
