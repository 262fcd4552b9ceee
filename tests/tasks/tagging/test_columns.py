"""Files of columns and CoNLL-U: what is read, which file is which split, and what is wrong with bad ones."""

import re

import pytest

from nlpseq.data.files.contents import read_lines
from nlpseq.errors import InputError
from nlpseq.tasks.tagging.columns import column_files, sentences_of_lines

CONLL = """-DOCSTART- -X- -X- O

Rex NNP I-NP B-PER
barks VBZ I-VP O

# NN I-NP O
Prague NNP I-NP B-LOC
"""
CONLLU = """# text = It's fine.
1-2\tIt's\t_\t_\t_\t_\t_\t_\t_\t_
1\tIt\tit\tPRON\tPRP\t_\t3\tnsubj\t_\t_
2\t's\tbe\tAUX\tVBZ\t_\t3\tcop\t_\t_
3\tvery fine\tfine\tADJ\tJJ\t_\t0\troot\t_\t_
3.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_

#1
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_
"""


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def read_sentences(path, encoding=None, **options):
    return sentences_of_lines(path, read_lines(path, encoding), **options)


def read(path, **options):
    return read_sentences(path, **options)[:2]


def fails(match, path, **options):
    with pytest.raises(InputError, match=match) as caught:
        read_sentences(path, **options)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message and len(message) < 400


def test_columns_of_conll(tmp_path):
    path = write(tmp_path / "a.txt", CONLL)
    tokens, tags, place, notes = read_sentences(path)
    assert tokens == [["Rex", "barks"], ["#", "Prague"]]
    assert tags == [["B-PER", "O"], ["O", "B-LOC"]]
    assert place(1, 1) == f"{path}, line 7" and notes == ()
    assert read(path, tags="3")[1] == [["I-NP", "I-VP"], ["I-NP", "I-NP"]]
    assert read(path, tokens=2, tags="1") == ([["NNP", "VBZ"], ["NN", "NNP"]], tokens)


def test_comments_are_told_from_a_token_by_the_number_of_columns(tmp_path):
    text = "# made by hand\nRex\tNNP\n#\n#\tSYM\n# two\n\n#x\tNN\n"
    assert read(write(tmp_path / "a.txt", text)) == ([["Rex", "#"], ["#x"]], [["NNP", "SYM"], ["NN"]])


@pytest.mark.parametrize("text, tokens, note", [
    ("# SYM\nRex NNP\n\n# SYM\n1 CD\n", "# Rex # 1", ""),
    ("# newdoc\nRex NNP\n\n# SYM\n1 CD\n", "Rex # 1", ""),
    ("# Ada\nRex NNP\n\n# Bo\n1 CD\n\nin IN\n", "Rex 1 in", "not as tokens: 1, 4$"),
    ("# ADA\nRex NNP\n\n# BO\n1 CD\n\n# CY\nin IN\n", "Rex 1 in", "not as tokens: 1, 4, 7$"),
    ("# O\nRex id\n\n# id\n1 O\n", "# Rex # 1", ""),
    ("# SYM N=1 B\nRex NNP N=1 O\n", "# Rex", ""),
    ("# train O\nRex x O\n\nhe x O\n", "Rex he", ""),
    ("# one O\nRex x O\n\nhe x O\n", "# Rex he", ""),
    ("# one O\nRex x O\n\n# two O\nhe x O\n\n# six O\nhi x O\n", "Rex he hi", "not as tokens: 1, 4, 7$"),
    ("# x O\nRex x O\n\n# x O\nhe x O\n\n# x O\nhi x O\n", "# Rex # he # hi", ""),
    ("#\tid=3\nRex\tO\n\n#\tO\nhe\tO\n", "Rex # he", ""),
])  # fmt: skip
def test_signs_before_a_sentence(tmp_path, text, tokens, note):
    """No token is lost in silence."""
    path = write(tmp_path / "a.txt", text)
    sentences, _, _, notes = read_sentences(path)
    assert " ".join(word for sentence in sentences for word in sentence) == tokens
    assert re.search(note, notes[0]) if note else notes == ()


