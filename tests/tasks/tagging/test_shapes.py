"""Tagged sentences in every shape of file."""

import pytest

from nlpseq.data import load_tagged_sentences
from tests.data.contents import everything, sentences_of
from tests.data.shapes import SENTENCES
from tests.tasks.tagging.shapes import SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_tagged_sentences(tmp_path, shape):
    path, options = SHAPES[shape](tmp_path)
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


def test_pairs_in_sentences_of_two_tokens():
    """Lists of two lists of two: pairs, as JSON has them; a tuple of two lists has tokens and tags."""
    for sentence in ([["a", "O"], ["b", "B-X"]], [("a", "O"), ("b", "B-X")], (["a", "b"], ["O", "B-X"])):
        data = load_tagged_sentences([sentence] * 60)
        assert sentences_of(data) == [[("a", "O"), ("b", "B-X")]] * 60
