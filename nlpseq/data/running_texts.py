"""Datasets for language models: from the name of a dataset to its running texts and splits."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlpseq.data import files, sources
from nlpseq.data.schemas import LANGUAGE, LanguageSchema
from nlpseq.errors import InputError

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
        """The number of characters, each line end counted as one."""
        return sum(len(line.decode("utf-8", "replace")) for line in self.lines) + len(self)


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

    Where a split is missing, the last tenth of the training text is held out for it,
    up to the end of a line, or of a word in a text of few lines.

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
    for split in ("test", "validation"):
        if split not in texts:
            texts["train"], texts[split] = _hold_out_end(dataset, texts["train"])
    splits = {split: _lines(f"the {split} text of {dataset}", text) for split, text in texts.items()}
    return RunningTexts(dataset, generated=generated, **splits)


def _from_files(dataset):
    expected = "a .txt file with the word train in its name, such as train.txt"
    found = files.split_files(dataset, _words, expected)
    for path in found.values():
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path} is not a folder, nor a file whose name ends in .txt.")
    return {split: "\n".join([*files.read_lines(path), ""]).encode() for split, path in found.items()}


def _words(path):
    """The words of the name of a `.txt` file."""
    return Path(path).stem.lower().replace("-", ".").replace("_", ".").split(".") if path.suffix in SUFFIXES else ()


def _from_tfds(dataset, data_dir, overrides):
    builder = sources.prepared_builder(dataset, data_dir, LANGUAGE)
    schema = sources.known_schema(builder, LANGUAGE) or LanguageSchema()
    schema = replace(schema, **overrides)
    sources.check_features(dataset, builder, [schema.text], "--text")
    feature = builder.info.features[schema.text]
    if feature.shape != () or feature.np_dtype not in (object, np.object_):
        raise InputError(f"feature {schema.text!r} of dataset {dataset!r} is not text: give another with --text.")
    rows = sources.read_splits(dataset, builder, schema, overrides, lambda row: (row[schema.text],))
    texts = {split: b"\n".join(found.numpy().tolist()) for split, (found,) in rows.items()}
    for old, new in schema.replacements:
        texts = {split: text.replace(old.encode(), new.encode()) for split, text in texts.items()}
    return texts, schema.generated


def _hold_out_end(dataset, text):
    """The text up to the end of a line, or else of a word, after nine tenths of it, and the rest."""
    at = int(len(text) * (1 - HELD_OUT))
    for blank in (b"\n", b" "):
        cut = text.find(blank, at)
        if cut >= 0 and text[:cut].strip() and text[cut:].strip():
            return text[:cut], text[cut + 1 :]
    raise InputError(f"the text of {dataset} is too short to hold a part out: give more of it.")


def _lines(place, text):
    lines = files.lines_of(text.decode("utf-8", "replace"))
    if not any(line.strip() for line in lines):
        raise InputError(f"{place} is empty: give one with at least one word.")
    return Lines(np.array([line.encode() for line in lines], object))
