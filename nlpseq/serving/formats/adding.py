"""Further formats of an export: converted, compared with the SavedModel, measured, and then written."""

import contextlib
import dataclasses
import importlib
import importlib.util
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.errors import InputError, one_of
from nlpseq.runtime import Model
from nlpseq.runtime.description import EXPORT, FILE_NAME, TABLES, Client
from nlpseq.serving.formats.agreement import TOLERANCES, compare
from nlpseq.serving.metadata import Metadata, read_json
from nlpseq.serving.model_card import model_card
from nlpseq.writing import incomplete_folder, write_text, writing

FORMATS = ("saved_model", "litert", "onnx")
NEEDED = {"litert": ("ai_edge_litert",), "onnx": ("onnx", "onnxruntime")}  # packages beside TensorFlow
SAMPLE = 64  # examples that are asked
REPEATS = 5  # of which the median time counts


def check_formats(formats: Sequence[str], quantize: str) -> None:
    """Raises an `InputError` for an unknown format or quantization, or one whose packages are not installed."""
    one_of("quantize", quantize, TOLERANCES)
    for name in formats:
        one_of("export format", name, FORMATS)
    if quantize != "none" and "litert" not in formats:
        raise InputError("`quantize` is for the format litert: name that format too, or leave `quantize` out.")
    for name in formats:
        for package in NEEDED.get(name, ()):
            if importlib.util.find_spec(package) is None:
                raise InputError(f"the format {name} needs the package {package}: pip install 'nlpseq[{name}]'.")


def write_formats(
    task: Any, metadata: Metadata, folder: Path, formats: Sequence[str], quantize: str = "none", examples: Any = None
) -> tuple[dict[str, dict], dict[str, InputError]]:
    """Writes the formats of a task into a folder that has its SavedModel.

    Args:
        task: `nlpseq.tasks.base.Task`.
        metadata: That of the export.
        folder: Folder of the version.
        formats: Names in `FORMATS`.
        quantize: Of litert, "none", "float16" or "int8", as of `nlpseq.serving.formats.litert.write`.
        examples: A split of the data, of which a sample is asked. Default None, texts of words that the task knows.

    Returns:
        For each format, the SavedModel too: its files, bytes, milliseconds for 1 and 64 texts, and agreement; and the
        reason for each format that is not written, because it cannot be made or disagrees with the SavedModel.
    """
    names = [name for name in FORMATS[1:] if name in formats]
    try:
        if not task.numeric_functions():
            raise InputError(f"a {type(task).__name__} has no functions of numbers.")
    except InputError as error:
        return {}, dict.fromkeys(names, error)
    write_client(task, metadata, folder)
    sample = task.validation_sample(examples, SAMPLE) if examples is not None else []
    texts = [text for text, _ in sample] or task.synthetic_examples(SAMPLE)
    right, odd = [right for _, right in sample], task.odd_examples()
    reference, refused = Asked(folder, "saved_model", texts, odd), {}
    described = {"saved_model": {**_files(folder, ["saved_model.pb", "variables"]), **reference.times()}}
    for name in names:
        options = {"quantize": quantize} if name == "litert" else {}
        try:
            with _completely(folder):
                described[name] = _written(name, task, folder, reference, right, options)
        except InputError as error:
            refused[name] = error
    return described if len(described) > 1 else {}, refused


def _written(name, task, folder, reference, right, options):
    """Writes a format, and describes it as `write_formats` returns it."""
    paths = importlib.import_module(f"nlpseq.serving.formats.{name}").write(task, folder, **options)
    other = Asked(folder, name, reference.texts, reference.odd)
    tolerance = TOLERANCES[options.get("quantize", "none")]
    return {
        **_files(folder, [path.name for path in paths]),
        "agreement": compare(reference.inputs, reference.answers, other.answers, reference.model.answers, tolerance),
        **other.times(),
        **options,
        **_metrics(reference, other, right),
    }


@contextlib.contextmanager
def _completely(folder: Path) -> Iterator[None]:
    """What the block writes to a folder does not stay if it fails."""
    before = set(folder.iterdir())
    try:
        yield
    except InputError:
        for path in set(folder.iterdir()) - before:
            path.unlink()
        raise


