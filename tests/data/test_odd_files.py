"""What is odd is said and goes on; what cannot be right is refused in one sentence; nothing hangs."""

import csv
import json
import os
import re

import numpy as np
import pytest

from nlpseq.data import (
    load_clips,
    load_labelled_texts,
    load_parallel_texts,
    load_running_texts,
    load_tagged_sentences,
)
from nlpseq.data.files import paths
from nlpseq.data.files.delimited import read_delimited
from nlpseq.data.files.header import with_header_by
from nlpseq.data.series import read_series
from nlpseq.errors import InputError
from tests.data import shapes
from tests.data.shapes import ROWS, table


def load(folder, rows, **options):
    (folder / "a.csv").write_text(table(rows, ("text", "label")), encoding="utf-8")
    return load_labelled_texts(folder / "a.csv", **options)


def with_labels(change):
    return [(text, change(number, label)) for number, (text, label) in enumerate(ROWS)]


ODD = {
    "held out": (ROWS, "held out at random from the training split: 5 as validation and 6 as test"),
    "few": (ROWS, "the test split has 6 of the texts"),
    "no label": (
        with_labels(lambda i, c: "" if i in (3, 8) else c),
        "2 rows without a label are left out: lines 5, 10",
    ),
    "no text": ([*ROWS, (" ", "keep")], "1 row without a text is left out: line 62"),
    "case": (
        with_labels(lambda i, c: c.upper() if i % 3 else f" {c} "),
        "differ by case or blanks only.*'KEEP' and 'keep'",
    ),
    "measurements": (with_labels(lambda i, c: f"{i / 7:.3f}"), "look like measurements.* 60 different numbers"),
    "identifiers": (with_labels(lambda i, c: f"id {i}"), "60 different labels in 60 training examples"),
    "balance": ([*[(text, "keep") for text, _ in ROWS], *ROWS[:3]], "98% of the training examples are 'keep'"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_reported(tmp_path, capsys, name):
    rows, expected = ODD[name]
    data = load(tmp_path, rows)
    lines = capsys.readouterr().out.splitlines()
    assert tuple(line.removeprefix("note: ") for line in lines) == data.notes
    assert len([note for note in data.notes if re.search(expected, note)]) == 1, data.notes


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_columns_of_one_name(tmp_path, suffix):
    """The one that is asked for is not a guess; others are reported."""
    path = tmp_path / f"a.{suffix}"
    rows = [(text, label, str(number), str(-number)) for number, (text, label) in enumerate(ROWS)]
    for names in (("text", "label", "label", "id"), ("text", "label", "id", "id")):
        if suffix == "csv":
            path.write_text(table(rows, names))
        elif suffix == "jsonl":
            members = (", ".join(f'"{name}": {json.dumps(value)}' for name, value in zip(names, row)) for row in rows)
            path.write_text("".join(f"{{{row}}}\n" for row in members))
        else:
            pyarrow = pytest.importorskip("pyarrow")
            pytest.importorskip("pyarrow.parquet").write_table(
                pyarrow.Table.from_arrays([pyarrow.array(column) for column in zip(*rows)], names), path
            )
        if names[2] == "label":
            with pytest.raises(InputError, match=r"several columns called 'label': rename .* `label` the number"):
                load_labelled_texts(path)
        else:
            assert any("several columns of one name: 'id'" in note for note in load_labelled_texts(path).notes)


@pytest.mark.parametrize("load, header, options, match", [
    (load_tagged_sentences, "tokens,tags,tags", {}, "`tags`"),
    (load_tagged_sentences, "a,b,b", {"tokens": "a", "tags": "B"}, "`tags`"),
    (load_parallel_texts, "source,target,source", {}, "`source`"),
    (load_running_texts, "text,text,x", {}, "`text`"),
    (read_series, "time,y,y", {}, "`value`"),
    (read_series, "time,time,y", {}, "`time`"),
    (load_clips, "id,id,x", {}, "`sequence`"),
    (load_clips, "id,Label,label", {}, "`label`"),
])  # fmt: skip
def test_a_column_that_is_there_twice_is_not_guessed(tmp_path, load, header, options, match):
    (tmp_path / "a.csv").write_text(header + "\n2024-01-01,2,2\n2024-01-02,3,5\n2024-01-03,4,3\n")
    with pytest.raises(InputError, match=match):
        load(tmp_path / "a.csv", **options)


def test_nothing_is_reported_of_sound_data(tmp_path, capsys):
    rows = [(f"{text} {i}", label) for i in range(4) for text, label in ROWS]
    others = [[(f"{text} {split}", label) for text, label in rows] for split in ("v", "t")]
    load(tmp_path, rows, validation=others[0], test=others[1])
    assert capsys.readouterr().out == ""


def test_long_fields_leave_the_csv_module_alone(tmp_path):
    limit = csv.field_size_limit()
    rows = [(text + " and on" * 40_000 * (number == 3), label) for number, (text, label) in enumerate(ROWS)]
    data = load(tmp_path, rows)
    assert max(len(text) for text in data.train.texts) > 131_072 and csv.field_size_limit() == limit


def test_as_many_labels_as_texts(tmp_path):
    rows = [{"text": f"text {i}", "label": f"l{i}"} for i in range(50_000)]  # minutes if labels were searched in a list
    (tmp_path / "a.jsonl").write_text(shapes.jsonl(rows))
    assert len(load_labelled_texts(tmp_path / "a.jsonl").labels) == 50_000


RUSSIAN = "мама мыла раму, а папа читал газету вечером"
CHINESE = "我们明天去北京看朋友，然后吃饭。"


@pytest.mark.parametrize(
    "encoding, text, name",
    [
        ("latin-1", "caf\u00e9 \u00e0 la carte, d\u00e9j\u00e0 vu", "latin-1"),
        ("cp1252", "a \u201cquoted\u201d na\u00efve text", "cp1252"),
        ("cp1251", RUSSIAN, "cp1251"),
        ("latin-1", "Menge;Größe\n" + "3;é\n" * 200, "latin-1"),
        ("gb18030", CHINESE, "gb18030"),
        (
            "shift_jis",
            "\u660e\u65e5\u306f\u53cb\u9054\u3068\u6771\u4eac\u3078\u884c\u304d\u307e\u3059\u3002",
            "shift_jis",
        ),
    ],
)
def test_the_encoding_is_suggested(tmp_path, encoding, text, name):
    (tmp_path / "a.csv").write_bytes(b"text,label\n" + f'"{text}",x\n'.encode(encoding) * 20)
    with pytest.raises(
        InputError, match=f"line 2: the text is not UTF-8; if it is {name}, read it with `encoding` {name}"
    ):
        load_labelled_texts(tmp_path / "a.csv")


def test_japanese_and_a_cut_file_are_told_apart(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(("\u826f\u3044\u6620\u753b\u3067\u3059 no. 3\n" * 30).encode("shift_jis"))
    with pytest.raises(InputError, match="with `encoding` shift_jis"):
        load_running_texts(path)
    path.write_bytes("caf\u00e9 one\n".encode() * 30 + "\u00e9".encode()[:1])
    with pytest.raises(InputError, match="line 31: the file ends within a character"):
        load_running_texts(path)


@pytest.mark.parametrize("files, expected", [
    ({"a.txt": "one two\nthree\n", "b.txt": "4 five\n5 six\n"}, "no training file.*; it has a.txt, b.txt"),
    ({"chapter1.txt": "one two\nthree\n", "chapter2.txt": "four five\nsix\n"}, "no training file"),
    ({"a/x.csv": "a,b\n", "b/x.csv": "a,b\n"}, "no training file.*; it has folders: a, b"),
    ({"train-0-of-2.csv": "text,label\na,x\n", "train-1-of-2.csv": "a,b,c\nd,e,f\n"}, "have different columns"),
])  # fmt: skip
def test_folders_that_are_not_guessed(tmp_path, files, expected):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=expected):
        load_labelled_texts(tmp_path)


def test_random_delimited_values_come_back(tmp_path):
    """What the `csv` module writes is read, whatever is in the fields."""
    draw = np.random.default_rng(5)
    alphabet = list('ab,;|\t" \n\r\u00e9x')
    for number in range(60):
        fields = ["".join(draw.choice(alphabet, draw.integers(1, 9))) for _ in range(60)]
        rows = [(f"t{field}t", f"c{index % 3}") for index, field in enumerate(fields)]
        path = tmp_path / f"{number}.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=",;|"[number % 3]).writerows([("text", "label"), *rows])
        data = load_labelled_texts(path)
        actual = [text.decode() for split in data.sizes for text in getattr(data, split).texts]
        assert sorted(actual) == sorted(text for text, _ in rows)


def test_the_place_of_what_is_wrong(tmp_path):
    cases = {
        "a.csv": ('text,label\nfine,x\n"two\nlines",y\nodd,z,w\n', "a.csv, line 5: expected 2 columns, got 3"),
        "b.csv": ('text,label\nfine,x\n"open,y\n', "b.csv, line 3: a quote opens the field"),
        "c.jsonl": (json.dumps({"text": "a", "label": "b"}) + "\n{'text': 1}\n", "c.jsonl, line 2: not a JSON object"),
        "d.jsonl": ('{"text": ["a"], "label": "b"}\n', "d.jsonl, line 1, column 'text': expected a text"),
        "e.txt": ("it was a dark night\nand nobody came\n" * 9, "e.txt: no labels found"),
    }
    for name, (content, expected) in cases.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=expected):
            load_labelled_texts(tmp_path / name)


def test_what_is_no_data_in_a_folder(tmp_path):
    for name in ("b/2.csv", "a.csv", ".hidden.csv", "~$a.csv", ".git/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "dangling.csv").symlink_to("nowhere")
    assert paths.files_below(tmp_path) == [tmp_path / "a.csv", tmp_path / "b" / "2.csv"]


def test_a_label_that_is_a_usual_name_of_a_column(tmp_path):
    (tmp_path / "a.tsv").write_text("".join(f"{'ham' if i % 3 else 'spam'}\ttext no. {i}\n" for i in range(60)))
    data = load_labelled_texts(tmp_path / "a.tsv")
    assert sum(data.sizes.values()) == 60 and data.labels == ("ham", "spam")


def test_texts_of_several_columns_of_which_some_are_empty(tmp_path):
    rows = "".join(f"{i % 2},{'' if i % 3 else 'What?'},answer no. {i}\n" for i in range(60))
    (tmp_path / "a.csv").write_text("topic,question,passage\n" + rows + "1,,\n")
    data = load_labelled_texts(tmp_path / "a.csv")
    texts = {text for split in data.sizes for text in getattr(data, split).texts}
    assert len(texts) == 60 and {b"answer no. 1", b"What?\n\nanswer no. 3"} <= texts


def test_trees_of_sentiment(tmp_path):
    (tmp_path / "a.txt").write_text("(3 (2 Good) (3 (2 -LRB-) (2 fun)))\n(0 (1 Not) (2 so))\n" * 20)
    data = load_labelled_texts(tmp_path / "a.txt")
    assert data.labels == ("0", "3") and set(data.train.texts) == {b"Good ( fun", b"Not so"}


def test_columns_of_zeros_and_ones_without_a_label(tmp_path):
    rows = "".join(f"{i},text no. {i},{int(i % 2 == 0)},{int(i % 3 == 0)},1\n" for i in range(60))
    (tmp_path / "a.csv").write_text("id,comment_text,rude,loud,seen\n" + rows)
    data = load_labelled_texts(tmp_path / "a.csv")
    assert data.labels == ("loud", "rude") and any("columns of 0 and 1: rude, loud" in note for note in data.notes)


def test_missing_values_in_pairs():
    rows = [{"en": "a", "de": "b"}, {"en": float("nan"), "de": "c"}, {"en": "d", "de": None}] * 20
    data = load_parallel_texts(rows)
    assert sum(data.sizes.values()) == 20 and set(data.train.sources) == {b"a"}


def test_spans_that_overlap_or_leave_the_text():
    rows = [{"text": "New York City is big", "spans": [[0, 8, "LOC"], [0, 13, "LOC"], [9, 13, "X"]]}] * 30
    data = load_tagged_sentences(rows)
    tags = [data.labels[tag] for tag in data.train.tags[0]]
    assert tags == ["B-LOC", "I-LOC", "I-LOC", "O", "O"]
    with pytest.raises(InputError, match="row 30: the span 5 to 99 is not within its text of 4 characters"):
        load_tagged_sentences([*rows[1:], {"text": "a bc", "spans": [[5, 99, "LOC"]]}])


def test_spans_cut_words_and_languages_without_blanks():
    text = "\u53f6\u8001\u6842\u5728co-op's HQ"
    data = load_tagged_sentences([(text, {"entities": [(0, 3, "name"), (4, 9, "org")]})] * 30)
    assert list(data.train.tokens[0]) == [*"\u53f6\u8001\u6842\u5728", "co", "-", "op", "'s", "HQ"]
    assert [data.labels[tag] for tag in data.train.tags[0]][:7] == [
        "B-name", "I-name", "I-name", "O", "B-org", "I-org", "I-org",
    ]  # fmt: skip


def test_the_first_of_three_rows_is_no_header(tmp_path):
    (tmp_path / "a.tsv").write_text("a dog\tein Hund\nno cat\tkeine Katze\nold owls\talte Eulen\n")
    assert sum(load_parallel_texts(tmp_path / "a.tsv").sizes.values()) == 3


def test_quotes_behind_backslashes(tmp_path):
    content = "".join(f'"{i % 2}","He said \\"no, {i}\\", twice"\n' for i in range(60))
    (tmp_path / "a.csv").write_text(content)
    data = load_labelled_texts(tmp_path / "a.csv")
    texts = {text for split in data.sizes for text in getattr(data, split).texts}
    assert texts == {f'He said "no, {i}", twice'.encode() for i in range(60)}
    (tmp_path / "b.csv").write_text("".join(f'{i % 2},"a path C:{i}\\"\n' for i in range(60)))
    assert b"a path C:0\\" in load_labelled_texts(tmp_path / "b.csv").train.texts


def test_a_split_of_another_name_beside_training():
    tables = {name: Table({"text": ["a b", "c d"] * 60, "label": [0, 1] * 60}) for name in ("train", "unsupervised")}
    data = load_labelled_texts(tables)
    assert sum(data.sizes.values()) == 120 and any("unsupervised is no split" in note for note in data.notes)


class Table(dict):
    """What a table of a hub has: names of columns."""

    @property
    def column_names(self):
        return list(self)


def test_lists_of_ids_are_no_texts():
    with pytest.raises(InputError, match=r"row 1, column '1': expected a text, got \[1, 2\]"):
        load_labelled_texts(([[1, 2]] * 60, [0, 1] * 30))


def test_headers_that_are_repeated_or_long(tmp_path):
    rows = "".join(f"row no. {i},{'ab'[i % 2]}\n" for i in range(30))
    (tmp_path / "twice.csv").write_text("text,label\n" + rows + "text,label\n" + rows)
    data = load_labelled_texts(tmp_path / "twice.csv")
    assert data.labels == ("a", "b") and sum(data.sizes.values()) == 60
    assert any("header is repeated, which is left out: line 32" in note for note in data.notes)
    (tmp_path / "survey.csv").write_text("What did you think of it all?,How would you rate us?\n" + rows)
    assert load_labelled_texts(tmp_path / "survey.csv").labels == ("a", "b")


def test_json_of_examples_by_name(tmp_path):
    rows = {f"k{i}": {"text": f"text {i}", "label": "ab"[i % 2]} for i in range(40)}
    (tmp_path / "a.json").write_text(json.dumps(rows))
    assert sum(load_labelled_texts(tmp_path / "a.json").sizes.values()) == 40


def test_mails_by_class(tmp_path):
    for i in range(60):
        (tmp_path / ["ham", "spam"][i % 2]).mkdir(exist_ok=True)
        (tmp_path / ["ham", "spam"][i % 2] / f"{i}.eml").write_text(f"Subject: {i}\n")
    assert load_labelled_texts(tmp_path).labels == ("ham", "spam")


def test_answers_of_annotators(tmp_path, capsys):
    row = {"text": "Ada left", "spans": [{"start": 0, "end": 3, "label": "PER"}]}
    rows = [{**row, "answer": "accept"}, {**row, "answer": "reject"}] * 30
    assert sum(load_tagged_sentences(rows).sizes.values()) == 30
    assert "left out, as the answer is reject or ignore: 30 texts" in capsys.readouterr().out
    result = [{"type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}}]
    given = [{"was_cancelled": True, "result": []}, {"result": result}]
    data = load_tagged_sentences([{"data": {"text": "Ada left"}, "annotations": given}] * 30)
    assert [data.labels[tag] for tag in data.train.tags[0]] == ["B-PER", "O"]


def test_texts_of_test_that_training_has_too_are_counted(tmp_path):
    def said(load, train, test):
        return [note for note in load({"train": train, "test": test}).notes if "in training too" in note]

    tagged = [[(word, label) for word in text.split()] for text, label in ROWS]
    lines = [f"line {number} of a text that has words enough" for number in range(90)]
    assert said(load_labelled_texts, ROWS, [*ROWS[:2], ("a new one", "keep")]) == [
        "2 of the 3 test texts are in training too: a score counts what is remembered"
    ]
    assert said(load_tagged_sentences, tagged, tagged[:1])[0].startswith("1 of the 1 test sentences is")
    assert said(load_parallel_texts, [("a", "b"), ("c", "d")] * 20, [("a", "d")])[0].count("validation") == 1
    assert said(load_running_texts, lines, ["short", lines[3]])[0].startswith("1 of the 1 test lines of 8 words")
    assert not said(load_labelled_texts, ROWS, [("a new one", "keep")])


def test_what_stands_above_and_below_a_table_is_left_out(tmp_path):
    rows = "".join(f"{text.replace(',', '')},{label}\n" for text, label in ROWS)
    (tmp_path / "a.csv").write_text(f"Report\n\ntext,label\n{rows}\nSource: a survey\n", encoding="utf-8")
    data = load_labelled_texts(tmp_path / "a.csv")
    assert (
        sum(data.sizes.values()) == len(ROWS)
        and f"left out, above or below the table: lines 1, {5 + len(ROWS)}" in data.notes[0]
    )
    (tmp_path / "r.csv").write_text("text,label\n" + "".join(f"{i},{row}\n" for i, row in enumerate(rows.splitlines())))
    data = load_labelled_texts(tmp_path / "r.csv")
    assert sum(data.sizes.values()) == len(ROWS) and "the first holds their names" in data.notes[0]
    (tmp_path / "x.csv").write_text(f"Report,,\ntext,label,day\n{rows.replace(chr(10), ',1' + chr(10))}")
    assert sum(load_labelled_texts(tmp_path / "x.csv").sizes.values()) == len(ROWS)


@pytest.mark.parametrize(
    "text",
    [
        "text,label\n" + "".join(f"a text {number},b,{number}\n" for number in range(30)),  # no names of rows: texts
        "text,label\n" + "".join(f"c,a text {number},b\n" for number in range(30)),  # which recur
        "One text, with a comma\n" + "".join(f"{number},text {number},b\n" for number in range(30)),  # no header either
        "1,2\n" + "".join(f"{number},text {number},b\n" for number in range(30)),  # no header
        "text,label\n" + "".join(f"{number},a,b,c\n" for number in range(30)),  # no title
    ],
)
def test_a_first_row_that_is_shorter_is_neither_dropped_nor_filled_in_silence(text):
    with pytest.raises(InputError, match="line 2: expected 2 columns, got"):
        read_delimited(text, "a.csv")


@pytest.mark.parametrize(
    "text, names, rows",
    [
        ("Station,Oslo\nUnit,mm\ndate,rain,wind\nmon,1.5,\ntue,2,NA\nwed,3,4\n", ["date", "rain", "wind"], 3),
        ("Station,Oslo\ndate,rain,wind\nmon,1.5,3\ntue,2,4\nwed,3,4\n", ["date", "rain", "wind"], 3),
        ("mpg\tcyl\nMazda RX4\t21\t6\nDatsun 710\t22.8\t4\nHornet 4\t21.4\t6\n", ["", "mpg", "cyl"], 3),
        ("mpg,cyl\na,NA,NA\nb,22.8,4\nc,21.4,6\n", ["", "mpg", "cyl"], 3),
    ],
)
def test_lines_of_two_fields_above_a_header_and_names_of_rows(text, names, rows):
    table = read_delimited(text, "a.csv").with_header()
    assert (list(table.names), len(table)) == (names, rows) and ("left out" in table.note or "of R" in table.note)


def test_a_first_row_with_gaps_is_no_title():
    assert len(read_delimited("2024-01-01,,\n2024-01-02,1,2\n2024-01-03,2,3\n", "a.csv")) == 3


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("place,Rome\nheight,21\nday,rain,wind\n1,0.5,3\n2,0,4\n", ["1", "0.5", "3"]),  # pairs above a header
        ("Rain, by day\nday,rain,wind\n1,0.5,3\n2,0,4\n", ["1", "0.5", "3"]),  # a title with a comma
        ("Rain,,\na,2019,2020\nRome,3,4\nOslo,5,6\n", ["Rome", "3", "4"]),  # years are names
        ("text,,\nso it is,b,1\nhere,c,2\nthere,b,1\n", ["so it is", "b", "1"]),  # no title, but a header
        ("a,b\nMazda RX4,21,6\nHornet 4,18,8\n", ["Mazda RX4", "21", "6"]),  # names of rows as of R
        ("java,int x = f();\nc,int y;\njava,g();\n", ["java", "int x = f();"]),  # lines of programs
        ("a,b;\n1,pos;\n2,0.5;\n", ["1", "pos"]),  # a mark at the end of each line
        ("| a | b |\n|---|:-:|\n| so it is | 1 |\n| here | 2 |\n", ["", "so it is", "1"]),  # of Markdown
        (" a | b \n---+---\n so it is | 1\n here | 2\n", ["so it is", "1"]),  # of a database
    ],
)
def test_the_first_row_behind_a_header(text, first):
    table = with_header_by(read_delimited(text, "a.csv"), lambda cells: "a" in cells or "text" in cells)
    assert [table.column(index)[0] for index in range(len(table.names))] == first
