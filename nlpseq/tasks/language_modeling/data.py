"""Datasets of running text, for language models, from TFDS and from files."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nlpseq.data import sources
from nlpseq.data.files.archives import reads_archives
from nlpseq.data.notes import odd_text, say_notes, shared_examples
from nlpseq.errors import InputError, refuses_unknown_arguments
from nlpseq.tasks.language_modeling import own
from nlpseq.tasks.language_modeling.schemas import LANGUAGE, LanguageSchema

HELD_OUT = 0.1  # share of the training text, for each missing split
LONG = 8  # words of a line that hardly occurs twice by chance


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

    def long(self) -> list[bytes]:
        """The lines of several words, which hardly occur twice by chance."""
        return [line for line in self.lines if line.count(b" ") >= LONG - 1]


@dataclass(frozen=True, repr=False)
class RunningTexts(sources.SplitDataset):
    """A dataset of running text.

    Attributes:
        name: as given to `load_running_texts`.
        train, validation, test: `Lines`.
        generated: whether the texts are generated.
        notes: sentences about problems in the data.
    """

    name: str
    train: Lines
    validation: Lines
    test: Lines
    generated: bool = False
    notes: tuple[str, ...] = ()


@refuses_unknown_arguments
@reads_archives
def load_running_texts(
    dataset: Any,
    data_dir=None,
    *,
    text: str | int | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> RunningTexts:
    """Loads a dataset of running text.

    Args:
        dataset: name of a TFDS dataset ("tiny_shakespeare", "lm1b", "wiki40b/en"), whose rows are
            concatenated; the path of a file or folder, see `nlpseq/data/README.md`; or an object: a list
            of texts, a frame, a `tf.data.Dataset`, or a dict of these by split.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        text: feature or column with the text. Default that of the dataset, or a usual name.
        delimiter: of the columns of tables, a character or "tab". Default the one that fits.
        encoding: of files. Default UTF-8, or that of a byte-order mark.
        train: TFDS split, such as "train[:80%]". Default that of the dataset.
        validation, test: TFDS splits; for the user's own data paths or objects.

    If a split is missing, the last tenth of the training text is held out for it, starting
    at a line, or else at a word or character. A lone carriage return ends a line.

    Returns:
        `RunningTexts`.

    Raises:
        InputError: the dataset, a split, a feature or a file is missing or unusable; a
            text is empty or blank; the training text is too short to hold out a part.
    """
    splits = {"train": train, "validation": validation, "test": test}
    name = sources.name_of(dataset)
    if sources.is_name(dataset):
        sources.refuse_file_options(dataset, delimiter=delimiter, encoding=encoding)
        overrides = {"text": text, **splits}
        overrides = {name: value for name, value in overrides.items() if value is not None}
        texts, generated = _from_tfds(dataset, data_dir, overrides)
        notes = []
    else:
        raw = sources.own_splits(
            dataset,
            data_dir,
            splits,
            lambda path: own.read(path, text, delimiter, encoding),
            lambda table: own.text_of_table(table, text),
        )
        texts = {split: part.text.encode("utf-8", "replace") for split, part in raw.items()}
        notes, generated = [part.note for part in raw.values() if part.note], False
        notes += [note for split, part in raw.items() for note in odd_text(f"the {split} text", part.text)]
    texts = {split: content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for split, content in texts.items()}
    notes += _hold_out(name, texts)
    examples = {split: _lines(f"the {split} text of {name}", content) for split, content in texts.items()}
    if not generated:
        notes += shared_examples(
            {split: part.long() for split, part in examples.items()}, f"lines of {LONG} words or more"
        )
    return RunningTexts(name, generated=generated, **examples, notes=say_notes(notes))


def _hold_out(name, texts):
    """Adds missing test and validation texts, from the end of the training text, in place; a note about it, or none."""
    missing = [split for split in ("validation", "test") if split not in texts]
    unit = "lines" if b"\n" in texts["train"].strip() else "words, as it is one line"
    for split in reversed(missing):
        texts["train"], texts[split] = _split_off_end(name, texts["train"])
    parts = f"{' and '.join(missing)}, a tenth{' each' * (len(missing) > 1)}, split between {unit}"
    return [f"held out from the end of the training text: {parts}"] if missing else []


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
