"""What all kinds that can be prepared share: an interrupted preparation, a damaged file, other files."""

import gzip
import importlib
import json
import pickle

import numpy as np
import pytest

from nlpseq import tasks
from nlpseq.errors import InputError
from nlpseq.serving import Export
from nlpseq.tasks.preparing import in_process
from tests.recipes import helpers
from tests.tiers import slow_but
from tests.training.test_resume import Killed, KilledAt

ROWS = {  # of a file, by kind
    "classification": ("jsonl", '{{"text": "some words {0}", "label": "{1}"}}\n'),
    "language_model": ("txt", "some words {0}\n{1}\n"),
    "tagging": ("txt", "some O\nwords {1}\n{0} O\n\n"),
    "translation": ("jsonl", '{{"en": "some words {0}", "de": "{1} {0}"}}\n'),
}


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
    remaining = [*(folder / "train").iterdir(), *(folder / f"{name}.jsonl" for name in ("validation", "test"))]
    return {path.name: path.read_bytes() for path in [*remaining, folder / "prepared.json"]}


@pytest.mark.parametrize("kind", slow_but(ROWS, "tagging"))
def test_a_killed_preparation_is_continued_with_the_same_bytes(kind, tmp_path):
    unbroken = contents(corpus_of(kind, tmp_path / "rows", tmp_path / "unbroken").prepare())
    left = [2, 8]  # calls in which it is killed: in the first pass, and in the second one
    corpus, calls = corpus_of(kind, tmp_path / "rows", tmp_path / "broken"), []

    def run(function, shards):
        for shard in shards:
            calls.append(shard.name)
            if len(calls) in left:
                left.remove(len(calls))
                for path in (tmp_path / "broken").glob("train/*"):  # what a shard wrote before it was killed
                    path.write_bytes(path.read_bytes()[:7])
                for path in (tmp_path / "broken").glob("held/*"):
                    path.unlink()
                raise Killed
            in_process(function if left else pickle.loads(pickle.dumps(function)), [shard])  # as workers of Beam get it

    for _ in range(2):
        with pytest.raises(Killed):
            corpus.prepare(run)
    assert contents(corpus.prepare(run)) == unbroken


@pytest.mark.parametrize("kind", slow_but(ROWS, "language_model"))
def test_other_files_and_a_damaged_one(kind, tmp_path):
    corpus = corpus_of(kind, tmp_path / "rows", tmp_path / "out")
    corpus.prepare()
    path = next((tmp_path / "rows").glob("*.gz"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="was prepared from other files or with other settings"):
        corpus.prepare()
    corpus = corpus_of(kind, tmp_path / "rows", tmp_path / "other", seed=3)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(InputError, match=r"part-1\.\w+\.gz cannot be read to its end \(EOFError"):
        corpus.prepare()
    path.write_bytes(whole)  # mended
    again = corpus_of(kind, tmp_path / "rows", tmp_path / "again", seed=3)
    assert contents(corpus.prepare()) == contents(again.prepare())


RECIPES = {"classification": "sentiment"}
SMALL = ["--units", "4", "--embedding-size", "4", "--epochs", "2", "--batch-size", "8"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ROWS)
def test_a_recipe_trains_on_it_and_continues_what_was_killed(kind, tmp_path, monkeypatch, capsys):
    """The weights are those of a training that nothing interrupts."""
    folder = corpus_of(kind, tmp_path / "rows", tmp_path / "prepared").prepare()
    recipe = importlib.import_module(f"recipes.{RECIPES.get(kind, kind)}")
    fit, left, weights = importlib.import_module("nlpseq.training.fit")._fit, [3, 4], {}

    def killed(task, batches, callbacks, options, checkpoints):
        if output.name == "broken" and left:
            callbacks = [*callbacks, KilledAt(left.pop(), kill)]
        history = fit(task, batches, callbacks, options, checkpoints)
        weights[output.name] = [np.array(value).tobytes() for value in task.variables]
        if output.name == "whole":
            kill()
        return history

    monkeypatch.setattr("nlpseq.training.fit._fit", killed)
    for name in ("whole", "broken", "broken", "broken"):
        output = tmp_path / name
        flags = ["--prepared", folder, "--output", output, "--checkpoint-minutes", "0", *SMALL]
        if left or name == "whole":
            with pytest.raises(Killed):
                helpers.run(monkeypatch, recipe, *flags)
        else:
            assert helpers.run(monkeypatch, recipe, *flags) == 0
    assert weights["whole"] == weights["broken"]
    assert "resuming at" in capsys.readouterr().out
    export = Export(tmp_path / "broken")
    assert json.loads((export.path / "metrics.json").read_text())["test"]


def kill():
    raise Killed
