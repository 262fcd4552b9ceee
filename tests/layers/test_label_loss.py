"""Losses with a label for each step: weights, masks, reductions and wrong labels, against NumPy and brute force."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.layers import CRF
from nlpseq.layers.crf_loss import CRFLoss
from nlpseq.tasks.embeddings import FactoredLogits
from nlpseq.tasks.objectives import SequenceLikelihood, SmoothedCrossEntropy, TokenAccuracy

BATCH, TIME, TAGS = 4, 3, 3
RNG = np.random.default_rng(0)
EMISSIONS = RNG.normal(size=(BATCH, TIME, TAGS)).astype("float32")
LABELS = np.array([[0, 1, 2], [2, 2, -1], [1, -1, -1], [-1, -1, -1]])
MASK = LABELS >= 0
ROWS = RNG.uniform(0.5, 2, BATCH).astype("float32")
STEPS = RNG.uniform(0.5, 2, (BATCH, TIME)).astype("float32")
ZEROS = np.array([1.0, 0.0, 2.0, 1.0], "float32")
WEIGHTS = {
    "none": (None, np.ones((BATCH, TIME))),
    "number": (2.5, np.full((BATCH, TIME), 2.5)),
    "(B,)": (ROWS, np.repeat(ROWS[:, None], TIME, 1)),
    "(B, 1)": (ROWS[:, None], np.repeat(ROWS[:, None], TIME, 1)),
    "(B, T)": (STEPS, STEPS),
    "(B, T, 1)": (STEPS[..., None], STEPS),
    "(B, 1, 1)": (ROWS[:, None, None], np.repeat(ROWS[:, None], TIME, 1)),
    "ones (B, T)": (np.ones((BATCH, TIME), int), np.ones((BATCH, TIME))),
    "zeros": (ZEROS, np.repeat(ZEROS[:, None], TIME, 1)),
}
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", None, "none")


def a_crf(scheme=None):
    crf = CRF(["O", "B-X", "I-X"] if scheme else TAGS, scheme)
    crf.build((None, None, TAGS))
    crf.set_weights([RNG.normal(size=weight.shape) for weight in crf.get_weights()])
    return crf


def likelihoods(crf, emissions=EMISSIONS, labels=LABELS):
    """-log P of the labelled steps of each row, over all sequences."""
    transitions, first, last = (np.asarray(scores, float) for scores in crf.potentials())
    losses = []
    for row, tags in zip(emissions.astype(float), labels):
        row, tags = row[tags >= 0], tuple(tags[tags >= 0])
        scores = {
            y: sum(row[t, k] for t, k in enumerate(y))
            + sum(transitions[pair] for pair in itertools.pairwise(y))
            + (first[y[0]] + last[y[-1]] if y else 0.0)
            for y in itertools.product(range(TAGS), repeat=len(row))
        }
        losses.append(np.logaddexp.reduce(list(scores.values())) - scores[tags])
    return np.array(losses)


def reduced(losses, weights, sizes, reduction):
    """What Keras documents, each loss counting `sizes`."""
    total = (losses * weights).sum()
    return {
        "sum": total,
        "sum_over_batch_size": total / sizes.sum(),
        "mean": total / sizes.sum(),
        "mean_with_sample_weight": total / (sizes * weights).sum(),
    }.get(reduction, losses * weights)


every_pair = pytest.mark.parametrize("weights, reduction", [
    pytest.param(weights, reduction, marks=[pytest.mark.slow] * (weights != "(B, T)" and reduction is not None))
    for weights in WEIGHTS for reduction in REDUCTIONS
])  # fmt: skip


@every_pair
def test_weights_and_reductions_of_a_crf(weights, reduction):
    crf = a_crf()
    sample_weight, steps = WEIGHTS[weights]
    count = MASK.sum(1)
    rows = np.divide((steps * MASK).sum(1), count, out=np.zeros(BATCH), where=count > 0)
    if reduction == "mean_with_sample_weight":
        rows[count == 0] = steps[count == 0].mean(1)  # its loss is zero, and it is counted
    for make, sizes in ((CRFLoss, np.ones(BATCH)), (SequenceLikelihood, count)):
        actual = make(crf, reduction=reduction)(LABELS, EMISSIONS, sample_weight)
        expected = reduced(likelihoods(crf), rows, sizes, reduction)
        np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=1e-6, err_msg=make.__name__)


@every_pair
def test_weights_and_reductions_of_tokens(weights, reduction):
    smoothing, (sample_weight, steps) = 0.1, WEIGHTS[weights]
    log = EMISSIONS - np.log(np.exp(EMISSIONS).sum(-1, keepdims=True))
    q = (1 - smoothing) * np.eye(TAGS)[LABELS.clip(0)] + smoothing / TAGS
    expected = reduced(-(q * log).sum(-1), steps * MASK, MASK, reduction)
    factors = FactoredLogits(tf.constant(EMISSIONS), tf.eye(TAGS), tf.zeros(TAGS))
    for predictions in (EMISSIONS, factors):
        loss = SmoothedCrossEntropy(smoothing, reduction=reduction)
        np.testing.assert_allclose(loss(LABELS, predictions, sample_weight), expected, rtol=2e-5, atol=1e-6)


def test_a_weight_of_zero_skips_a_step_of_a_crf():
    crf, weights = a_crf(), np.ones((BATCH, TIME), "float32")
    weights[0, 1] = weights[1] = 0
    labels = np.where(weights > 0, LABELS, -1)
    np.testing.assert_allclose(crf.loss(LABELS, EMISSIONS, weights), likelihoods(crf, labels=labels).mean(), rtol=1e-5)


def test_the_accuracy_is_weighted():
    accuracy = TokenAccuracy(lambda emissions, mask: tf.argmax(emissions, -1, tf.int32))
    accuracy.update_state(LABELS[..., None], EMISSIONS, STEPS)
    correct = (EMISSIONS.argmax(-1) == LABELS) & MASK
    assert float(accuracy.result()) == pytest.approx((correct * STEPS).sum() / STEPS[MASK].sum())


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64"])
def test_labels_of_any_numeric_dtype_and_of_rank_three(dtype):
    crf, labels = a_crf(), LABELS[:1].astype(dtype)
    expected = likelihoods(crf, EMISSIONS[:1], LABELS[:1]).mean()
    for y_true in (labels, labels[..., None]):
        np.testing.assert_allclose(crf.loss(y_true, EMISSIONS[:1]), expected, rtol=1e-5)


LOSSES = {
    "crf": lambda: a_crf().loss,
    "likelihood": lambda: SequenceLikelihood(a_crf()),
    "cross-entropy": lambda: SmoothedCrossEntropy(),
}
WRONG = {
    "one-hot": ((np.eye(TAGS)[LABELS.clip(0)], EMISSIONS), "one class number for each step"),
    "one a row": ((LABELS[:, 0], EMISSIONS), "one class number for each step"),
    "another time": ((LABELS[:, :2], EMISSIONS), "one class number for each step"),
    "text": ((LABELS.astype(str), EMISSIONS), "dtype string"),
    "no tag": ((LABELS + 1, EMISSIONS), "below 3, negative for padding, got 3"),
    "a fraction": ((LABELS + 0.5, EMISSIONS), "got 2.5"),
    "weights (1, T)": ((LABELS, EMISSIONS, STEPS[:1]), "sample_weight"),
    "weights (T,)": ((LABELS, EMISSIONS, STEPS[0]), "sample_weight"),
    "weights of another time": ((LABELS, EMISSIONS, STEPS[:, :2]), "sample_weight"),
    "weights of classes": ((LABELS, EMISSIONS, EMISSIONS), "sample_weight"),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_arguments_are_refused(loss, wrong):
    arguments, words = WRONG[wrong]
    with pytest.raises(InputError, match=words):
        LOSSES[loss]()(*arguments)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_a_label_that_is_no_tag_in_a_graph_and_under_xla(loss):
    loss = LOSSES[loss]()
    signature = [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None, TAGS))]
    wrong = tf.constant(LABELS + 1, tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="class numbers below 3"):
        tf.function(lambda y, e: loss(y, e), input_signature=signature)(wrong, EMISSIONS)
    with pytest.raises(Exception, match="class numbers below 3"):  # AutoGraph changes its class
        tf.function(lambda: loss(LABELS + 1, EMISSIONS), jit_compile=True)()
    assert np.isnan(tf.function(lambda y, e: loss(y, e), jit_compile=True)(wrong, EMISSIONS))


def test_labels_that_the_scheme_forbids_are_reported():
    crf, labels = a_crf("bio"), np.array([[0, 2, 0]])
    assert crf.log_likelihood(labels, EMISSIONS[:1]).numpy().tolist() == [-np.inf]
    with pytest.raises(InputError, match="violates the scheme 'bio'"):
        crf.loss(labels, EMISSIONS[:1])
    assert np.isfinite(crf.loss(labels, EMISSIONS[:1], np.zeros(1)))  # it counts nothing


@pytest.mark.slow
def test_labels_that_the_scheme_forbids_under_xla():
    crf = a_crf("bio")
    compiled = tf.function(lambda y, e: crf.loss(y, e), jit_compile=True)
    assert compiled(tf.constant([[0, 2, 0]], tf.int32), EMISSIONS[:1]).numpy() == np.inf


def test_a_user_model_refuses_a_wrong_label():
    x = keras.Input((None, 2))
    crf = CRF(TAGS)
    model = keras.Model(x, crf(keras.layers.Dense(TAGS)(x)))
    model.compile("sgd", loss=crf.loss)
    with pytest.raises(Exception, match="class numbers below 3"):
        model.fit(np.ones((BATCH, TIME, 2)), LABELS + 1, verbose=0)


@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize("loss", [pytest.param("likelihood", marks=pytest.mark.slow), "cross-entropy"])
def test_labels_and_weights_of_unknown_rank(loss):
    """With them Keras traces a model that was given several shapes, one after another."""
    loss, unknown = LOSSES[loss](), tf.TensorSpec(None)
    signature = [unknown, tf.TensorSpec((None, None, TAGS)), unknown]
    traced = tf.function(lambda y, e, w: loss(y, e, w), input_signature=signature)
    labels = LABELS.astype("float32")
    for name, (sample_weight, _) in WEIGHTS.items():
        weights = np.float32(1 if name == "none" else sample_weight)
        for y in (labels, labels[..., None]):
            np.testing.assert_allclose(traced(y, EMISSIONS, weights), loss(y, EMISSIONS, weights), rtol=1e-5)
    for wrong in ("one-hot", "one a row", "another time", "weights (1, T)", "weights (T,)", "weights of classes"):
        (y, _, *weights), words = WRONG[wrong]
        with pytest.raises(tf.errors.InvalidArgumentError, match=words if weights else "y_true"):
            traced(y.astype("float32"), EMISSIONS, *(weights or [np.float32(1)]))


@pytest.mark.parametrize("loss", LOSSES)
def test_an_empty_batch_has_no_loss(loss):
    assert float(LOSSES[loss]()(np.zeros((0, TIME), int), np.zeros((0, TIME, TAGS), "float32"))) == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_masked_steps_reach_neither_loss_nor_gradient(loss):
    loss = LOSSES[loss]()
    emissions = [tf.constant(np.where(MASK[..., None], EMISSIONS, filler)) for filler in (0.0, np.nan, np.inf)]
    weights = np.where(MASK, 1, np.nan).astype("float32")
    variables = [v.value for v in loss.layer().weights] if hasattr(loss, "layer") else []
    results = []
    for x in emissions:
        with tf.GradientTape() as tape:
            tape.watch([x, *variables])
            value = loss(LABELS, x, weights)
        results.append([value, *tape.gradient(value, [x, *variables])])
    assert all(np.isfinite(tensor).all() for tensor in results[0])
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
