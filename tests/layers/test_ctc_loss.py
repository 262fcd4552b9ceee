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
