"""Corpora answered with Apache Beam: every row once, in its format, by workers that have no nlpseq."""

import gzip
import json
import os
import subprocess
import sys

import pytest

from nlpseq.errors import InputError, WritingError
from tests.tasks import tiny

pytest.importorskip("apache_beam", reason="needs the extra nlpseq[beam]")

from nlpseq.beam import answering
from nlpseq.beam.pipelines import keeping, pipeline_of
from nlpseq.cli import beam
from nlpseq.data.row_writers import row_writer
from nlpseq.data.stream import read_rows

TEXTS = [f"{text} {number}" for number, text in enumerate(tiny.TEXTS * 10)]


@pytest.fixture
def export():
    return tiny.served("classification")


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def answered(folder, pattern, *flags):
    """Runs the command; returns its status."""
    _, path = tiny.exported("classification")
    return beam.run([str(path), "--input", str(folder / pattern), "--output", str(folder / "answers"), *flags])


def test_answers_are_those_of_predict_in_the_order_of_the_rows(tmp_path, export):
    for number in (0, 1):
        with gzip.open(tmp_path / f"texts-{number}.txt.gz", "wt") as file:
            file.write("\n".join(TEXTS[number::2]))
    assert answered(tmp_path, "texts-*.txt.gz", "--batch-size", "3") == 0
    for number in (0, 1):
        rows = lines(tmp_path / "answers" / f"texts-{number}.jsonl")
        assert [row["text"] for row in rows] == TEXTS[number::2]
        for row, answer in zip(rows, export.predict(TEXTS[number::2])):
            assert row["label"] == answer["label"]
            assert row["scores"] == pytest.approx(answer["scores"], abs=1e-5)


