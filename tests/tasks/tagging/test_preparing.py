"""Tagged corpora that are prepared: the ids, labels and vocabulary of the in-memory path, each sentence once a pass."""

import gzip
import json

import numpy as np
import pytest

from nlpseq.data import load_prepared_sentences, load_tagged_sentences, stream
from nlpseq.errors import InputError
from nlpseq.tasks import TokenTagger
from nlpseq.tasks.tagging.preparing import Corpus
from nlpseq.tasks.tagging.settings import PreparingSettings
from nlpseq.text import TokenPreprocessor

TINY = {"units": 2, "embedding_size": 2, "characters": "none"}


def sentences(count=300):
    """Sentences of names, some of whose tags are not legal, and one or two of which are long."""
    rng = np.random.default_rng(2)
    for number in range(count):
        size = int(rng.integers(1, 9)) if number % 50 else 14
        name = f"W{number}".translate(str.maketrans("0123456789", "abcdefghij"))
        tags = rng.choice(["O", "B_A", "I_A", "I_B"], size).tolist()
        yield [name, *(f"w{rng.integers(40)}'s" for _ in range(size))], ["O", *tags]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a prepared corpus, its sentences and its plan; the files are read in many parts."""
    folder, rows = tmp_path_factory.mktemp("corpus"), list(sentences())
    texts = ["".join("".join(f"{pair[0]} x {pair[1]}\n" for pair in zip(*row)) + "\n" for row in rows[part::2])
             for part in range(2)]  # fmt: skip
    (folder / "rows-0.txt").write_text(f"-DOCSTART- -X- O\n\n{texts[0]}broken x B_A\nsentence\n\n")
    with gzip.open(folder / "rows-1.conll.gz", "wt") as file:
        file.write(texts[1])
    plan = PreparingSettings(
        input=str(folder / "rows-*"), output=str(folder / "out"), held_out=0.05, max_tokens=10, max_characters=3
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream.shards_of, "__defaults__", (None, 777, stream.format_of))
        Corpus(plan).prepare()
    return folder / "out", rows, plan


def test_ids_and_labels_are_those_of_the_in_memory_path(corpus):
    folder, rows, _ = corpus
    assert len(list((folder / "counts").iterdir())) > 5
    data = load_prepared_sentences(folder)
    held = {tokens[0] for part in (data.validation, data.test) for tokens in part.tokens}
    assert 15 < len(held) < 60 and len(data.train) == len(rows) - len(held)
    train = [row for row in rows if row[0][0] not in held]
    memory = load_tagged_sentences({"train": list(map(list, train)), "validation": rows[:9], "test": rows[:9]})
    assert data.labels == memory.labels and data.scheme == memory.scheme == "bio"
    tokens, _ = memory.train.ragged()
    learnt = TokenPreprocessor.learn(tokens, max_tokens=10, max_characters=3)
    assert data.preprocessor.get_config() == learnt.get_config() and learnt.singletons > 200
    task = TokenTagger(learnt, data.labels, data.scheme, **TINY)

    def examples(batches):
        return sorted((ids[labels >= 0].tolist(), labels[labels >= 0].tolist())
                      for batch in batches.as_numpy_iterator() for ids, labels in zip(*batch))  # fmt: skip

    batches = task.prepare(data.train, 16, training=True, seed=3)
    assert len(batches) == -(-len(data.train) // 16)
    first, second = examples(batches), examples(batches)
    assert first == second == examples(task.prepare(memory.train, 16, training=True, seed=3))
    assert {*data.training_tokens()[0]} == {token for tokens in memory.train.tokens for token in tokens}


def test_rows_of_tables(tmp_path, capsys):
    """Rows that cannot be used are counted and said."""
    rows = [{"words": ["a", "b"], "ner_tags": ["O", "B-X"]}, {"words": "c d e", "ner_tags": "O O B-X"}] * 60
    bad = [{"words": ["a"], "ner_tags": ["O", "O"]}, {"words": ["a"]}, {"words": 3, "ner_tags": 4}, {"words": []}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, *bad]) + "no JSON\n")
    plan = PreparingSettings(input=str(tmp_path / "rows.jsonl"), output=str(tmp_path / "out"), held_out=0.1)
    Corpus(plan).prepare()
    assert "5 rows left out" in capsys.readouterr().out
    data = load_prepared_sentences(tmp_path / "out")
    assert sum(data.sizes.values()) == 120 and data.labels == ("B-X", "O")


@pytest.mark.parametrize("text, expected", [
    ("a O\nb O\n\n" * 30, "one tag only"), ("a O\nb B-X\nc PER\n\n" * 30, "does not fit the scheme bio"),
    ("", "holds no sentences"), ("a\nb\n\n", "holds no sentences"),
])  # fmt: skip
def test_what_cannot_be_prepared(tmp_path, text, expected):
    (tmp_path / "rows.txt").write_text(text)
    with pytest.raises(InputError, match=expected):
        Corpus(PreparingSettings(input=str(tmp_path / "rows.txt"), output=str(tmp_path / "out"))).prepare()
