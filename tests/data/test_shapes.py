"""Every shape of file, and of Python object, holds what its owner put there."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import load_labelled_texts, load_parallel_texts, load_running_texts, load_tagged_sentences
from tests.data import shapes
from tests.data.shapes import PAIRS, ROWS, SENTENCES, TEXT


def everything(data, read):
    """What `read` gives for the three splits, together."""
    return [item for split in data.sizes for item in read(getattr(data, split))]


def rows_of(data):
    def read(part):
        return [(text.decode(), data.labels[label]) for text, label in zip(part.texts, part.labels)]

    return sorted(everything(data, read))


def pairs_of(data):
    return sorted(everything(data, lambda part: [(a.decode(), b.decode()) for a, b in zip(part.sources, part.targets)]))


def sentences_of(data):
    def read(part):
        names = [[data.labels[tag] for tag in tags] for tags in part.tags]
        return [list(zip(*sentence)) for sentence in zip(part.tokens, names)]

    return sorted(everything(data, read))


def text_of(data):
    return "".join(line.decode() + "\n" for line in everything(data, lambda part: part.lines) if line)


@pytest.mark.parametrize("shape", shapes.CLASSIFICATION)
def test_labelled_texts(tmp_path, shape):
    path, options = shapes.CLASSIFICATION[shape](tmp_path)
    actual = rows_of(load_labelled_texts(str(path), **options))
    unspelt = {"latin-1": lambda text: text.replace("\u201c", "\u00ab").replace("\u201d", "\u00bb")}
    change = unspelt.get(shape, lambda text: text)
    names = (lambda label: f"{label.upper()}:x") if shape == "label first" else (lambda label: label)
    assert actual == sorted((change(text), names(label)) for text, label in ROWS)


@pytest.mark.parametrize("shape", shapes.TRANSLATION)
def test_pairs(tmp_path, shape):
    path, options = shapes.TRANSLATION[shape](tmp_path)
    assert pairs_of(load_parallel_texts(str(path), **options)) == sorted(PAIRS)


def test_pairs_by_the_common_part_of_their_names(tmp_path):
    folder, options = shapes.TRANSLATION["OPUS"](tmp_path)
    for name in ("Owls.de-en", "Owls.de-en.en"):
        assert pairs_of(load_parallel_texts(str(folder / name), **options)) == sorted(PAIRS)


@pytest.mark.parametrize("shape", shapes.TAGGING)
def test_tagged_sentences(tmp_path, shape):
    path, options = shapes.TAGGING[shape](tmp_path)
    data = load_tagged_sentences(path, **options)
    assert sentences_of(data) == sorted(SENTENCES) and data.scheme == "bio"


@pytest.mark.parametrize("letters, shown", [
    ("BMES", [("B", "I", "E"), ("S",)]), ("BILU", [("B", "I", "E"), ("S",)]), ("bmes", [("B", "I", "E"), ("S",)]),
])  # fmt: skip
@pytest.mark.parametrize("form", ["{0}-{1}", "{0}_{1}", "{1}-{0}"])
def test_schemes_of_five_letters(tmp_path, letters, shown, form):
    first, middle, last, only = (form.format(letter, "city") for letter in letters)
    outside = "o" if letters.islower() else "O"
    rows = [("New", first), ("San", middle), ("Luz", last), ("or", outside), ("Ulm", only)]
    (tmp_path / "a.txt").write_text("\n\n".join(["\n".join(map(" ".join, rows))] * 30))
    data = load_tagged_sentences(tmp_path / "a.txt")
    (begin, inside, end), (single,) = shown
    expected = [f"{letter}-city" if letter != "O" else "O" for letter in (begin, inside, end, "O", single)]
    assert data.scheme == "bioes" and [data.labels[tag] for tag in data.test.tags[0]] == expected


def test_a_sign_that_is_a_token(tmp_path):
    """ "#" before a sentence is a token where its tag is that of other tokens, and within one always."""
    lines = ["# O\nWe O\nmet B-X\n", "we O\n# B-Y\nmet B-X\n", "# newdoc\nwe O\nmet B-X\n"] * 10
    (tmp_path / "a.txt").write_text("\n".join(lines))
    data = load_tagged_sentences(tmp_path / "a.txt")
    tokens = everything(data, lambda part: part.tokens)
    assert sum(sentence[0] == "#" for sentence in tokens) == sum("#" in sentence[1:] for sentence in tokens) == 10


@pytest.mark.parametrize("shape", shapes.RUNNING)
def test_running_text(tmp_path, shape):
    path, options = shapes.RUNNING[shape](tmp_path)
    assert text_of(load_running_texts(str(path), **options)) == TEXT


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


def test_other_kinds_of_objects():
    tokens, tags = ([list(part) for part in side] for side in zip(*shapes.TOKENS))
    ragged = tf.data.Dataset.from_tensor_slices((tf.ragged.constant(tokens), tf.ragged.constant(tags)))
    for data in (
        SENTENCES,
        [[list(pair) for pair in sentence] for sentence in SENTENCES],
        shapes.TOKENS,
        [list(sides) for sides in shapes.TOKENS],
        (tokens, tags),
        {"tokens": tokens, "ner_tags": tags},
        ragged,
        ragged.batch(4),
    ):
        assert sentences_of(load_tagged_sentences(data)) == sorted(SENTENCES)
    for data in (PAIRS, {"en": [a for a, _ in PAIRS], "de": [b for _, b in PAIRS]}, shapes.OWLS):
        assert pairs_of(load_parallel_texts(data)) == sorted(PAIRS)
    assert text_of(load_running_texts(TEXT.splitlines())) == TEXT
    assert len(load_labelled_texts(ROWS, test=ROWS[:7]).test) == 7


def test_pairs_in_sentences_of_two_tokens():
    """Lists of two lists of two: pairs, as JSON has them; a tuple of two lists has tokens and tags."""
    for sentence in ([["a", "O"], ["b", "B-X"]], [("a", "O"), ("b", "B-X")], (["a", "b"], ["O", "B-X"])):
        data = load_tagged_sentences([sentence] * 60)
        assert sentences_of(data) == [[("a", "O"), ("b", "B-X")]] * 60


def test_splits_beside_a_path(tmp_path):
    for name, rows in (("a.csv", ROWS), ("b.csv", ROWS[:9])):
        (tmp_path / name).write_text(shapes.table(rows, ("text", "label")))
    data = load_labelled_texts(tmp_path / "a.csv", test=str(tmp_path / "b.csv"))
    assert rows_of(data) == sorted([*ROWS, *ROWS[:9]]) and len(data.test) == 9


def test_several_labels_a_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(shapes.jsonl({"text": text, "label": [label, "book"]} for text, label in ROWS))
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
