"""Running texts that are prepared: the vocabulary, the segments and their order are those of the in-memory path."""

import gzip

import numpy as np
import pytest

from nlpseq.data import Lines, load_prepared_text, prepared_text, stream
from nlpseq.errors import InputError
from nlpseq.tasks import LanguageModel
from nlpseq.tasks.language_modeling.preparing import Corpus
from nlpseq.tasks.language_modeling.settings import PreparingSettings
from nlpseq.text import LinePreprocessor


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a prepared text of three files, one of which is compressed, and its lines."""
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(1)
    lines = [" ".join(rng.choice(["a", "bc", "d.", "é"], rng.integers(0, 9))) for _ in range(240)]
    for part in range(3):
        lines[80 * part + 79] = "end"
        text = "\n".join(lines[80 * part : 80 * part + 80])
        content = ("\ufeff" + text.replace("\n", "\r\n") + "\n\n\n" if part == 0 else text).encode()
        suffix = ".gz" if part == 1 else ""
        (folder / f"part-{part}.txt{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    plan = PreparingSettings(
        input=str(folder / "part-*"), output=str(folder / "out"), held_out=0.05, vocabulary="bpe", vocabulary_size=20
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream.shards_of, "__defaults__", (None, 500, stream.format_of))
        patch.setattr(prepared_text, "BLOCK", 64)
        Corpus(plan).prepare()
        yield folder / "out", lines


@pytest.mark.usefixtures("eager")
def test_the_segments_are_those_of_the_in_memory_path(corpus):
    folder, lines = corpus
    data = load_prepared_text(folder)
    held = [line.decode() for part in (data.validation, data.test) for line in part.lines]
    assert [len(data.train), *held] == [240 - len(held), *lines[-len(held) :]] and 15 < len(held) < 40
    memory = Lines(np.array([line.encode() for line in lines[: len(data.train)]], object))
    learnt = LinePreprocessor.learn(memory.lines, "bpe", 20)
    assert data.preprocessor.get_config() == learnt.get_config()
    task = LanguageModel(learnt, units=2, embedding_size=2, steps=7)
    batches = [task.prepare(text, 3, training=True, seed=4).repeat(2) for text in (data.train, memory)]
    np.testing.assert_array_equal(task.ids_of(data.train, 200), task.ids_of(memory)[:200])
    count = 0
    for one, other in zip(*batches, strict=True):
        np.testing.assert_array_equal(one[0][0], other[0][0])
        np.testing.assert_array_equal(one[0][1], other[0][1])
        np.testing.assert_array_equal(one[1], other[1])
        count += 1
    assert count == len(batches[0]) == len(batches[1]) > 30


def test_a_table_is_no_text(tmp_path):
    (tmp_path / "rows.csv").write_text("text\na\n")
    with pytest.raises(InputError, match=r"rows.csv is not a file of text"):
        Corpus(PreparingSettings(input=str(tmp_path / "rows.csv"), output=str(tmp_path / "out"))).prepare()