class FormatError(InputError):
    """An export lacks formats that were asked for, because they cannot be made or disagree; the others are written.

    Args:
        path: Folder of the version.
        refused: The reason for each format that is not written, by name.

    Attributes:
        path: As above.
    """

    def __init__(self, path: Path, refused: Mapping[str, InputError]):
        reasons = "; ".join(f"no {name}: {str(error).rstrip('.')}" for name, error in refused.items())
        super().__init__(f"{path} has {reasons}.")
        self.path = path


class Asked:
    """A model and its answers to a sample.

    Args:
        folder: Folder of the version.
        format: Of the model.
        texts: The sample.
        odd: Inputs that no data set has, by what they are, which are asked too.
    """

    def __init__(self, folder: Path, format: str, texts: list, odd: dict[str, Any]):
        self.model = Model(folder, format)
        self.texts, self.odd = texts, odd
        self.inputs = {**{f"example {number} of the sample": text for number, text in enumerate(texts, 1)}, **odd}
        self.answers = self.model.answer(list(self.inputs.values()))

    def times(self) -> dict[str, float]:
        """Milliseconds for 1 and for 64 texts, the median of several runs."""
        texts = [self.texts[number % len(self.texts)] for number in range(SAMPLE)]
        return {"ms_1": self._milliseconds([[text] for text in texts]), "ms_64": self._milliseconds([texts] * REPEATS)}

    def _milliseconds(self, batches):
        seconds = []
        for batch in batches:
            start = time.perf_counter()
            self.model.answer(batch)
            seconds.append(time.perf_counter() - start)
        return round(1000 * float(np.median(seconds)), 3)


def add_formats(path: Path, task: Any, formats: Sequence[str], quantize: str = "none") -> dict[str, dict]:
    """Adds formats to an export, each completely or not at all.

    Args:
        path: Folder of the version.
        task: The task of the export.
        formats, quantize: As of `write_formats`.

    Returns:
        What `write_formats` tells of each format.

    Raises:
        InputError: there is nothing to add.
        FormatError: a format cannot be made, or disagrees; the others are added.
        WritingError: the files cannot be written.
    """
    check_formats(formats, quantize)
    if not set(formats) - {"saved_model"}:
        raise InputError(f"{path} has the format saved_model already: name another, {' or '.join(FORMATS[1:])}.")
    metadata = Metadata.read(path)
    with writing(f"the formats to {path}"), incomplete_folder(path.parent) as partial:
        for name in ("saved_model.pb", "variables", "assets", "fingerprint.pb", EXPORT, TABLES):
            if (path / name).exists():
                os.symlink((path / name).resolve(), partial / name)
        described, refused = write_formats(task, metadata, partial, formats, quantize)
        if not described:
            raise FormatError(path, refused)
        for entry in sorted(partial.iterdir()):
            if not entry.is_symlink():
                os.replace(entry, path / entry.name)
        metadata = dataclasses.replace(metadata, formats={**metadata.formats, **described})
        write_text(path / "model_card.md", model_card(task, metadata, read_json(path / "metrics.json")))
        metadata.write(path)
    if refused:
        raise FormatError(path, refused)
    return described


def write_client(task: Any, metadata: Metadata, folder: Path) -> None:
    """Writes `client.json`: what `nlpseq.runtime` reads beside a model."""
    from nlpseq.text.description import describe

    details = {"labels": metadata.labels, "details": metadata.details, "options": task.client_options()}
    text = {} if task.text_preprocessor is None else describe(task.text_preprocessor)
    client = Client(task=metadata.task, text=text, **details)
    write_text(folder / FILE_NAME, json.dumps(dataclasses.asdict(client), ensure_ascii=False))


def _files(folder, names):
    paths = [path for name in names for path in (folder / name, *(folder / name).rglob("*")) if path.is_file()]
    return {"files": names, "bytes": sum(path.stat().st_size for path in paths)}


def _metrics(reference, other, right):
    """The metric on the sample, and its change from the SavedModel; nothing where there is none."""
    if not right:
        return {}
    before, after = (model.model.answers.score(list(zip(right, model.answers))) for model in (reference, other))
    return {"metrics": after, "changes": {name: after[name] - before[name] for name in after}}