def test_bad_rows_go_to_their_own_file_and_columns_are_kept(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"id": NaN, "text": "good", "label": "x"}\n{"id": 8}\n[1]\n{broken\n')
    assert answered(tmp_path, "rows.jsonl") == 0
    (row,) = lines(tmp_path / "answers" / "rows.jsonl")
    assert (row["id"], row["label"]) == (None, "x") and row["predicted_label"] in tiny.LABELS
    bad = lines(tmp_path / "answers" / "bad" / "rows.jsonl")
    assert [(item["row"], item["raw"]) for item in bad] == [(1, '{"id": 8}'), (2, "[1]"), (3, "{broken")]
    counts = json.loads((tmp_path / "answers" / "counts" / "rows.json").read_text())
    assert [counts[name] for name in answering.COUNTS] == [4, 1, 3]


def test_a_damaged_shard_is_reported_and_answered_when_it_is_mended(tmp_path, capsys):
    whole = gzip.compress("\n".join(TEXTS * 50).encode())
    for name, content in (("a", whole), ("b", whole[: len(whole) // 2])):
        (tmp_path / f"{name}.txt.gz").write_bytes(content)
    assert answered(tmp_path, "*.txt.gz") == 1
    message, written = capsys.readouterr(), [lines(tmp_path / "answers" / f"{name}.jsonl") for name in "ab"]
    assert "1 of 2 shards cannot be read to their end (b)" in message.err
    assert written[1] and f"{len(written[0]) + len(written[1]):,} answered, 0 bad" in message.out
    before = os.stat(tmp_path / "answers" / "a.jsonl").st_mtime_ns
    (tmp_path / "b.txt.gz").write_bytes(whole)
    assert answered(tmp_path, "*.txt.gz") == 0
    assert [row["text"] for row in lines(tmp_path / "answers" / "b.jsonl")] == TEXTS * 50
    assert os.stat(tmp_path / "answers" / "a.jsonl").st_mtime_ns == before  # not answered again
    assert not (tmp_path / "answers" / "bad" / "b.jsonl").exists()
    with pytest.raises(InputError, match="another batch_size"):
        answered(tmp_path, "*.txt.gz", "--batch-size", "2")


@pytest.mark.parametrize("content", ["", "[]", '{"shard": "rows", "failed": null, "rows": "x"}'])
def test_a_shard_whose_counts_are_damaged_is_answered_again(tmp_path, content):
    (tmp_path / "rows.txt").write_text("good\n")
    assert answered(tmp_path, "rows.txt") == 0
    counts = tmp_path / "answers" / "counts" / "rows.json"
    before, _ = counts.read_text(), counts.write_text(content)
    assert answered(tmp_path, "rows.txt") == 0 and counts.read_text() == before


def test_a_full_disk_is_said_and_other_errors_are_not_hidden(tmp_path):
    with (
        pytest.raises(
            WritingError, match="cannot write to out: no space left on device; .* the same command continues"
        ),
        keeping("out"),
    ):
        raise RuntimeError("OSError: [Errno 28] No space left on device [while running 'ParDo(AnswerShard)']")
    with pytest.raises(RuntimeError, match="no reason"), keeping("out"):
        raise RuntimeError("no reason")
    with pytest.raises(WritingError, match="cannot write to /proc/nothing"):
        answering.answer(answering.Job("", "/proc/nothing", "text", "jsonl", 1, 1), [shard_in(tmp_path)], None, [])


def shard_in(folder):
    (folder / "rows.txt").write_text("good\n")
    return answering.find_shards(str(folder / "rows.txt"))[0]


def test_a_column_that_is_not_there(tmp_path):
    (tmp_path / "rows.csv").write_text("id,review\n1,good\n")
    with pytest.raises(InputError, match="rows.csv has no `column` 'nope': choose one of id, review."):
        answered(tmp_path, "rows.csv", "--column", "nope")
    assert not (tmp_path / "answers").exists()


def test_parts_of_a_file_have_each_line_once(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS))
    for size in (1, 7, 40, 10_000):
        rows = []
        for shard in answering.find_shards(str(path), part=size):
            with open(path, "rb") as file:
                rows += [row.values["text"] for row in read_rows(file, "text", shard.start, shard.end)]
        assert rows == TEXTS


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "tfrecord", "jsonl"])
def test_what_is_written_is_read_again(kind, tmp_path):
    rows = [{"id": "1", "text": 'two, "words"', "tag": "é"}, {"id": "2", "text": "more", "tag": ""}]
    with open(tmp_path / "rows", "wb") as file, row_writer(file, kind, "|") as write:
        for row in rows:
            write(row)
    with open(tmp_path / "rows", "rb") as file:
        assert [row.values for row in read_rows(file, kind)] == rows


def test_a_worker_needs_tensorflow_and_the_export_only(tmp_path, export):
    from apache_beam.internal import pickler

    import nlpseq

    (tmp_path / "texts.txt").write_text("\n".join(TEXTS[:3]))
    job = answering.Job(str(export.path), str(tmp_path / "answers"), "text", "csv", 8, 1)
    (shard,) = answering.find_shards(str(tmp_path / "texts.txt"))
    answering.send_by_value(nlpseq)
    (tmp_path / "dofn").write_bytes(pickler.dumps((answering.AnswerShard(job, export.answers), shard)))
    program = """
import importlib.util, sys
assert importlib.util.find_spec("nlpseq") is None
from apache_beam.internal import pickler
dofn, shard = pickler.loads(open("dofn", "rb").read())
dofn.setup()
print(list(dofn.process(shard))[0]["answered"])
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == "3", run.stderr[-3000:]


def test_flags_that_beam_refuses_and_does_not_know(tmp_path, capsys):
    (tmp_path / "texts.txt").write_text("good\n")
    with pytest.raises(InputError, match="Beam refuses the flags --runner Nope: Unexpected pipeline runner"):
        answered(tmp_path, "texts.txt", "--runner", "Nope")
    assert not (tmp_path / "answers").exists()
    pipeline_of(["--batch_sise", "3"])
    assert "note: Beam has no flag --batch_sise" in capsys.readouterr().out
