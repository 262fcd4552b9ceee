"""Saliency, memory horizon, gates and neurons, against finite differences and the equations of the cells."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import diagnostics
from nlpseq.diagnostics import reading
from nlpseq.diagnostics.states import after_negation, inside_quotes, position
from nlpseq.errors import InputError
from nlpseq.tasks import AnomalyDetector, Forecaster, SequenceClassifier, SpeechRecognizer
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.text import SubwordTokenizer
from tests.tasks import tiny
from tests.tiers import slow_but

pytestmark = pytest.mark.usefixtures("portable", "eager")

TEXT = {
    "classification": "a good film , not bad",
    "tagging": "Ada met Bo .",
    "translation": "b a c",
    "language_model": "the cat sat",
}

ANSWER = {"translation": "y x"}  # not searched for


def task_of(kind):
    ngrams = {"ngram_embedding_size": 3, "linear": "bayes", "skip": True}
    return {
        "classification": lambda: tiny.new_classifier(tiny.words(ngrams=2), **ngrams),
        "tagging": lambda: tiny.new_tagger(characters="none", model="softmax"),
        "translation": tiny.new_translator,
        "language_model": tiny.new_language_model,
    }[kind]()


@pytest.mark.parametrize("kind", slow_but(TEXT, "classification"))
def test_every_kind_is_explained(kind):
    is_explained(task_of(kind), TEXT[kind], ANSWER.get(kind))


def numbers_of(kind):
    """A task with random weights, an example and an answer."""
    random = np.random.default_rng(0)
    series = SeriesPreprocessor(horizon=3, context=10, seasons=[4])
    task, example, answer = {
        "forecasting": lambda: (Forecaster(series, units=4, hidden=4, patch=3), random.normal(size=9), "2"),
        "steps": lambda: (Forecaster(series, units=4, method="steps"), random.normal(size=12), "3"),
        "anomalies": lambda: (AnomalyDetector(["a", "b"], units=4), random.normal(size=(20, 2)), "17"),
        "autoencoder": lambda: (
            AnomalyDetector(["a"], units=4, method="autoencoder", window=8), random.normal(size=9), "6",
        ),
        "speech": lambda: (
            SpeechRecognizer(SubwordTokenizer.learn(["ab"], kind="character"), units=4, layers=1, sample_rate=8000),
            0.1 * random.normal(size=4000).astype("float32"), "ab",
        ),
    }[kind]()  # fmt: skip
    task.ensure_built()
    for weight in task.trainable_weights:
        weight.assign_add(0.2 * random.normal(size=weight.shape))
    return task, example, answer


@pytest.mark.parametrize(
    "kind", slow_but(["forecasting", "steps", "anomalies", "autoencoder", "speech"], "forecasting", "autoencoder")
)
def test_every_kind_of_numbers_is_explained(kind):
    is_explained(*numbers_of(kind))


def test_what_is_explained_of_numbers():
    forecaster, history, _ = numbers_of("forecasting")
    look = forecaster.look(history, "2")
    inputs = {name: tf.constant(value) for name, value in look.inputs.items()}
    level, scale = (float(value[0, 0]) for value in forecaster.level_and_scale(inputs))
    median = float(forecaster(inputs)[0, 1, forecaster.middle])
    assert float(look.score(forecaster(inputs))[0]) == pytest.approx((median - level) / scale, rel=1e-4)
    (layer,) = diagnostics.gates(forecaster, history)
    assert (look.steps[-1], layer.steps) == ("t-1", ["t-10", "t-7", "t-4", "t-1"])  # patches of three

    detector, series, _ = numbers_of("anomalies")
    actual = detector.detect([series])[0]["surprise"]
    greatest = diagnostics.saliency(detector, series)  # no step has a score yet
    assert greatest.score == pytest.approx(actual.max(), rel=1e-4) and greatest.answer.startswith("surprise of step")
    assert diagnostics.saliency(detector, series, "4").score == pytest.approx(actual[3], rel=1e-4)
    for task, example, answer in ((detector, series, "21"), (forecaster, history, "0")):
        with pytest.raises(InputError, match="answer"):
            diagnostics.saliency(task, example, answer)


def is_explained(task, example, answer):
    look = task.look(example, answer)
    ones = np.ones((1, len(look.steps)), np.float32)
    # All that the task reads is weighted: with weights of one it is the task itself.
    plain = look.score(task(look.inputs, training=False))
    np.testing.assert_allclose(reading.scores(task, look, tf.constant(ones)), plain, rtol=1e-5)
    # Gradient times input is the derivative by the weights.
    result = diagnostics.saliency(task, example, method="input", answer=answer)
    place = int(np.argmax(np.abs(result.values)))
    change = 1e-2 * (np.arange(len(look.steps)) == place)
    up, down = reading.scores(task, look, tf.constant([1 + change, 1 - change], tf.float32)).numpy()
    assert result.values[place] == pytest.approx((up - down) / 2e-2, abs=0.02, rel=0.05) and result.values.any()
    layers = diagnostics.gates(task, example)
    assert layers and all(layer.values["hidden"].shape[0] == len(layer.steps) for layer in layers)


def test_a_clip_is_explained():
    task = SequenceClassifier(["up", "down"], frame=(2,), units=4)
    task.build()
    clip = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    result = diagnostics.saliency(task, clip, "down", "removal")
    assert result.steps[-1] == "frame 5" and np.abs(result.values).min() > 0
    assert [layer.values["cell"].shape for layer in diagnostics.gates(task, clip)] == [(5, 4)] * 2


def test_integrated_gradients_are_complete():
    task = tiny.new_classifier()
    task.set_weights([0.3 * weight for weight in task.get_weights()])  # smooth
    look = task.look(TEXT["classification"])
    result = diagnostics.saliency(task, TEXT["classification"], samples=40)
    whole, none = (reading.scores(task, look, tf.fill([1, len(look.steps)], x))[0] for x in (1.0, 0.0))
    assert result.score == pytest.approx(float(whole), rel=1e-5)
    assert result.values.sum() == pytest.approx(float(whole - none), rel=0.02)


def test_an_answer_is_chosen():
    task, text = tiny.classifier(), TEXT["classification"]
    scores = task.predict_text(text)["scores"][0]
    for number, label in enumerate(tiny.LABELS):
        odds = np.log(scores[number] / (1 - scores[number]))
        assert diagnostics.saliency(task, text, label, "removal").score == pytest.approx(odds, rel=1e-3)
    with pytest.raises(InputError, match="answer"):
        diagnostics.saliency(task, text, "none of them")
    assert task_of("tagging").look("Ada met Bo", "Bo/I-LOC").answer == "Bo/I-LOC"


def test_the_horizon_of_a_window():
    """A model whose answer depends on lags 0 and 2 alone."""
    task = tiny.new_language_model()
    task.run = lambda ids, training=False: (window(task._embed(ids)), None)

    def window(x):
        return x + tf.pad(x, [[0, 0], [2, 0], [0, 0]])[:, :-2]

    task.logits = lambda hidden, training=False: tf.concat([hidden, 1.0 - hidden], axis=-1)
    horizon = diagnostics.memory_horizon(task, ["the cat sat on the mat", "the dog sat a cat"], share=1e-4)
    assert (horizon.by_perturbation, horizon.by_gradient) == (2, 2)
    assert horizon.perturbation[1] == pytest.approx(0, abs=1e-5)


def test_gates_of_an_lstm_obey_its_equations():
    task = tiny.new_classifier(bidirectional=True)
    forward, backward = diagnostics.gates(task, TEXT["classification"])
    for layer, order in ((forward, 1), (backward, -1)):
        v = {name: values[::order] for name, values in layer.values.items()}
        before = np.concatenate([np.zeros_like(v["cell"][:1]), v["cell"][:-1]])
        np.testing.assert_allclose(v["cell"], v["forget"] * before + v["input"] * v["candidate"], atol=1e-5)
        np.testing.assert_allclose(v["hidden"], v["output"] * np.tanh(v["cell"]), atol=1e-5)


def test_neurons_follow_a_feature():
    task = tiny.classifier()
    texts = ["a good film , not bad", "not dull"]
    first, layer = (diagnostics.gates(task, text)[0] for text in texts)
    hidden = np.concatenate([first.values["hidden"], layer.values["hidden"]])

    def copied(steps):
        values = hidden[:6] if len(steps) == 6 else hidden[6:]
        return list(-values[:, 3])

    (neuron,) = diagnostics.neurons(task, texts, {"copy": copied}, count=1)
    assert (neuron.unit, neuron.layer) == (3, layer.layer)
    assert neuron.correlation == pytest.approx(-1, abs=1e-5)


def test_features():
    assert inside_quotes(["a", '"', "b", '"', "c"]) == [0, 1, 1, 0, 0]
    assert position(["a", "b", r"\n", "c"]) == [1, 2, 0, 1]
    assert after_negation(["a", "not", "b", ",", "c"]) == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("look, message", [
    (lambda task: diagnostics.saliency(task, 5), "expected strings, got 5"),
    (lambda task: diagnostics.saliency(task, ["a", "b"]), "`example` must be one that a TextClassifier reads"),
    (lambda task: diagnostics.saliency(task, " "), "`example` is empty"),
    (lambda task: diagnostics.gates(tf.keras.Sequential(), "x"), "`task` must be a task of nlpseq.tasks"),
    (lambda task: diagnostics.neurons(task, ["a"], position), "`features` must be a dict of functions"),
    (lambda task: diagnostics.memory_horizon(task, "a text"), "`examples` must be a list of examples, got 'a text'"),
    (lambda task: diagnostics.neurons(task, []), "`examples` is empty"),
])  # fmt: skip
def test_what_cannot_be_looked_at(look, message):
    with pytest.raises(InputError, match=message):
        look(task_of("classification"))
