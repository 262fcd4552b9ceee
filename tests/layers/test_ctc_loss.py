"""The CTC loss in Keras: masks, weights, reductions, and labels that do not fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.layers.ctc_loss import CTCLoss
from tests.layers.helpers import normal

pytestmark = pytest.mark.usefixtures("eager", "portable")

LABELS = np.array([[1, 2, -1], [2, -1, -1], [1, 1, 1]], "int32")  # the last one needs five steps
LENGTHS = np.array([4, 2, 4])


def test_masks_weights_and_reductions():
    logits, mask = tf.constant(normal(3, 4, 3)), tf.sequence_mask(LENGTHS, 4)
    row_losses = tf.nn.ctc_loss(np.maximum(LABELS, 0), logits, [2, 1, 1], LENGTHS, False, blank_index=0).numpy()[:2]
    logits._keras_mask = mask  # as a layer with `supports_masking` leaves it
    losses = CTCLoss(reduction=None)(LABELS, logits)
    assert losses.numpy() == pytest.approx([*row_losses, 0.0], rel=1e-5)
    assert float(CTCLoss()(LABELS, logits)) == pytest.approx(row_losses.sum() / 3, rel=1e-5)
    weighted = CTCLoss(reduction="sum")(LABELS, logits, [2.0, 0.5, 1.0])
    assert float(weighted) == pytest.approx(2 * row_losses[0] + row_losses[1] / 2, rel=1e-5)
    assert float(CTCLoss(reduction="sum")(LABELS, logits, np.array([[2.0], [0.5], [1.0]]))) == float(weighted)
    with pytest.raises(InputError, match="sample_weight"):
        CTCLoss()(LABELS[:1], logits[:1], np.ones((1, 3)))
    assert np.isinf(CTCLoss(impossible="infinite", reduction=None)(LABELS, logits)[2])
    again = keras.losses.deserialize(keras.losses.serialize(CTCLoss(blank=2, reduction="sum")))
    assert isinstance(again, CTCLoss) and again.blank == 2 and again.reduction == "sum"


def test_labels_that_do_not_fit_before_certain_blanks_do_not_count():
    logits = np.tile(np.array([[[0.0, -1e9, -1e9]]], "float32"), (3, 4, 1))  # as behind the end of a sound
    assert CTCLoss(reduction=None)(LABELS, tf.constant(logits)).numpy().tolist() == [0.0, 0.0, 0.0]


LOGITS = normal(3, 6, 3)
WRONG = {
    "no class": (LABELS + 1, LOGITS, "below 3, negative for padding, got 3"),
    "a fraction": (LABELS + 0.5, LOGITS, r"got 2\.5"),
    "text": (LABELS.astype(str), LOGITS, "dtype string"),
    "the blank": (np.maximum(LABELS, 0), LOGITS, "must not hold the blank, class 0"),
    "padding before a label": (LABELS[:, ::-1], LOGITS, "padded at the end"),
    "fewer rows": (LABELS[:2], LOGITS, "a row for each of the predictions, got 2"),
    "a row": (LABELS[0], LOGITS, r"shape \(batch, labels\)"),
    "probabilities of a step": (LABELS, LOGITS[:, 0], r"logits \(batch, time, more than 0\)"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_labels_are_refused(wrong):
    labels, logits, words = WRONG[wrong]
    with pytest.raises(InputError, match=words):
        CTCLoss()(labels, tf.constant(logits))


def test_wrong_masks_and_options_are_refused():
    logits = tf.constant(LOGITS)
    logits._keras_mask = tf.ones([3, 4], bool)
    with pytest.raises(InputError, match=r"one value for each step, \(3, 6\)"):
        CTCLoss()(LABELS, logits)
    with pytest.raises(InputError, match="more than 3"):
        CTCLoss(blank=3)(LABELS, tf.constant(LOGITS))
    for options in ({"blank": -1}, {"impossible": "never"}):
        with pytest.raises(InputError, match=next(iter(options))):
            CTCLoss(**options)


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("wrong", ["no class", "the blank", "padding before a label"])
def test_wrong_labels_are_refused_in_a_graph(wrong):
    labels, logits, words = WRONG[wrong]
    traced = tf.function(
        CTCLoss(), [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, 3])], autograph=False
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match=words.split(",")[0]):
        traced(labels, logits)


@pytest.mark.slow
@pytest.mark.usefixtures("graph")
def test_rows_of_wrong_labels_are_nan_under_xla():
    loss = CTCLoss(reduction=None)
    right = loss(LABELS, tf.constant(LOGITS)).numpy()
    for wrong in ("no class", "the blank", "padding before a label"):
        labels = np.concatenate([WRONG[wrong][0][:1], LABELS[1:]]) + 0
        compiled = tf.function(loss, jit_compile=True, autograph=False)(tf.constant(labels, tf.int32), LOGITS)
        assert np.isnan(compiled[0]) and compiled[1:].numpy() == pytest.approx(right[1:], rel=1e-5)


def test_a_network_without_numbers_has_no_loss_of_zero():
    logits = tf.constant(np.where(np.arange(3)[:, None, None] == 1, np.nan, LOGITS).astype("float32"))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        rows, total = CTCLoss(reduction=None)(LABELS, logits), CTCLoss()(LABELS, logits, [1.0, 0.0, 1.0])
    assert np.isnan(rows).tolist() == [False, True, False]
    assert np.isfinite(total) and np.isfinite(tape.gradient(total, logits)).all()  # a weight of zero skips the row
    infinite = CTCLoss(impossible="infinite")([[1, 1, 1, 1]] * 3, logits, np.zeros(3))
    assert float(infinite) == 0


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint16", "uint32", "int64"])
def test_labels_of_any_whole_dtype(dtype):
    y_pred = tf.random.stateless_normal((1, 6, 200), seed=(1, 2))
    labels = tf.constant([[1, 2]])
    loss = tf.function(CTCLoss(), input_signature=[tf.TensorSpec([None, None], dtype), tf.TensorSpec([None] * 3)])
    for actual in (CTCLoss()(tf.cast(labels, dtype), y_pred), loss(tf.cast(labels, dtype), y_pred)):
        np.testing.assert_allclose(actual, CTCLoss()(labels, y_pred), rtol=1e-6)
