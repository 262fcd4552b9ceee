"""Batches: every example once, few shapes, fixed by the seed."""

import numpy as np
import tensorflow as tf

from nlpseq.data import evaluation_batches, length_buckets, pad, training_batches

LENGTHS = [1, 5, 17, 0, 33, 40, 12, 48, 2, 30, 9]
BUCKETS = [16, 32, 48]


def examples():
    ids = tf.ragged.constant([[i + 2] * n for i, n in enumerate(LENGTHS)], dtype=tf.int32)
    return tf.data.Dataset.from_tensor_slices((ids, np.arange(len(LENGTHS), dtype=np.int32)))


def run(batches):
    return [(ids.numpy(), labels.numpy()) for ids, labels in batches]


def test_length_buckets():
    assert length_buckets(100) == [16, 32, 48, 64, 96, 100]
    assert length_buckets(5) == [5]
    assert length_buckets(1) == [1]
    for longest in range(1, 2000, 37):
        buckets = length_buckets(longest)
        assert buckets == sorted(set(buckets)) and buckets[-1] == longest


def test_pad_takes_the_first_bucket_that_holds_the_longest():
    for longest, width in ((0, 16), (1, 16), (16, 16), (17, 32), (48, 48)):
        assert pad(tf.ragged.constant([[7] * longest, []], dtype=tf.int32), BUCKETS).shape[1] == width
    assert pad(tf.ragged.constant([], ragged_rank=1, dtype=tf.int32), BUCKETS).shape == (0, 16)


def test_evaluation_batches_keep_order_and_content():
    batches = run(evaluation_batches(examples(), len(LENGTHS), 4, BUCKETS))
    assert [len(labels) for _, labels in batches] == [4, 4, 3]
    assert np.concatenate([labels for _, labels in batches]).tolist() == list(range(len(LENGTHS)))
    for ids, labels in batches:
        assert [(row > 0).sum() for row in ids] == [LENGTHS[label] for label in labels]
        assert ids.shape[1] in BUCKETS


def test_training_batches_are_whole_and_hold_every_example():
    dataset = training_batches(examples(), len(LENGTHS), 4, BUCKETS, seed=3)
    batches = run(dataset)
    assert len(dataset) == len(batches) == 3
    assert all(ids.shape[0] == 4 and ids.shape[1] in BUCKETS for ids, _ in batches)
    labels = np.concatenate([labels for _, labels in batches])
    assert set(labels.tolist()) == set(range(len(LENGTHS)))


def test_seed_fixes_the_order_and_epochs_differ():
    def order(seed):
        dataset = training_batches(examples(), len(LENGTHS), 4, BUCKETS, seed=seed)
        return [[labels.tolist() for _, labels in run(dataset)] for _ in range(2)]

    first, second = order(3)
    assert order(3) == [first, second]
    assert first != second
    assert order(4)[0] != first


def test_fewer_examples_than_a_batch():
    batches = run(training_batches(examples().take(2), 2, 64, BUCKETS, seed=0))
    assert [ids.shape[0] for ids, _ in batches] == [2]
