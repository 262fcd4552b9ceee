"""Runs of words against counts made by hand."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text import UNKNOWN, Ngrams

SIZE = 6


def random_texts(seed=0):
    rng = np.random.default_rng(seed)
    texts = [rng.integers(1, SIZE, rng.integers(0, 9)).tolist() for _ in range(40)]
    return texts, tf.ragged.constant(texts, dtype=tf.int32, ragged_rank=1)


def runs(text, order):
    """The run of words that ends at each place, None where there is none of known words."""
    ends = [tuple(text[end - order : end]) if end >= order else None for end in range(1, len(text) + 1)]
    return [run if run and UNKNOWN not in run else None for run in ends]


def check(order, min_count):
    texts, ids = random_texts()
    counts = collections.Counter(run for text in texts for run in runs(text, order) if run)
    vocabulary = {run for run, count in counts.items() if count >= min_count}
    learnt = Ngrams.learn([ids[:15], ids[15:]], order, SIZE, min_count)
    assert len(learnt) == len(vocabulary) + 1
    actual = learnt(ids).numpy().tolist()
    expected = [run if run in vocabulary else None for text in texts for run in runs(text, order)]
    assert [number == 0 for number in actual] == [run is None for run in expected]
    pairs = {(number, run) for number, run in zip(actual, expected) if run}
    assert len(pairs) == len({number for number, _ in pairs}) == len({run for _, run in pairs})


def test_pairs():
    check(order=2, min_count=3)


def test_triples():
    check(order=3, min_count=2)


def test_frequent_runs_come_first():
    _, ids = random_texts()
    learnt = Ngrams.learn([ids], 2, SIZE, 1)
    counts = np.bincount(learnt(ids).numpy())[1:]
    assert (np.diff(counts) <= 0).all() and counts[-1] >= 1


def test_no_texts_and_short_texts():
    learnt = Ngrams(2, SIZE, [2 * SIZE + 3])
    assert learnt(tf.ragged.constant([[], [3]], dtype=tf.int32)).numpy().tolist() == [0]
    assert learnt(tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), [0])).shape == (0,)
    assert learnt(tf.ragged.constant([[2, 3], [3]], dtype=tf.int32)).numpy().tolist() == [0, 1, 0]


def test_runs_too_many_to_number():
    with pytest.raises(InputError, match="n-grams of order 5 over 30,000 words.*lower `ngrams` or `vocabulary_size`"):
        Ngrams(5, 30_000, [])


def test_config_round_trip():
    learnt = Ngrams(3, SIZE, [7, 90])
    again = Ngrams.from_config(learnt.get_config())
    assert again.get_config() == learnt.get_config()
