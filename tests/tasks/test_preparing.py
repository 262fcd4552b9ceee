"""What all kinds that can be prepared share: an interrupted preparation, a damaged file, other files."""

import gzip
import importlib

import pytest

from nlpseq import tasks
from nlpseq.errors import InputError
from nlpseq.tasks.preparing import here

ROWS = {  # of a file, by kind
    "classification": ("jsonl", '{{"text": "some words {0}", "label": "{1}"}}\n'),
    "language_model": ("txt", "some words {0}\n{1}\n"),
    "tagging": ("txt", "some O\nwords {1}\n{0} O\n\n"),
}


class Killed(BaseException):
    """As SIGKILL: nothing in nlpseq handles it."""


def corpus_of(kind, folder, output, **options):
    """A corpus of three small files, one of which is compressed."""
    suffix, row = ROWS[kind]
    folder.mkdir(exist_ok=True)
    for part in range(3):
        text = "".join(row.format(f"w{number % 17}", "ab"[number % 2]) for number in range(part, 120, 3))
        compressed = part == 1
        content = gzip.compress(text.encode(), mtime=0) if compressed else text.encode()
        (folder / f"part-{part}.{suffix}{'.gz' if compressed else ''}").write_bytes(content)
    package = tasks.kinds()[kind]
    settings = importlib.import_module(f"{package}.settings").PreparingSettings
    plan = settings(input=str(folder / "part-*"), output=str(output), held_out=0.2, **options)
    return importlib.import_module(f"{package}.preparing").Corpus(plan)


def contents(folder):
    kept = [*(folder / "train").iterdir(), *(folder / f"{name}.jsonl" for name in ("validation", "test"))]
    return {path.name: path.read_bytes() for path in [*kept, folder / "prepared.json"]}


@pytest.mark.parametrize("kind", ROWS)
def test_a_killed_preparation_is_continued_with_the_same_bytes(kind, tmp_path):
    unbroken = contents(corpus_of(kind, tmp_path / "rows", tmp_path / "unbroken").prepare())
    left = [2, 4]  # shards after which it is killed: in the first pass, and in the second one
    corpus, calls = corpus_of(kind, tmp_path / "rows", tmp_path / "broken"), []

    def each(function, shards):
        for shard in shards:
            calls.append(shard.name)
            if len(calls) in left:
                left.remove(len(calls))
                for writer in (tmp_path / "broken" / "train").iterdir():  # what a shard wrote before it was killed
                    writer.write_bytes(writer.read_bytes()[:7])
                    (tmp_path / "broken" / "held" / f"{writer.name.partition('-of-')[0]}.json").unlink(missing_ok=True)
                raise Killed
            here(function, [shard])

    for _ in range(2):
        with pytest.raises(Killed):
            corpus.prepare(each)
    assert contents(corpus.prepare(each)) == unbroken


@pytest.mark.parametrize("kind", ROWS)
def test_other_files_and_a_damaged_one(kind, tmp_path):
    corpus = corpus_of(kind, tmp_path / "rows", tmp_path / "out")
    corpus.prepare()
    path = next((tmp_path / "rows").glob("*.gz"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="was prepared from other files or with other settings"):
        corpus.prepare()
    corpus = corpus_of(kind, tmp_path / "rows", tmp_path / "other", seed=3)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"part-1\.\w+\.gz cannot be read to its end \(EOFError"):
        corpus.prepare()
