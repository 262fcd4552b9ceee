"""Labelled texts in every shape of file and of Python object."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import load_labelled_texts
from tests.data.contents import rows_of
from tests.data.shapes import ROWS, jsonl, table
from tests.tasks.classification.shapes import SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_labelled_texts(tmp_path, shape):
    path, options = SHAPES[shape](tmp_path)
    actual = rows_of(load_labelled_texts(str(path), **options))
    unspelt = {"latin-1": lambda text: text.replace("\u201c", "\u00ab").replace("\u201d", "\u00bb")}
    change = unspelt.get(shape, lambda text: text)
    names = (lambda label: f"{label.upper()}:x") if shape == "label first" else (lambda label: label)
    assert actual == sorted((change(text), names(label)) for text, label in ROWS)


class Frame(dict):
    """What a frame of pandas or Polars has: columns by name."""

    @property
    def columns(self):
        return list(self)

    def __iter__(self):
        raise AssertionError("a frame is asked for its columns")


class Column:
    def __init__(self, values):
        self.values = values

    def to_list(self):
        return self.values


class Scalars:
    """A column of Arrow, whose items are not values of Python."""

    def __init__(self, values):
        self.to_pylist = lambda: values

    def __iter__(self):
        return iter([object()])


class Names:
    names = ("keep", "sell")


class HubDataset:
    """What a dataset of Hugging Face has: names of columns, class names of integers."""

    column_names = ("text", "label")
    features = {"text": None, "label": Names}

    def __getitem__(self, name):
        return [text if name == "text" else Names.names.index(label) for text, label in ROWS]


TEXTS, LABELS = ([row[index] for row in ROWS] for index in (0, 1))
NAMELESS = type("DataFrame", (), {"columns": [0, 1], "__getitem__": lambda self, name: Column((TEXTS, LABELS)[name])})
ARROW = type("Table", (), {
    "column_names": ["text", "label"], "columns": [],
    "__getitem__": lambda self, name: Scalars(TEXTS if name == "text" else LABELS),
})  # fmt: skip
FRAME = type("DataFrame", (), {
    "columns": ["text", "label"], "__getitem__": lambda self, name: Column(TEXTS if name == "text" else LABELS),
})  # fmt: skip
OBJECTS = {
    "list of pairs": list(ROWS),
    "list of dicts": [dict(zip(("text", "label"), row)) for row in ROWS],
    "tuple of columns": (TEXTS, np.array(LABELS)),
    "dict of columns": {"review": TEXTS, "stars": LABELS},
    "array": np.array(ROWS, object),
    "frame": FRAME(),
    "frame without names": NAMELESS(),
    "frame of Arrow": ARROW(),
    "dataset of a hub": HubDataset(),
    "dict of splits": {"train": ROWS[:40], "validation": (TEXTS[40:50], LABELS[40:50]), "test": ROWS[50:]},
    "tf.data": tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)),
    "tf.data in batches": tf.data.Dataset.from_tensor_slices({"text": TEXTS, "label": LABELS}).batch(7),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_labelled_texts_of_objects(name):
    assert rows_of(load_labelled_texts(OBJECTS[name])) == sorted(ROWS)


def test_splits_beside_a_path(tmp_path):
    for name, rows in (("a.csv", ROWS), ("b.csv", ROWS[:9])):
        (tmp_path / name).write_text(table(rows, ("text", "label")))
    data = load_labelled_texts(tmp_path / "a.csv", test=str(tmp_path / "b.csv"))
    assert rows_of(data) == sorted([*ROWS, *ROWS[:9]]) and len(data.test) == 9


def test_several_labels_a_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(jsonl({"text": text, "label": [label, "book"]} for text, label in ROWS))
    data = load_labelled_texts(path)
    assert data.multi_label and data.labels == ("book", "keep", "sell")
    assert data.test.labels.sum(axis=1).tolist() == [2] * len(data.test) and data.test.labels[:, 0].all()


def test_sheets(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    parquet.write_table(arrow.table({"Text": TEXTS, "stars": LABELS}), tmp_path / "a.parquet")
    assert rows_of(load_labelled_texts(tmp_path / "a.parquet")) == sorted(ROWS)
    book = pytest.importorskip("openpyxl").Workbook()
    for row in [("Text", None, "stars"), *((text, None, label) for text, label in ROWS)]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert rows_of(load_labelled_texts(tmp_path / "a.xlsx")) == sorted(ROWS)
