"""Several networks in one task: the mean of their outputs, saved and exported."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import serving
from nlpseq.training import load_task
from tests.tasks import tiny
from tests.tasks.tiny import SENTENCES, TEXTS

pytestmark = pytest.mark.usefixtures("portable", "eager")


def members(new, **settings):
    """Tasks with different weights."""
    first, second = new(**settings), new(**settings)
    second.set_weights([weight[::-1] if weight.ndim else weight for weight in second.get_weights()])
    return first, second


@pytest.mark.parametrize("multi_label", [False, True])
def test_probabilities_of_classifiers_are_averaged(multi_label):
    first, second = members(tiny.new_classifier, multi_label=multi_label)
    task = first.combined([second])
    ids = first.encode_texts(TEXTS).to_tensor()
    scores = [(tf.sigmoid if multi_label else tf.nn.softmax)(one(ids)).numpy() for one in (first, second, task)]
    assert np.abs(scores[0] - scores[1]).max() > 0.01
    np.testing.assert_allclose(scores[2], (scores[0] + scores[1]) / 2, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("graph")
def test_an_export_answers_as_the_ensemble_and_can_be_loaded(tmp_path):
    first, second = members(tiny.new_classifier)
    task = first.combined([second])
    path = tiny.write(tmp_path, task)
    expected = task.predict_text(TEXTS)["scores"]
    served = [list(row["scores"].values()) for row in serving.Export(path).predict(TEXTS)]
    np.testing.assert_allclose(served, expected, rtol=1e-5)
    np.testing.assert_allclose(load_task(path).predict_text(TEXTS)["scores"], expected, rtol=1e-5)
    task.save(tmp_path / "task.keras")
    loaded: Any = keras.models.load_model(tmp_path / "task.keras")
    np.testing.assert_allclose(loaded.predict_text(TEXTS)["scores"], expected, rtol=1e-6)


@pytest.mark.parametrize("model", ["crf", pytest.param("softmax", marks=pytest.mark.slow)])
def test_taggers(model):
    first, second = members(tiny.new_tagger, model=model, scheme="bio" if model == "crf" else None)
    task = first.combined([second])
    assert task.limits() == first.limits()  # of the model card of its export
    ids = tiny.tokens()(tf.ragged.constant(SENTENCES)).to_tensor()
    outputs = [one(ids) for one in (first, second, task)]
    if model == "crf":
        np.testing.assert_allclose(outputs[2], (outputs[0] + outputs[1]) / 2, rtol=1e-5)
        np.testing.assert_allclose(task.crf.transitions, (first.crf.transitions + second.crf.transitions) / 2)
    else:
        mean = (tf.nn.softmax(outputs[0]) + tf.nn.softmax(outputs[1])) / 2
        np.testing.assert_allclose(tf.nn.softmax(outputs[2]), mean, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_vectors_of_texts_are_those_of_all_networks():
    first, second = members(tiny.new_classifier)
    vectors = [one.embed_text(TEXTS) for one in (first, second, first.combined([second]))]
    np.testing.assert_allclose(vectors[2], np.concatenate(vectors[:2], axis=1), rtol=1e-5, atol=1e-6)


def test_language_models():
    first, second = members(tiny.new_language_model)
    task = first.combined([second])
    ids = tf.constant([[3, 5, 6, 4], [4, 4, 3, 7]])
    probabilities = [tf.nn.softmax(one(ids)).numpy() for one in (first, second, task)]
    assert np.abs(probabilities[0] - probabilities[1]).max() > 0.01
    np.testing.assert_allclose(probabilities[2], (probabilities[0] + probabilities[1]) / 2, rtol=1e-4)
