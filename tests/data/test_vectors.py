"""Word vectors: every form of file gives the same rows; each damage one sentence."""

import gzip

import numpy as np
import pytest

from nlpseq.data import WordVectors
from nlpseq.errors import InputError

WORDS = ["the", "Paris", ",", ". .", "0", "rare", "NASA", "été"]
VECTORS = np.random.default_rng(5).normal(size=(len(WORDS), 3)).astype("float32")


def text(words=WORDS, vectors=VECTORS, end="\n"):
    return "".join(f"{word} {' '.join(map(repr, map(float, row)))}{end}" for word, row in zip(words, vectors)).encode()


def binary(words=WORDS, vectors=VECTORS, end=b""):
    rows = b"".join(word.replace(" ", "").encode() + b" " + row.tobytes() + end for word, row in zip(words, vectors))
    return f"{len(words)} {vectors.shape[1]}\n".encode() + rows


def saved(path, array=VECTORS, words=WORDS):
    np.save(path, array)
    path.with_suffix(".txt").write_text("".join(f"{word}\n" for word in words))


FORMS = {
    "glove.txt": lambda: text(),
    "windows.txt": lambda: text(end="\r\n"),
    "marked.txt": lambda: b"\xef\xbb\xbf" + text(),
    "fasttext.vec": lambda: f"{len(WORDS)} 3\n".encode() + text(end=" \n"),
    "glove.txt.gz": lambda: gzip.compress(text()),
    "word2vec.bin": lambda: binary(),
    "lines.bin": lambda: binary(end=b"\n"),
    "word2vec.bin.gz": lambda: gzip.compress(binary()),
}


@pytest.mark.parametrize("name", [*FORMS, "array.npy"])
def test_every_form_gives_the_same_rows(tmp_path, name):
    path = tmp_path / name
    if name == "array.npy":
        saved(path)
    else:
        path.write_bytes(FORMS[name]())
    vectors = WordVectors(path)
    rows, has_vector = vectors.rows(["été", "the", "missing", "0"])
    assert vectors.size == 3 and has_vector.tolist() == [True, True, False, True]
    np.testing.assert_array_equal(rows, [VECTORS[7], VECTORS[0], np.zeros(3), VECTORS[4]])


def test_another_case_is_the_second_choice(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text(["Paris", "paris", "Rome", "rome", "Oslo"]))
    rows, has_vector = WordVectors(path).rows(["paris", "ROME", "oslo", "OSLO", "Rome"])
    assert has_vector.tolist() == [True] * 5
    np.testing.assert_array_equal(rows, VECTORS[[1, 3, 4, 4, 2]])


def test_shares_are_reported_and_of_a_repeated_word_the_first_row_counts(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text(["good", "other", "good"]))
    vectors = WordVectors(path)
    assert vectors.find({"good": 3, "dull": 1}) == {"good"}
    np.testing.assert_array_equal(vectors.rows(["good"])[0], VECTORS[:1])
    assert "1 of 2 words (50.0%), and 75.0% of the running words; the file has 1 of them twice" in vectors.summary()


def test_the_first_word_may_have_blanks(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text(["New York", "in 2 days", *WORDS[2:]]))
    assert WordVectors(path).size == VECTORS.shape[1]
    np.testing.assert_array_equal(WordVectors(path).rows(["New York", "in 2 days"])[0], VECTORS[:2])


def cut(content, number):
    """Text in which a line has lost its last number."""
    lines = content.split(b"\n")
    lines[number - 1] = lines[number - 1].rsplit(b" ", 1)[0]
    return b"\n".join(lines)


BAD = {
    "another table": (b"text\tlabel\ngood film\t1\n", "line 1: expected a word and the numbers of its vector, got"),
    "counts of words": (b"the 23135851162\nof 13151942776\n", "line 1: expected a word and the numbers"),
    "empty": (b"", "line 1: expected a word and the numbers"),
    "fewer numbers": (cut(text(), 6), "line 6: expected a word and 3 numbers, got 2 numbers: the file is damaged"),
    "an empty line": (text()[:-1] + b"\n\n", "line 9: expected a word and 3 numbers, got 0"),
    "no number": (text().replace(b"rare ", b"rare x"), "line 6: expected a word and 3 numbers, got"),
    "not finite": (text(vectors=np.full((8, 3), np.nan)), "line 6: the vector of 'rare' has a number that is not"),
    "fewer lines": (b"9 3\n" + text(), "line 10: its first line promises 9 vectors, and there are 8"),
    "cut binary": (binary()[:-1], "vector 8 of 8: the file ends or is damaged there"),
    "more than memory": (b"2 99999999999999\na " + bytes(9), "vector 1 of 2: the file ends or is damaged there"),
    "cut gzip": (gzip.compress(text() * 99)[:-40], "the compressed data are damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_damage_gets_one_sentence(tmp_path, name):
    content, message = BAD[name]
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        WordVectors(path).rows(["rare"])
    assert str(path) in str(caught.value) and str(caught.value).count(". ") == 0


def test_arrays_without_words_or_of_another_shape(tmp_path):
    path = tmp_path / "vectors.npy"
    np.save(path, VECTORS)
    with pytest.raises(InputError, match=r"needs the words of its rows, one in each line, in vectors\.txt beside it"):
        WordVectors(path)
    saved(path, words=WORDS[1:])
    with pytest.raises(InputError, match=r"has 7 lines, and vectors\.npy has 8 rows"):
        WordVectors(path)
    for array in (VECTORS[0], np.arange(6).reshape(2, 3), np.array([["x"]], object)):
        saved(path, array)
        with pytest.raises(InputError, match="expected an array of floats|is damaged, or holds no array of numbers"):
            WordVectors(path)
    with pytest.raises(InputError, match="cannot read .*: no such file"):
        WordVectors(tmp_path / "missing.txt")
