"""Segments of long texts, and truncated backpropagation through time over them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import nlpseq
import nlpseq.data.segments
from nlpseq.data import continuous_segments, shifted_segments, split_time
from nlpseq.errors import InputError
from tests.layers.helpers import BATCH, FEATURES, UNITS, assert_close, randomize, sequences


@pytest.mark.parametrize("size, batch_size, length", [(100, 4, 7), (101, 4, 25), (10, 3, 50), (4, 3, 1)])
def test_streams_continue_from_batch_to_batch(size, batch_size, length):
    ids = np.random.default_rng(0).integers(0, 50, size)
    batches = list(continuous_segments(ids, batch_size, length).as_numpy_iterator())
    steps = (size - 1) // batch_size
    assert len(continuous_segments(ids, batch_size, length)) == len(batches) == -(-steps // length)
    inputs, targets = (np.concatenate(parts, axis=1) for parts in zip(*batches))
    assert inputs.reshape(-1).tolist() == ids[: batch_size * steps].tolist()
    assert targets.reshape(-1).tolist() == ids[1 : batch_size * steps + 1].tolist()
    assert all(x.shape[1] == length for x, _ in batches[:-1])


def test_a_text_that_is_too_short_says_so():
    with pytest.raises(InputError, match="3 ids is too short for 4 streams"):
        continuous_segments([1, 2, 3], 4, 2)


def test_segments_of_time_join_to_the_whole():
    x = sequences(7)
    assert np.concatenate(split_time(x, 3), axis=1).tolist() == x.tolist()
    assert [part.shape[1] for part in split_time(x, 3)] == [3, 3, 1]


def test_a_stateful_layer_carries_the_state_over_segments():
    layer = nlpseq.layers.LSTM(UNITS, return_sequences=True, stateful=True)
    layer.build((BATCH, None, FEATURES))
    randomize(layer)
    whole = layer(sequences(7))
    layer.reset_state()
    parts = [layer(part) for part in split_time(sequences(7), 3)]
    assert_close(tf.concat(parts, axis=1), whole)


def test_gradients_stop_at_the_edge_of_a_segment():
    """The gradient of a segment's loss is that of the segment alone, from its carried state."""
    layer = nlpseq.layers.LSTM(UNITS, return_state=True, stateful=True)
    free = nlpseq.layers.LSTM(UNITS, return_state=True)
    layer.build((BATCH, 3, FEATURES))
    free.build((BATCH, 3, FEATURES))
    free.set_weights(randomize(layer).get_weights()[: len(free.weights)])
    first, second = split_time(tf.constant(sequences(6)), 3)
    with tf.GradientTape() as tape:
        tape.watch(first)
        layer(first)
        loss = tf.reduce_sum(layer(second)[0] ** 2)
    gradients = tape.gradient(loss, [first, *(w.value for w in layer.trainable_weights)])
    assert gradients[0] is None
    _, *states = free(first)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(free(second, initial_state=[tf.stop_gradient(s) for s in states])[0] ** 2)
    expected = tape.gradient(loss, [w.value for w in free.trainable_weights])
    for one, other in zip(gradients[1:], expected, strict=True):
        assert_close(one, other)


@pytest.mark.slow
def test_a_language_model_trains_over_segments():
    ids = np.arange(400) % 7
    inputs = keras.Input(batch_shape=(4, None), dtype="int32")
    hidden = keras.layers.Embedding(7, 8)(inputs)
    layer = nlpseq.layers.GRU(16, return_sequences=True, stateful=True)
    model = keras.Model(inputs, keras.layers.Dense(7)(layer(hidden)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    losses = []
    for _ in range(4):
        for x, y in continuous_segments(ids, 4, 33):
            losses.append(model.train_on_batch(x, y))
        layer.reset_state()
    assert losses[-1] < 0.5 * losses[0]


def test_shifted_segments_continue_and_start_at_random_offsets():
    ids = np.arange(103)
    dataset = shifted_segments(ids, batch_size=3, length=5, seed=1)
    assert len(dataset) == (103 - 5) // 3 // 5
    starts = set()
    for _ in range(8):
        segments = [((x.numpy(), first.numpy().all()), y.numpy()) for (x, first), y in dataset]
        assert len(segments) == len(dataset)
        assert [first for (_, first), _ in segments] == [True] + [False] * (len(segments) - 1)
        inputs = np.concatenate([x for (x, _), _ in segments], axis=1)
        assert inputs.shape == (3, 5 * len(dataset))
        np.testing.assert_array_equal(np.concatenate([y for _, y in segments], axis=1), inputs + 1)
        np.testing.assert_array_equal(np.diff(inputs.reshape(-1)), 1)
        starts.add(int(inputs[0, 0]))
    assert len(starts) > 1 and starts <= set(range(103 - 3 * 5 * len(dataset)))
    (inputs, _), _ = dataset.element_spec
    assert inputs.shape == (3, 5)


def test_shifted_segments_of_a_seed_repeat():
    def firsts(seed):
        dataset = shifted_segments(np.arange(99), 2, 7, seed).repeat(4)
        return [int(x[0, 0]) for (x, _), _ in dataset]

    assert firsts(1) == firsts(1) != firsts(2)


def test_text_too_short_for_shifted_segments():
    with pytest.raises(InputError, match="too short for 4 streams in segments of 10: give 50 or more"):
        shifted_segments(np.arange(44), 4, 10)
    assert len(shifted_segments(np.arange(50), 4, 10)) == 1
