"""How tags are read: notations, what is outside, and what is said where spans are only likely."""

import pytest

from nlpseq.tag_schemes import spans
from nlpseq.tasks.tagging.reading import TagReading

BIO = ["O", "B-per", "I-per", "B-of-X"]
FORMS = ["{0}-{1}", "{0}_{1}", "{0}:{1}", "{0}.{1}", "{0}/{1}", "{0}|{1}", "{0}=", "{0}@{1}", "{0} {1}", "{0}\u2013{1}"]
FORMS = [form if "{1}" in form else form + "{1}" for form in FORMS]
BEHIND = ["{1}-{0}", "{1}_{0}", "{1}/{0}"]


def written(form, tags, change=str):
    pairs = [tag.partition("-") for tag in tags]
    return [form.format(change(letter), kind) if kind else change(letter) for letter, _, kind in pairs]


def read(tags):
    reading = TagReading.of(dict.fromkeys(tags, 1))
    return reading, [reading.standard(tag) for tag in tags]


@pytest.mark.parametrize("change", [str, str.lower, {"O": "Outside", "B": "Begin", "I": "Inside"}.get])
@pytest.mark.parametrize("form", FORMS + BEHIND)
def test_notations(form, change):
    tags = written(form, BIO, change)
    reading, standard = read(tags)
    assert reading.scheme == "bio" and standard == BIO
    assert bool(reading.note) == (tags != BIO)
    assert reading.note == "" or "is read as 'B-per'" in reading.note


@pytest.mark.parametrize("outside", ["o", "0", "OUT", "NONE", "none", "-", "_", "Null"])
@pytest.mark.parametrize("form", ["{0}-{1}", "{0}_{1}", "{1}-{0}"])
def test_what_is_outside(form, outside):
    reading, standard = read([outside, *written(form, BIO[1:])])
    assert reading.scheme == "bio" and standard == BIO and f"{outside!r} is read as 'O'" in reading.note


def test_two_cases():
    reading, standard = read(["O", "o", "B-X", "b-x", "I-X", "i-x"])
    assert reading.scheme == "bio" and standard == ["O", "O", "B-X", "B-x", "I-X", "I-x"]
    assert "'b-x' is read as 'B-x'" in reading.note


@pytest.mark.parametrize("tags, scheme, expected", [
    ("O B-S I-S", "bio", "O B-S I-S"),
    ("O B-B I-B B-I", "bio", "O B-B I-B B-I"),
    ("O B-L L-B", "bioes", "O B-L E-B"),
    ("O I-B I-S", "bio", "O I-B I-S"),
])  # fmt: skip
def test_types_of_one_letter(tags, scheme, expected):
    """Where the usual notation fits, no other one is tried."""
    reading, standard = read(tags.split())
    assert (reading.scheme, standard, reading.note) == (scheme, expected.split(), "")


@pytest.mark.parametrize("tags, note", [
    ("B- I- O", "the tags B-, I-, O have no types"),
    ("B I O", "the tags B, I, O have no types"),
    ("b i 0", "the tags 0, b, i have no types"),
    ("B M E S", "the tags B, E, M, S have no types"),
    ("B_X I_X O NN", "most tags look like 'B_X', which begins one, but not 'NN'"),
    ("U-X L-X B-X NN", "most tags look like 'B-X', which begins one, but not 'NN'"),
    ("DET NOUN _ X", ""),
    ("NN-X VB-Y O", ""),
    ("N-S N-M O", ""),
    ("0 1", "the tags are numbers"),
])  # fmt: skip
def test_tags_that_mark_no_spans(tags, note):
    reading, standard = read(tags.split())
    assert reading.scheme is None and standard == tags.split()
    assert note in reading.note and bool(note) == bool(reading.note)


def test_a_tag_of_another_form_ends_a_span():
    reading = TagReading(scheme="bioes")
    assert reading(["B-X", "MISC", "L-X", "M-X", "E-X"]) == ["S-X", "MISC", "S-X", "B-X", "E-X"]
    tags = ["B-X", "MISC", "MISC", "U-X", "B_X", "I-X"]
    assert spans(tags, "bio") == [("X", 0, 1), ("MISC", 1, 3), ("U-X", 3, 4), ("B_X", 4, 5), ("X", 5, 6)]
