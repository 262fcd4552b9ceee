"""Files that are hostile or random get one sentence or an answer, and nothing hangs."""

import gzip
import json
import os
import random
import zipfile
from pathlib import Path

import pytest

from nlpseq.data import load_labelled_texts, load_parallel_texts, load_running_texts, load_speech, load_tagged_sentences
from nlpseq.data.files.audio import read_audio
from nlpseq.data.files.contents import MOST_FREE
from nlpseq.data.series import read_series
from nlpseq.errors import InputError
from nlpseq.tasks.clips import own
from nlpseq.tasks.clips.frames import ReadingOptions
from tests.data.shapes import table
from tests.tasks.classification.shapes import PLAIN

LOADERS = (load_labelled_texts, load_tagged_sentences, load_parallel_texts, load_running_texts)


def read_clips(path):
    return own.read(path, ReadingOptions())


def nested(depth):
    return '{"text": ' + "[" * depth + "]" * depth + ', "label": 1}\n'


def write_hostile(folder):
    """Files that are not what they look like, by name."""
    noise = random.Random(7).randbytes(20_000)
    contents = {
        "empty.csv": b"",
        "blank.csv": b"\n\n \n",
        "nul.csv": b"text,label\nno\0,x\n",
        "zeros.txt": bytes(1 << 20),
        "noise.csv": noise,
        "noise.txt": noise,
        "noise.jsonl": noise,
        "noise.tsv": noise,
        "noise.conll": noise,
        "noise.xlsx": noise,
        "noise.parquet": noise,
        "noise.tmx": noise,
        "noise.gz": b"\x1f\x8b" + noise,
        "noise.bz2": b"BZh9" + noise,
        "noise.xz": b"\xfd7zXZ\x00" + noise,
        "noise.zip": b"PK\x03\x04" + noise,
        "cut.csv.gz": gzip.compress(PLAIN.encode())[:-20],
        "bomb.txt.gz": gzip.compress(bytes(b" " * (3 * MOST_FREE))),
        "deep.json": nested(200_000).encode(),
        "deep.jsonl": (nested(200_000) * 2).encode(),
        "deeper.json": b'{"a":' * 200_000,
        "objects.jsonl": ('{"a":' * 300 + "1" + "}" * 300).encode(),
        "lone.jsonl": b'{"text": "\\ud83d", "label": "\\udc00"}\n' * 30,
        "number.json": b"5",
        "string.json": b'"text"',
        "null.json": b"null",
        "array.json": b"[]",
        "object.json": b"{}",
        "long.json": b"[" + b"9" * 5000 + b"]",
        "types.jsonl": b'{"text": {"x": [1]}, "label": [[1]]}\n{"text": 1e400, "label": NaN}\n',
        "mixed.json": b'[{"text": "a"}, 3, null]',
        "utf16.csv": b"\xff\xfe" + noise[:1001],
        "utf32.txt": b"\xff\xfe\0\0abc",
        "surrogates.txt": "a \ud800 b\n".encode("utf-8", "surrogatepass") * 30,
        "quote.csv": b'text,label\n"open,x\n' * 30,
        "wide.csv": b"text,label\n" + b"a,b,c\n" * 30,
        "narrow.csv": b"text,label\na\n",
        "commas.csv": b"," * 100_000,
        "tabs.tsv": b"\t" * 100_000,
        "xml.tmx": b"<tmx><body><tu>",
        "laughs.tmx": b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
        b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><tmx><tu><tuv lang="en"><seg>&b;</seg></tuv></tu></tmx>',
        "columns.conll": b"a\nb c d\n",
        "slash.txt": b"a/ /b c/D\n",
        "tags.jsonl": b'{"tokens": ["a"], "tags": ["x", "y"]}\n' * 30,
        "ints.jsonl": b'{"tokens": 5, "tags": 6}\n' * 30,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("a.csv", PLAIN)
        archive.writestr("b.csv", PLAIN)
    os.mkfifo(folder / "pipe.csv")
    for name, target in {"zero.txt": "/dev/zero", "loop.csv": "loop.csv", "memory.jsonl": "/proc/self/mem"}.items():
        (folder / name).symlink_to(target)
    with open(folder / "sparse.csv", "wb") as file:
        file.truncate(1 << 33)
    (folder / "folder.csv").mkdir()
    (folder / "folder").mkdir()
    for name in ("train.csv", "test.jsonl"):
        (folder / "folder" / name).mkdir()
    os.mkfifo(folder / "folder" / "train.txt")
    return [
        *sorted(folder.iterdir()),
        folder / "absent.csv",
        folder / "a\0b.csv",
        folder / ("x" * 300 + ".csv"),
        "~nobody/x.csv",
    ]


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
def test_hostile_files_get_one_sentence_or_an_answer(tmp_path, load):
    answered = []
    for path in write_hostile(tmp_path):
        try:
            load(str(path))
            answered.append(os.path.basename(path))
        except InputError as error:
            message = str(error)
            assert "\n" not in message and len(message) < 500, message
    assert not {"pipe.csv", "zero.txt", "noise.txt", "noise.gz", "bomb.txt.gz", "sparse.csv", "deep.json"} & set(
        answered
    )


CELLS = [
    *("", "1", "2.5", "1,5", "nan", "inf", "1e999", "9" * 40, "-", "\u0661", "a", "B-X I-X", "O", "en", "#", "[1, 2]"),
    *("2024-01-01", "2024-13-01", "1.2.2024", "2024Q5", "2024-W60", "0001-01-01", "24:00", '{"a": 1}'),
    *("\ufeff", "\x85", "\ud800"),
]
NAMES = [
    "time",
    "date",
    "year",
    "month",
    "value",
    "y",
    "id",
    "item",
    "label",
    "text",
    "tags",
    "start",
    "x1",
    "x2",
    "en",
    "de",
    "",
]


def random_values(random, rows):
    """A column of one kind, or of all kinds."""
    kind = random.randrange(5)
    if kind == 0:
        return [f"2024-{1 + row // 28:02d}-{1 + row % 28:02d}" for row in range(rows)]
    if kind == 1:
        return [f"{random.gauss(0, 1):.2f}" for _ in range(rows)]
    return [random.choice(CELLS if kind > 2 else ["a", "b"]) for _ in range(rows)]


@pytest.mark.parametrize("load", [*LOADERS, read_series, read_clips], ids=lambda load: load.__name__)
def test_random_tables_get_one_sentence_or_an_answer(tmp_path, load):
    draw = random.Random(load.__name__)
    for number in range(60):
        rows, width = draw.choice([1, 3, 12, 30]), draw.choice([1, 2, 3, 5])
        columns = [random_values(draw, rows) for _ in range(width)]
        header = [draw.choice(NAMES) for _ in range(width)]
        if number % 3:
            path = tmp_path / f"{number}.csv"
            path.write_text(table(zip(*columns), header), encoding="utf-8", errors="replace")
        else:
            path = tmp_path / f"{number}.jsonl"
            path.write_text("".join(json.dumps(dict(zip(header, row))) + "\n" for row in zip(*columns)))
        try:
            load(path)
        except InputError as error:
            assert "\n" not in str(error) and len(str(error)) < 700


def test_names_that_no_file_can_have(tmp_path):
    recordings = f"file,text\n{'x' * 300}.wav,a\n"
    (tmp_path / "metadata.csv").write_text(recordings)
    with pytest.raises(InputError, match="has no audio file 'xxx"):
        load_speech(tmp_path)
    for folder in ("x" * 300, "~nobody-of-that-name"):
        with pytest.raises(InputError, match="does not exist|no such user"):
            load_labelled_texts("imdb_reviews", data_dir=folder)


def test_a_sound_that_does_not_end(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    for path in (tmp_path / "a.wav", Path("/dev/zero")):
        with pytest.raises(InputError, match="it is not a regular file"):
            read_audio(path, 8000)


def test_a_url_is_no_path():
    for load in (load_labelled_texts, load_tagged_sentences, load_parallel_texts, load_running_texts):
        with pytest.raises(InputError, match=r"^https://example.org/a.csv is a URL, not a path: download the file"):
            load("https://example.org/a.csv")
