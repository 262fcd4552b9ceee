"""Tags of spans: legality, spans as the CoNLL script counts them, and conversions."""

import itertools

import pytest

from nlpseq.errors import InputError
from nlpseq.tag_schemes import (
    check_tags,
    convert,
    guess_scheme,
    is_legal,
    repair,
    scheme_of_most,
    spans,
    without_bilou,
)

TAGS = {
    "bio": ["O", "B-X", "I-X", "B-Y", "I-Y"],
    "iob1": ["O", "B-X", "I-X", "B-Y", "I-Y"],
    "bioes": ["O", "B-X", "I-X", "E-X", "S-X", "S-Y"],
}


@pytest.mark.parametrize(
    "text, scheme, expected",
    [
        ("O B-X I-X O B-Y", "bio", [("X", 1, 3), ("Y", 4, 5)]),
        ("B-X B-X I-Y", "bio", [("X", 0, 1), ("X", 1, 2), ("Y", 2, 3)]),
        ("I-X I-X B-X O I-Y", "iob1", [("X", 0, 2), ("X", 2, 3), ("Y", 4, 5)]),
        ("S-X B-X I-X E-X S-Y", "bioes", [("X", 0, 1), ("X", 1, 4), ("Y", 4, 5)]),
        ("B-X S-X", "bioes", [("X", 0, 1), ("X", 1, 2)]),
        ("", "bio", []),
        ("O I-X", "bio", [("X", 1, 2)]),
    ],
)
def test_spans(text, scheme, expected):
    assert spans(text.split(), scheme) == expected


@pytest.mark.parametrize("source, target", itertools.permutations(TAGS, 2))
def test_conversion_keeps_the_spans_of_every_legal_sequence(source, target):
    for length in range(5):
        for tags in itertools.product(TAGS[source], repeat=length):
            if is_legal(tags, source):
                converted = convert(tags, source, target)
                assert is_legal(converted, target), (tags, converted)
                assert spans(converted, target) == spans(tags, source)
                if source != "iob1":
                    assert convert(converted, target, source) == list(tags)


@pytest.mark.parametrize(
    "tags, scheme, legal",
    [
        ("O I-X", "bio", False),
        ("B-X I-Y", "bio", False),
        ("B-X I-X B-X", "bio", True),
        ("B-X", "iob1", False),
        ("I-X B-X", "iob1", True),
        ("I-X B-Y", "iob1", False),
        ("B-X", "bioes", False),
        ("B-X E-X", "bioes", True),
        ("S-X I-X", "bioes", False),
        ("B-X O", "bioes", False),
        ("", "bioes", True),
    ],
)
def test_what_is_legal(tags, scheme, legal):
    assert is_legal(tags.split(), scheme) is legal


@pytest.mark.parametrize(
    "tags, expected",
    [
        ("O B-X I-X", "bio"),
        ("O S-X B-Y E-Y", "bioes"),
        ("NOUN VERB", None),
        ("O B-X NOUN", None),
        ("O", None),
    ],
)
def test_the_scheme_of_a_set_of_tags(tags, expected):
    assert guess_scheme(tags.split()) == expected


def test_a_tag_that_does_not_fit_is_named():
    with pytest.raises(InputError, match="'E-X' does not fit the scheme bio"):
        check_tags(["O", "E-X"], "bio")


@pytest.mark.parametrize("counts, expected", [
    ({"O": 5, "B-X": 2, "X-Y": 1}, "bio"),
    ({"O": 5, "I-X": 2, "I-": 1}, "bio"),
    ({"O": 5, "S-X": 2, "Q": 1}, "bioes"),
    ({"O": 1, "B-X": 2, "NOUN": 9}, None),
    ({"B-X": 2, "I-X": 2}, "bio"),
    ({"B-X": 2, "I-X": 2, "Q": 1}, None),
    ({"O": 2}, None),
    ({}, None),
])  # fmt: skip
def test_the_scheme_of_tags_with_mistakes_among_them(counts, expected):
    assert scheme_of_most(counts) == expected


@pytest.mark.parametrize("scheme", TAGS)
def test_a_sequence_made_legal_keeps_its_spans_and_legal_ones_stay(scheme):
    for length in range(5):
        for tags in itertools.product(TAGS[scheme], repeat=length):
            changed = repair(tags, scheme)
            assert is_legal(changed, scheme) and spans(changed, scheme) == spans(tags, scheme)
            assert changed == tags or not is_legal(tags, scheme)


def test_iob1_made_legal_in_bio_is_bio():
    for tags in itertools.product(TAGS["iob1"], repeat=4):
        if is_legal(tags, "iob1"):
            assert list(repair(tags, "bio")) == convert(tags, "iob1", "bio")


def test_letters_of_bilou():
    tags = ["B-X", "I-X", "L-X", "U-Y", "O", "L", "U"]
    assert [without_bilou(tag) for tag in tags] == ["B-X", "I-X", "E-X", "S-Y", "O", "L", "U"]
