"""Random changes of sounds: what they change, and by how much."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.tasks.speech.augmentation import Augmentation

NOTHING = {"speed": 0.0, "warp": 0.0, "noise": 0.0, "frequency_masks": 0, "time_masks": 0}


def augmentation(**settings):
    keras.utils.set_random_seed(1)
    return Augmentation({**NOTHING, **settings})


def test_equalization_changes_level_and_balance_of_a_whole_sound():
    mel = np.random.default_rng(0).normal(size=(4000, 3, 24)).astype("float32")
    change = augmentation(equalization=10.0).equalized(tf.constant(mel)).numpy() - mel
    np.testing.assert_allclose(change, np.repeat(change[:, :1], 3, axis=1), atol=1e-5)  # at all times alike
    decibels = 10 / np.log(10) * change[:, 0]
    np.testing.assert_allclose(decibels.mean(axis=1).std(), 10, rtol=0.05)  # of the level
    assert abs(decibels.mean()) < 0.5
    balance = decibels - decibels.mean(axis=1, keepdims=True)
    assert 3 < balance.std() < 10 and np.abs(np.diff(balance, axis=1)).mean() < 0.3 * balance.std()  # smooth
    np.testing.assert_array_equal(augmentation().equalized(tf.constant(mel)), mel)


def test_another_speed_changes_lengths_and_pitch():
    rate, cycles = 8000, 400
    sound = np.sin(2 * np.pi * cycles * np.arange(rate) / rate).astype("float32")
    audio, lengths = augmentation(speed=0.3).sounds(tf.tile(sound[np.newaxis], [50, 1]), tf.fill([50], rate))
    lengths = lengths.numpy()
    assert 0.75 * rate < lengths.min() < 0.85 * rate and 1.25 * rate < lengths.max() < 1.45 * rate
    for row, length in zip(audio.numpy(), lengths):
        crossings = np.sum(np.diff(np.sign(row[:length])) > 0)  # as many cycles, in another time
        assert abs(crossings - cycles) <= 1


def test_masks_hide_times_of_the_sound_alone():
    frames, counts = tf.ones([60, 40, 8]), tf.fill([60], 20)
    masked = augmentation(time_masks=3, frequency_masks=0).masked(frames, counts).numpy()
    assert (masked[:, 20:] == 1).all() and (masked[:, :20] == 0).any()
    assert set(np.unique(masked.mean(axis=2))) == {0.0, 1.0}  # all bands
