"""Token by token, classifiers and taggers that read forward answer as for the whole text."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tasks.tiny import new_classifier, new_tagger, tokens, words

pytestmark = pytest.mark.usefixtures("portable", "eager")
TEXT = ["a", "bad", "film", ",", "never", "good"]


def states_of(answer):
    return {name: value for name, value in answer.items() if name.startswith(("state_", "largest", "total", "count"))}


@pytest.mark.parametrize("options", [
    {"pooling": "last", "layers": 2}, pytest.param({"pooling": "max", "cell": "gru"}, marks=pytest.mark.slow),
    {"pooling": "max_mean"},
])  # fmt: skip
def test_classifier(options):
    task = new_classifier(words(), bidirectional=False, **options)
    served = task.signatures()
    answer = served["init"](tf.constant(["a bad", ""]))
    assert answer["label"].shape == [2]
    for end in range(2, len(TEXT)):
        answer = served["step"](token=tf.constant([TEXT[end], ""]), **states_of(answer))
        expected = task.predict_text([" ".join(TEXT[: end + 1]), ""])
        np.testing.assert_allclose(answer["scores"], expected["scores"], atol=1e-5)
        assert [label.decode() for label in answer["label"].numpy()] == expected["label"]


@pytest.mark.parametrize("characters", [pytest.param("rnn", marks=pytest.mark.slow), "none"])
def test_tagger(characters):
    options = {"characters": characters, "layers": 2, "linear": "features" if characters == "none" else "none"}
    task = new_tagger(tokens(), bidirectional=False, model="softmax", scheme=None, **options)
    served, sentence = task.signatures(), ["Ada", "met", "Bo", "never", "."]
    expected = task.predict_tokens([sentence])
    answer = served["init"](tf.constant(["Ada met"]))
    assert [tag.decode() for tag in answer["tags"].numpy()[0]] == expected["tags"][0][:2]
    for number in range(2, len(sentence)):
        answer = served["step"](token=tf.constant([sentence[number]]), **states_of(answer))
        assert answer["tag"].numpy()[0].decode() == expected["tags"][0][number]
        np.testing.assert_allclose(answer["score"], expected["scores"][0][number : number + 1], atol=1e-5)


def test_a_state_needs_a_row_for_each_token():
    served = new_classifier(words(), bidirectional=False, pooling="max_mean").signatures()
    states = states_of(served["init"](tf.constant(["a bad", ""])))
    for name in ("state_0", "largest", "total", "count"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have"):
            served["step"](token=tf.constant(["film", "good"]), **{**states, name: states[name][:1]})


def test_models_that_read_ahead_have_no_steps():
    assert new_classifier().signatures().keys() == {"serving_default", "embed"}
    attentive = new_classifier(words(), bidirectional=False, pooling="attention")
    assert attentive.signatures().keys() == {"serving_default", "embed"}
    assert new_tagger().signatures().keys() == {"serving_default", "embed", "tag_tokens"}