@pytest.mark.parametrize("text, note", [
    ("0 Rex O\n1 runs B-X\n\n0 I O\n", "tokens are column 2, tags column 3"),
    ("1\tRex\tNNP\tO\n2\truns\tVB\tB-X\n\n1\tI\tPRP\tO\n", "tokens are column 2, tags column 4"),
    ("0 Rex O\n1 runs B-X\n\n2 I O\n", "tokens are column 2, tags column 3"),
    ("#\thttp://x [2009]\n1\tRex\tO\tO\n2\truns\tB-X\tO\n\n# y\n1\tI\tO\tO\n", "tags column 3"),
    ("1\tRex\tO\tO\n2\truns\tB-X\tB-X\n\n1\tI\tO\tO\n", "tokens are column 2, tags column 3"),
    ("1 Rex B-NP O\n2 runs B-VP B-X\n\n1 I B-NP O\n", "tokens are column 2, tags column 4"),
])  # fmt: skip
def test_a_column_that_counts_the_tokens(tmp_path, text, note):
    path = write(tmp_path / "a.tsv", text)
    tokens, tags, _, notes = read_sentences(path)
    assert tokens == [["Rex", "runs"], ["I"]] and tags == [["O", "B-X"], ["O"]]
    assert len(notes) == 1 and "column 1 counts the tokens" in notes[0] and note in notes[0]
    assert read(path, tokens=1)[0][0][0] in ("0", "1")


@pytest.mark.parametrize("text", ["1 CD O\n\n2 CD O\n", "1 CD O\n3 CD O\n", "1 CD\n2 CD\n", "1 CD O\nin IN O\n"])
def test_numbers_that_are_tokens(tmp_path, text):
    assert read(write(tmp_path / "a.txt", text))[0][0][0] == "1"


def test_a_header_with_a_number_first(tmp_path):
    path = write(tmp_path / "a.txt", "idx word pos ner\n0 Rex NNP O\n1 runs VB B-X\n")
    assert read(path) == ([["Rex", "runs"]], [["O", "B-X"]]) and read(path, tags="POS")[1] == [["NNP", "VB"]]


def test_conllu_in_a_file_of_another_name(tmp_path):
    tokens, tags, place, notes = read_sentences(write(tmp_path / "a.txt", CONLLU))
    assert (tokens, tags) == read(write(tmp_path / "a.conllu", CONLLU)) and place(1, 0).endswith("line 9")
    assert len(notes) == 1 and "is read as CoNLL-U: tokens are column 2, tags column 4" in notes[0]


def test_columns_of_conllu(tmp_path):
    path = write(tmp_path / "a.conllu", CONLLU)
    assert read(path) == ([["It", "'s", "very fine"], ["Yes"]], [["PRON", "AUX", "ADJ"], ["INTJ"]])
    assert read(path, tokens="lemma", tags="deprel")[0][1] == ["yes"]
    assert read(path, tags="xpos") == read(path, tags=5)


@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace(" ", "\t"),
    lambda text: text.replace(" ", "  ").replace("\n\n", "\n \t\n\n\n"),
    lambda text: "\ufeff" + text.removesuffix("\n"),
    lambda text: text.replace("\nRex", "\n  Rex"),
])  # fmt: skip
def test_ends_of_lines_and_blanks_change_nothing(tmp_path, change):
    expected = read(write(tmp_path / "a.txt", CONLL))
    assert read(write(tmp_path / "b.txt", change(CONLL))) == expected


@pytest.mark.parametrize("space", ["\u00a0", "\u2028", "\x85", "\x0c"])
def test_other_spaces_belong_to_the_token(tmp_path, space):
    path = write(tmp_path / "a.txt", f"1{space}000 NUM\nkm NOUN\n")
    assert read(path)[0] == [[f"1{space}000", "km"]]


