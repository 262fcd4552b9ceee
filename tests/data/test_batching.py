"""Batches: every example once a pass, of near-equal lengths, in an order fixed by seed and pass."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import batching, evaluation_batches, pad, training_batches, training_order

LENGTHS = [1, 5, 17, 0, 33, 40, 12, 48, 2, 30, 9]
IDS = tf.ragged.constant([[i + 2] * n for i, n in enumerate(LENGTHS)], dtype=tf.int32)
LABELS = np.arange(len(LENGTHS), dtype=np.int32)


def run(batches):
    return [(ids.numpy(), labels.numpy()) for ids, labels in batches]


def test_pad():
    assert pad(tf.ragged.constant([[7, 8], [], [9]]), -1).numpy().tolist() == [[7, 8], [-1, -1], [9, -1]]
    for rows in ([[]], []):
        assert pad(tf.ragged.constant(rows, ragged_rank=1, dtype=tf.int32)).shape == (len(rows), 1)


def test_evaluation_batches_keep_order_and_content():
    batches = run(evaluation_batches(IDS, LABELS, 4))
    assert [len(labels) for _, labels in batches] == [4, 4, 3]
    assert np.concatenate([labels for _, labels in batches]).tolist() == list(range(len(LENGTHS)))
    for ids, labels in batches:
        assert [row[row > 0].tolist() for row in ids] == [[label + 2] * LENGTHS[label] for label in labels]
        assert all((row[LENGTHS[label] :] == 0).all() for row, label in zip(ids, labels))
        assert ids.shape[1] == max(LENGTHS[label] for label in labels)


def test_ragged_labels_and_inner_dimensions():
    ids = tf.ragged.constant([[[1, 2], [3, 4]], [[5, 6]]], ragged_rank=1, dtype=tf.int32)
    ((ids, labels),) = run(evaluation_batches(ids, tf.ragged.constant([[7], [8, 9]]), 4))
    assert ids.tolist() == [[[1, 2], [3, 4]], [[5, 6], [0, 0]]]
    assert labels.tolist() == [[7, -1], [8, 9]]


def test_every_example_is_in_one_batch_of_a_pass():
    dataset = training_batches(IDS, LABELS, 4, seed=3)
    batches = run(dataset)
    assert [len(labels) for _, labels in batches] == [4, 4, 3] and len(dataset) == 3
    assert sorted(np.concatenate([labels for _, labels in batches]).tolist()) == list(range(len(LENGTHS)))


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_few_examples(size):
    batches = training_order(np.arange(size), 4, seed=0, number=0)
    assert sorted(np.concatenate(batches).tolist()) == list(range(size))
    assert [len(batch) for batch in batches] == [4] * (size // 4) + [size % 4] * bool(size % 4)


def test_the_order_is_a_function_of_seed_and_pass():
    def order(seed, skipped=0):
        batches = training_batches(IDS, LABELS, 4, seed=seed).repeat().skip(skipped).take(9 - skipped)
        return [labels.tolist() for _, labels in run(batches)]

    nine = order(3)
    assert nine == [batch.tolist() for number in range(3) for batch in training_order(np.array(LENGTHS), 4, 3, number)]
    assert order(3, skipped=4) == nine[4:]
    assert nine[:3] != nine[3:6] and order(4) != nine


def test_each_iteration_is_the_next_pass():
    dataset = training_batches(IDS, LABELS, 4, seed=3)
    for number in range(2):
        expected = training_order(np.array(LENGTHS), 4, 3, number)
        assert [labels.tolist() for _, labels in run(dataset)] == [batch.tolist() for batch in expected]


def padded_share(lengths, batches):
    steps = sum((lengths[batch].max(axis=0) * len(batch)).sum() for batch in batches)
    return 1 - lengths.sum() / steps


def test_batches_are_of_near_equal_lengths_in_a_random_order(monkeypatch):
    monkeypatch.setattr(batching, "POOL", 100)
    random = np.random.default_rng(0)
    targets = random.integers(5, 40, 6400)
    lengths = np.stack([targets, targets + random.integers(-4, 5, 6400)], axis=1)
    batches = training_order(lengths, 32, seed=0, number=0)
    assert padded_share(lengths, batches) < 0.04
    longest = np.array([lengths[batch, 0].max() for batch in batches])
    assert abs(np.corrcoef(longest[:-1], longest[1:])[0, 1]) < 0.25
    assert len({tuple(sorted(batch)) for number in range(2) for batch in training_order(lengths, 32, 0, number)}) == 400


def test_the_next_batch_is_made_while_one_is_used_and_none_after_the_last_use():
    numbers, is_made = [], threading.Event()

    def batches():
        for number in range(5):
            numbers.append(number)
            if number == 1:
                is_made.set()
            yield number

    before = set(threading.enumerate())
    iterator = batching._ahead(batches())
    assert next(iterator) == 0
    assert is_made.wait(10)
    iterator.close()
    assert numbers == [0, 1]
    assert not [thread for thread in {*threading.enumerate()} - before if thread.name.startswith("batches")]
    assert list(batching._ahead(iter([3, 4]))) == [3, 4]


def test_an_error_in_making_a_batch_comes_out():
    iterator = batching._ahead(1 // number for number in (1, 0))
    assert next(iterator) == 1
    with pytest.raises(ZeroDivisionError):
        next(iterator)
