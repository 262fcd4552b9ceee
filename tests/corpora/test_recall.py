"""The distance is what was asked for, the cue decides the answer, and nothing else tells it."""

import collections

import pytest
import tensorflow_datasets as tfds

from nlpseq.corpora import recall
from nlpseq.data import load_labelled_texts
from nlpseq.errors import InputError
from nlpseq.text import WordTokenizer


def cue(text):
    """`(country, words after it)`, found by the words "i grew up in" alone."""
    words = text.split()
    (at,) = [i for i in range(len(words)) if words[i : i + 4] == ["i", "grew", "up", "in"]]
    return words[at + 4], len(words) - at - 5


@pytest.mark.parametrize("distance", [*range(5, 25), 100, 251])
def test_distance_and_answer(distance):
    for text, answer in recall.recall_sentences(distance, 40, seed=3):
        country, after = cue(text)
        assert after == distance and recall.LANGUAGES[country] == answer
        assert text.endswith("so i speak fluent")


def test_answers_are_even_and_a_seed_fixes_the_texts():
    texts = recall.recall_sentences(60, 80, seed=1)
    assert texts == recall.recall_sentences(60, 80, seed=1) != recall.recall_sentences(60, 80, seed=2)
    assert set(collections.Counter(answer for _, answer in texts).values()) == {10}


def test_other_countries_and_languages_do_not_tell_the_answer():
    """Beside the cue, the countries named are as often that of the answer as any other."""
    hits = {"country": 0, "language": 0}
    totals = dict(hits)
    for text, answer in recall.recall_sentences(100, 4000):
        country, _ = cue(text)
        words = text.split()
        words.remove(country)
        for kind, names, right in [
            ("country", list(recall.LANGUAGES), country),
            ("language", recall.CHOICES["language"], answer.lower()),
        ]:
            mentioned = [word for word in words if word in names]
            totals[kind] += len(mentioned)
            hits[kind] += mentioned.count(right)
    for kind in hits:
        assert totals[kind] > 4000
        assert hits[kind] / totals[kind] == pytest.approx(1 / 8, abs=0.01)


def test_words_and_marks_are_the_tokens_of_nlpseq():
    texts = [text for text, _ in recall.recall_sentences(40, 20)]
    tokens = WordTokenizer()(texts).to_list()
    assert [[token.decode() for token in row] for row in tokens] == [text.split() for text in texts]


def test_builder(tmp_path, monkeypatch):
    monkeypatch.setattr(recall.NlpseqRecall, "SIZES", {"train": 16, "validation": 8, "test": 8})
    data = load_labelled_texts("nlpseq_recall", str(tmp_path))
    assert data.generated and data.labels == tuple(recall.LANGUAGES.values())
    assert data.sizes == {split: size * len(recall.DISTANCES) for split, size in recall.NlpseqRecall.SIZES.items()}
    rows = tfds.load("nlpseq_recall", data_dir=str(tmp_path), split="test")
    for row in rows.as_numpy_iterator():
        country, after = cue(row["text"].decode())
        assert after == row["distance"]
        assert list(recall.LANGUAGES).index(country) == row["answer"]
    test = {text for text in data.test.texts if len(text.split()) > 30}
    assert not test & set(data.train.texts)


@pytest.mark.parametrize("wrong", [{"distance": 4}, {"distance": -1}, {"count": -1}])
def test_out_of_range(wrong):
    with pytest.raises(InputError, match=f"`{next(iter(wrong))}` must be at least"):
        recall.recall_sentences(**{"distance": 10, "count": 1, **wrong})