@pytest.mark.parametrize("names, expected", [
    (["train.txt", "valid.txt", "test.txt", "README.md"], ["train.txt", "valid.txt", "test.txt"]),
    (["eng.train", "eng.testa", "eng.testb"], ["eng.train", "eng.testa", "eng.testb"]),
    (["training.bio", "val.iob2"], ["training.bio", "val.iob2", None]),
    (["esp.train", "esp.dev", ".train.txt", "train.zip"], ["esp.train", "esp.dev", None]),
    (
        ["en_x-ud-train.conllu", "en_x-ud-dev.conllu", "en_x-ud-train.txt", "en_x-ud-test.txt"],
        ["en_x-ud-train.conllu", "en_x-ud-dev.conllu", None],
    ),
])  # fmt: skip
def test_the_files_of_a_folder(tmp_path, names, expected):
    for name in names:
        write(tmp_path / name, CONLL)
    files = column_files(str(tmp_path))
    assert [
        "".join(file.name for file in files.get(key, [])) or None for key in ("train", "validation", "test")
    ] == expected


def test_folders_without_a_training_file_or_with_two(tmp_path):
    write(tmp_path / "test.txt", CONLL)
    with pytest.raises(InputError, match="has no training file: expected train.txt, eng.train"):
        column_files(str(tmp_path))
    write(tmp_path / "train.txt", CONLL)
    write(tmp_path / "en.train", CONLL)
    with pytest.raises(InputError, match="has en.train and train.txt for one split: keep one"):
        column_files(str(tmp_path))


@pytest.mark.parametrize("text, options, match", [
    ("a X I-NP O\nb X\n", {}, "line 2: expected at least 4 columns, got 2"),
    ("a X\nb X O\n", {}, "line 2: expected 2 columns as in line 1, got 3: give the column of the tags with `tags`"),
    ("a\nb\n", {}, "line 1: expected at least 2 columns, got 1"),
    ("a X\n\nb\n", {"tags": "2"}, "line 3: expected at least 2 columns, got 1"),
    ("a X\n", {"tags": "7"}, "line 1: expected at least 7 columns, got 2"),
    ("a\tX\nb\t\n", {}, "line 2: column 2 is empty"),
    ("\n\n \n", {}, "line 3: the file ends without a sentence"),
    ("# a comment\n", {}, "line 1: the file ends without a sentence"),
    ("", {}, "line 1: the file ends without"),
    ("a X\n", {"tags": "ner"}, "no column 'ner': give its number, from 1"),
    ("a X\n", {"tokens": 0}, "column '0': give its number, from 1"),
    ("a X\n", {"tags": -1}, "column '-1': give its number, from 1"),
    ("a X\n", {"encoding": "klingon"}, "unknown `encoding` 'klingon'"),
    ("a X\n", {"encoding": "latin1x"}, "did you mean latin-1"),
    ("a X\n", {"encoding": "base64"}, "unknown `encoding` 'base64'"),
])  # fmt: skip
def test_bad_files_of_columns(tmp_path, text, options, match):
    fails(match, write(tmp_path / "a.txt", text), **options)


@pytest.mark.parametrize("text, options, match", [
    ("1\tIt\tit\n", {}, "line 1: expected at least 4 columns, got 3"),
    (CONLLU, {"tags": "upoz"}, "no column 'upoz': did you mean upos"),
    (CONLLU, {"tags": "11"}, "line 3: expected at least 11 columns, got 10"),
    ("# text = nothing\n\n", {}, "line 2: the file ends without a sentence"),
])  # fmt: skip
def test_bad_conllu(tmp_path, text, options, match):
    fails(match, write(tmp_path / "a.conllu", text), **options)


def test_encodings(tmp_path):
    path = write(tmp_path / "a.txt", "the DET\ncaf\xe9 NOUN\n", "latin-1")
    fails("line 2: the text is not UTF-8.*with `encoding` latin-1", path)
    assert read(path, encoding="latin-1")[0] == [["the", "caf\xe9"]]
    fails("line 2: the text is not ASCII.*with `encoding` utf-8", path, encoding="ascii")


def test_missing_file(tmp_path):
    fails("cannot read .*no such file", tmp_path / "absent.txt")
