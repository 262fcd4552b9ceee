"""Datasets of running text, for language models, from TFDS and from files."""

import codecs
import re
from dataclasses import dataclass, replace

import numpy as np

from nlpseq.data import files, sources
from nlpseq.errors import InputError
from nlpseq.tasks.language_modeling.schemas import LANGUAGE, LanguageSchema

SUFFIXES = (".txt",)
HELD_OUT = 0.1  # share of the training text, for each missing split


@dataclass(frozen=True)
class Lines:
    """A running text, in memory.

    Attributes:
        lines: UTF-8 bytes without line ends, object array `(n,)`.
    """

    lines: np.ndarray

    def __len__(self):
        return len(self.lines)

    @property
    def characters(self) -> int:
        """The number of characters; consecutive blanks count as one, and so does a line end."""
        return sum(len(" ".join(line.decode("utf-8", "replace").split())) for line in self.lines) + len(self)


@dataclass(frozen=True)
class RunningTexts(sources.SplitDataset):
    """A dataset of running text.

    Attributes:
        name: as given to `load_running_texts`.
        train, validation, test: `Lines`.
        generated: whether the texts are generated.
    """

    name: str
    train: Lines
    validation: Lines
    test: Lines
    generated: bool = False


def load_running_texts(
    dataset: str,
    data_dir=None,
    *,
    text: str | None = None,
    train: str | None = None,
    validation: str | None = None,
    test: str | None = None,
) -> RunningTexts:
    """Loads a dataset of running text.

    Args:
        dataset: name of a TFDS dataset ("tiny_shakespeare", "lm1b", "wiki40b/en"), or the
            path of a `.txt` file, or of a folder of such files: one with the word train in
            its name (train.txt, ptb.train.txt), one with validation, valid, val or dev,
            and one with test. The rows of a TFDS dataset are concatenated.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        text: feature with the text. Default that of the dataset, or "text".
        train, validation, test: TFDS splits, such as "train[:80%]". Default those of
            the dataset.

    If a split is missing, the last tenth of the training text is held out for it, starting
    at a line, or else at a word or character. A lone carriage return ends a line.

    Returns:
        `RunningTexts`.

    Raises:
        InputError: the dataset, a split, a feature or a file is missing or unusable; a
            text is empty or blank; the training text is too short to hold out a part.
    """
    given = {"text": text, "train": train, "validation": validation, "test": test}
    overrides = {name: value for name, value in given.items() if value is not None}
    if files.is_path(dataset, SUFFIXES):
        sources.refuse_tfds_options(dataset, data_dir, overrides)
        if "text" in overrides:
            raise InputError(f"{dataset} is a path: `text` names a feature of a TFDS dataset; leave it out.")
        texts, generated = _from_files(dataset), False
    else:
        texts, generated = _from_tfds(dataset, data_dir, overrides)
    texts = {split: content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for split, content in texts.items()}
    for split in ("test", "validation"):
        if split not in texts:
            texts["train"], texts[split] = _split_off_end(dataset, texts["train"])
    splits = {split: _lines(f"the {split} text of {dataset}", content) for split, content in texts.items()}
    return RunningTexts(dataset, generated=generated, **splits)


def _from_files(dataset):
    expected = "a .txt file with the word train in its name, such as train.txt"
    paths = files.split_files(dataset, _words, expected)
    for path in paths.values():
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path} is not a folder, nor a file whose name ends in .txt.")
    return {split: files.read_bytes(path).removeprefix(codecs.BOM_UTF8) for split, path in paths.items()}


def _words(path):
    """The words of the name of a `.txt` file."""
    return re.split("[-_.]", path.stem.lower()) if path.suffix.lower() in SUFFIXES else ()


def _from_tfds(dataset, data_dir, overrides):
    builder = sources.prepared_builder(dataset, data_dir, LANGUAGE)
    schema = sources.known_schema(builder, LANGUAGE) or LanguageSchema()
    schema = replace(schema, **overrides)
    sources.check_features(dataset, builder, [schema.text], "`text`")
    if not sources.is_text(builder.info.features[schema.text]):
        raise InputError(f"feature {schema.text!r} of dataset {dataset!r} is not text: choose another with `text`.")
    rows = sources.read_splits(dataset, builder, schema, overrides, lambda row: (row[schema.text],))
    texts = {split: b"\n".join(column.numpy().tolist()) for split, (column,) in rows.items()}
    for old, new in schema.replacements:
        texts = {split: text.replace(old.encode(), new.encode()) for split, text in texts.items()}
    return texts, schema.generated


def _split_off_end(dataset, text):
    """Splits a text after about nine tenths, at the end of a line, else of a word, else of a character."""
    start = int(len(text) * (1 - HELD_OUT))
    for boundary in (rb"\n", rb" ", rb"(?=[\x00-\x7f\xc0-\xff])"):  # the last one: before the first byte of a character
        match = re.compile(boundary).search(text, start)
        if match and text[: match.start()].strip() and text[match.end() :].strip():
            return text[: match.start()], text[match.end() :]
    raise InputError(f"the text of {dataset} is too short to hold out a part: give a longer text.")


def _lines(place, text):
    text = text.removesuffix(b"\n")
    if not text.strip():
        raise InputError(f"{place} is empty: give one with at least one word.")
    return Lines(np.array(text.split(b"\n"), object))
