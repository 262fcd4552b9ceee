"""Forms of tagged sentences that tools and datasets write, and what they add to sentences."""

import json

import pytest

from nlpseq.data import load_tagged_sentences
from nlpseq.errors import InputError

WORDS, TAGS = ["play", "the", "wall", "now"], ["O", "B-album", "I-album", "O"]


def read(data):
    data = load_tagged_sentences(data)
    return data.train.tokens[0], [data.labels[tag] for tag in data.train.tags[0]], data


@pytest.mark.parametrize("row", [
    {"data": [{"text": "play "}, {"text": "the wall", "entity": "album"}, {"text": " now"}]},
    {"text": "play the wall now", "label": {"album": {"the wall": [[5, 12]]}}},
    {"utt": "play the wall now", "annot_utt": "play [album : the wall] now"},
    {"content": "play the wall now", "annotation": [
        {"label": ["album"], "points": [{"start": 5, "end": 12, "text": "the wall"}]}, {"label": [], "points": []}
    ]},
    {"content": "play the wall now", "annotation": [{"label": "album", "points": [{"start": 5, "end": 12}]}]},
    {"content": "play the wall now", "annotation": [{"label": ["album"], "points": [{"start": 5.0, "end": "12"}]}]},
])  # fmt: skip
def test_forms_of_spans(row):
    assert read([row] * 40)[:2] == (WORDS, TAGS)


def test_spans_without_labels_or_offsets_and_texts_without_spans(capsys):
    whole, point = {"label": "album", "points": [{"start": 5, "end": 12}]}, [{"start": 0, "end": 3}]
    rows = [{"content": "play the wall now", "annotation": [whole, {"label": None, "points": point}]}] * 40
    rows[3] = {"content": "play the wall now", "annotation": None}
    tokens, tags, data = read(rows)
    said = capsys.readouterr().out
    assert (tokens, tags) == (WORDS, TAGS) and "they have no label: 39 spans" in said
    assert sum(data.sizes.values()) == 39 and "nobody has annotated it: 1 row" in said
    for part in ({"label": "album", "points": [{"start": 5, "end": None}]}, {"start": None, "end": 3, "label": "a"}):
        with pytest.raises(InputError, match=r"row 2: a span has no start or no end: give both"):
            read([rows[0], {"content": "play the wall now", "annotation": [part]}])


def test_errors_in_spans_name_the_file(tmp_path):
    rows = [{"text": "Ada left", "label": [[0, end, "PER"]]} for end in (3, 99)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f'{row["text"]},"{row["label"]}"\n' for row in rows))
    for name in ("a.jsonl", "a.csv"):
        with pytest.raises(InputError, match=f"^{tmp_path / name}, row 2: the span 0 to 99 is not within"):
            read(tmp_path / name)


def test_spans_keep_their_splits(tmp_path):
    rows = [{"annot_utt": "play [album : the wall] now", "partition": split} for split in ("train", "dev", "test")]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows for _ in range(30)))
    assert read(tmp_path / "a.jsonl")[2].sizes == {"train": 30, "validation": 30, "test": 30}


def test_rows_beside_lists_of_names(tmp_path):
    rows = [["play the wall now", {"entities": [[5, 13, "album"]]}]] * 40
    (tmp_path / "a.json").write_text(json.dumps({"classes": ["album"], "annotations": rows}))
    assert read(tmp_path / "a.json")[:2] == (WORDS, TAGS)


def test_arrays_as_numpy_prints_them(tmp_path):
    (tmp_path / "a.csv").write_text("tokens,ner_tags\n" + "\"['play' 'the' 'wall' 'now']\",[0 1 2 0]\n" * 40)
    tokens, tags, data = read(tmp_path / "a.csv")
    assert (tokens, tags) == (WORDS, ["0", "1", "2", "0"]) and "the tags are numbers" in data.notes[0]


def test_marks_around_sentences_and_before_tokens_are_left_out(tmp_path):
    lines = f"BOS {' '.join(WORDS)} EOS\tO {' '.join(TAGS)} play_music\n" * 40
    (tmp_path / "a.iob").write_text(lines)
    assert read(tmp_path / "a.iob")[:2] == (WORDS, TAGS)
    pairs = [(f"en:{word}", tag) for word, tag in zip(WORDS, TAGS)]
    tokens, _, data = read([pairs] * 40)
    assert tokens == WORDS and "'en:' before each token is left out" in data.notes
    assert read([[*pairs, ("else", "O")]] * 40)[0][0] == "en:play"


def test_files_of_no_split_are_parts_of_one_set(tmp_path):
    for number in range(4):
        (tmp_path / f"ca{number}").write_text("the/at wall/nn\n\nplay/vb now/rb\n" * 10)
    _, _, data = read(tmp_path)
    assert sum(data.sizes.values()) == 80 and data.notes[0].endswith("are one set, from ca0 to ca3")
