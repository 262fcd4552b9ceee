"""Metadata of an export, stored in its `config.json`."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpseq.data.files.contents import read_text
from nlpseq.errors import InputError
from nlpseq.runtime.description import EXPORT, Described, check_version
from nlpseq.writing import write_text

FORMAT_VERSION = 1
FILE_NAME = EXPORT


@dataclass(frozen=True)
class Metadata(Described):
    """Metadata of an export.

    Attributes:
        task, labels, details: As in `nlpseq.runtime.description.Described`.
        data: Name and split sizes of the dataset, and whether it is generated.
        settings: Settings of the run, by flat name.
        versions: Versions of the software.
        formats: Sizes, times and agreement of the formats beside the SavedModel, by name. Default none.
        format_version: Version of this format; exports newer than `FORMAT_VERSION` are rejected.
    """

    data: dict[str, Any]
    settings: dict[str, Any]
    versions: dict[str, str]
    format_version: int = FORMAT_VERSION
    formats: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Writes `config.json` to a folder."""
        write_json(folder / FILE_NAME, dataclasses.asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Metadata":
        """Reads `config.json` of an export.

        Raises:
            InputError: the file cannot be read, has a newer format, or lacks a valid value.
        """
        path = folder / FILE_NAME
        values = read_json(path)
        if "format_version" not in values:
            raise InputError(f"{path} has no format_version: export the model again with this version of nlpseq.")
        check_version(path, values["format_version"], FORMAT_VERSION)
        values = {"formats": {}, **values}  # which older exports lack
        types = {attribute.name: attribute.type for attribute in dataclasses.fields(cls)}
        for name, kind in types.items():
            expected = {str: str, list[str]: list, int: int}.get(kind, dict)
            if not isinstance(values.get(name), expected):
                raise InputError(f"{path} lacks a valid value of {name!r}: export the model again.")
        if not all(isinstance(label, str) for label in values["labels"]):
            raise InputError(f"{path} has labels that are not strings: export the model again.")
        return cls(**{name: values[name] for name in types})


def write_json(path: Path, value: Any) -> None:
    """Writes a value to a JSON file, completely or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        InputError: the file cannot be read, or does not contain a JSON object.
    """
    try:
        values = json.loads(read_text(path))
        json.dumps(values, ensure_ascii=False).encode()  # half of a pair of surrogates could not be printed
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot read {path} ({error}): export the model again.") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} does not contain a JSON object: export the model again.")
    return values
