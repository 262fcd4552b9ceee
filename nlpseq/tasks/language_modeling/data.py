"""Datasets for language models: from the name of a dataset to its running texts and splits."""

import codecs
import re
from dataclasses import dataclass, replace

import numpy as np

from nlpseq.data import files, sources
from nlpseq.errors import InputError
from nlpseq.tasks.language_modeling.schemas import LANGUAGE, LanguageSchema

SUFFIXES = (".txt",)
HELD_OUT = 0.1  # of the training text, for each split that is missing


@dataclass(frozen=True)
class Lines:
    """A running text in memory: an array of its lines, UTF-8 bytes without the line ends."""

    lines: np.ndarray

    def __len__(self):
        return len(self.lines)

    @property
    def characters(self):
        """The number of characters, with a run of blanks and each line end counted as one."""
        return sum(len(" ".join(line.decode("utf-8", "replace").split())) for line in self.lines) + len(self)


@dataclass(frozen=True)
class RunningTexts(sources.SplitDataset):
    """A dataset of running text.

    Attributes:
        name: as `load_running_texts` was given it.
        train, validation, test: `Lines`.
        generated: whether the sentences are generated.
    """

    name: str
    train: Lines
    validation: Lines
    test: Lines
    generated: bool = False


def load_running_texts(dataset, data_dir=None, **overrides):
    """Loads a dataset of running text.

    Args:
        dataset: name of a TFDS dataset ("tiny_shakespeare", "lm1b", "wiki40b/en"), or the
            path of a `.txt` file, or of a folder of such files, of which one has the word
            train in its name (train.txt, ptb.train.txt), one validation, valid, val or
            dev, and one test. The rows of a TFDS dataset follow one another.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        **overrides: attributes of `LanguageSchema` that replace those of the known
            dataset: text, train, validation, test.

    Where a split is missing, the last tenth of the training text is held out for it, from
    the next line on, or else the next word or character. A lone carriage return ends a line.

    Returns:
        `RunningTexts`.

    Raises:
        InputError: the dataset, a split, a feature or a file is not there or not
            usable; a text is empty or blank; the training text is too short to hold a
            part out.
    """
    overrides = {key: value for key, value in overrides.items() if value is not None}
    if files.is_path(dataset, SUFFIXES):
        sources.refuse_tfds_options(dataset, data_dir, overrides)
        if "text" in overrides:
            raise InputError(f"{dataset} is a path: --text names a feature of a TFDS dataset; leave it out.")
        texts, generated = _from_files(dataset), False
    else:
        texts, generated = _from_tfds(dataset, data_dir, overrides)
    texts = {split: text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for split, text in texts.items()}
    for split in ("test", "validation"):
        if split not in texts:
            texts["train"], texts[split] = _split_off_end(dataset, texts["train"])
    splits = {split: _lines(f"the {split} text of {dataset}", text) for split, text in texts.items()}
    return RunningTexts(dataset, generated=generated, **splits)


def _from_files(dataset):
    expected = "a .txt file with the word train in its name, such as train.txt"
    found = files.split_files(dataset, _words, expected)
    for path in found.values():
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path} is not a folder, nor a file whose name ends in .txt.")
    return {split: files.read_bytes(path).removeprefix(codecs.BOM_UTF8) for split, path in found.items()}


def _words(path):
    """The words of the name of a `.txt` file."""
    return re.split("[-_.]", path.stem.lower()) if path.suffix.lower() in SUFFIXES else ()


def _from_tfds(dataset, data_dir, overrides):
    builder = sources.prepared_builder(dataset, data_dir, LANGUAGE)
    schema = sources.known_schema(builder, LANGUAGE) or LanguageSchema()
    schema = replace(schema, **overrides)
    sources.check_features(dataset, builder, [schema.text], "--text")
    if not sources.is_text(builder.info.features[schema.text]):
        raise InputError(f"feature {schema.text!r} of dataset {dataset!r} is not text: give another with --text.")
    rows = sources.read_splits(dataset, builder, schema, overrides, lambda row: (row[schema.text],))
    texts = {split: b"\n".join(found.numpy().tolist()) for split, (found,) in rows.items()}
    for old, new in schema.replacements:
        texts = {split: text.replace(old.encode(), new.encode()) for split, text in texts.items()}
    return texts, schema.generated


def _split_off_end(dataset, text):
    """The first nine tenths of a text, up to the end of a line, word or character, and the rest."""
    at = int(len(text) * (1 - HELD_OUT))
    for place in (rb"\n", rb" ", rb"(?=[\x00-\x7f\xc0-\xff])"):  # the last: where a character begins
        found = re.compile(place).search(text, at)
        if found and text[: found.start()].strip() and text[found.end() :].strip():
            return text[: found.start()], text[found.end() :]
    raise InputError(f"the text of {dataset} is too short to hold a part out: give more of it.")


def _lines(place, text):
    text = text.removesuffix(b"\n")
    if not text.strip():
        raise InputError(f"{place} is empty: give one with at least one word.")
    return Lines(np.array(text.split(b"\n"), object))
