"""Dynamic evaluation: the updates against NumPy, what is scored before it is learnt, and weights that come back."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.evaluation import evaluate_language_model
from nlpseq.tasks import DynamicEvaluation
from tests.tasks import tiny
from tests.tasks.tiny import LINES

pytestmark = pytest.mark.usefixtures("portable")
IDS = tf.constant([3, 5, 6, 7, 5, 6, 8])


def gradients(task, ids, labels):
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, task(ids))
        loss = tf.reduce_mean(losses)
    values = tape.gradient(loss, [weight.value for weight in task.trainable_variables])
    return losses[0].numpy(), [tf.convert_to_tensor(value).numpy() for value in values]


def test_one_update_against_its_equation():
    task = tiny.new_language_model(cell="rnn")
    start = task.get_weights()
    dynamic = DynamicEvaluation(task, dynamic_rate=0.01, dynamic_decay=0.3, dynamic_steps=3)
    ((inputs, first), labels) = next(iter(dynamic.segments(IDS)))
    losses, g1 = gradients(task, inputs, labels)
    with dynamic.adapting():
        np.testing.assert_allclose(dynamic.step((inputs, first), labels), losses, rtol=1e-4)  # scored before it adapts
        between = task.get_weights()
        _, g2 = gradients(task, inputs, labels)
        dynamic.step((inputs, tf.constant(True)), labels)
        after = task.get_weights()
    r1 = [np.abs(g) for g in g1]
    r2 = [np.sqrt((g**2 + h**2) / 2) for g, h in zip(g1, g2)]
    m1, m2 = (sum(r.sum() for r in rs) / sum(r.size for r in rs) for rs in (r1, r2))
    for w0, w1, w2, g, h, r, s in zip(start, between, after, g1, g2, r1, r2):
        np.testing.assert_allclose(w1, w0 - 0.01 * g / (r + m1), rtol=1e-3, atol=1e-6)
        back = np.minimum(0.3 * s / m2, 1) * (w0 - w1)
        np.testing.assert_allclose(w2, w1 + back - 0.01 * h / (s + m2), rtol=1e-3, atol=1e-5)
    for one, other in zip(start, task.get_weights()):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_without_a_rate_it_is_the_static_evaluation():
    task = tiny.new_language_model()
    dynamic = DynamicEvaluation(task, tiny.lines(1), dynamic_rate=0.0, dynamic_steps=4)
    metrics = evaluate_language_model(task, tiny.lines(1), dynamic=dynamic).metrics
    np.testing.assert_allclose(metrics["dynamic_perplexity"], metrics["perplexity"], rtol=1e-5)
    static, adapted = task.score_text(LINES[:2]), task.score_text(LINES[:2], dynamic=dynamic)
    for one, other in zip(static["log_probabilities"], adapted["log_probabilities"]):
        np.testing.assert_allclose(one, other, rtol=1e-4)
    np.testing.assert_allclose(static["perplexity"], adapted["perplexity"], rtol=1e-4)


@pytest.mark.slow
def test_a_text_that_repeats_itself_becomes_probable_and_neighbours_change_nothing():
    task = tiny.new_language_model()
    dynamic = DynamicEvaluation(task, dynamic_rate=0.1, dynamic_steps=5)
    text = " ".join(LINES[:1] * 20)
    together = task.score_text([text, LINES[1], ""], dynamic=dynamic)
    assert together["perplexity"][0] < 0.8 * task.score_text(text)["perplexity"][0]
    assert together["total"][2] == 0 and together["perplexity"][2] == 1
    alone = task.score_text(LINES[1], dynamic=dynamic)
    np.testing.assert_allclose(alone["log_probabilities"][0], together["log_probabilities"][1], rtol=1e-5)
