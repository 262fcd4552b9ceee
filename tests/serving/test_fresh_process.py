"""A process that has TensorFlow alone, neither nlpseq nor Keras, gets from exports what was evaluated."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.tasks.tiny import ODD, TEXTS, exported

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("portable", "eager")]

# Loads all exports and answers requests: a list of [path, signature, {input: [type, value]}], where a
# path with a list of tokens in the place of inputs is read by "init" and "step". Bytes travel as latin-1.
FRESH = """
import json, sys
sys.modules["nlpseq"] = sys.modules["keras"] = None
import tensorflow as tf
loaded = {}
def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return [plain(item) for item in value] if isinstance(value, list) else value
def raw(value):
    if isinstance(value, str):
        return value.encode("latin-1")
    return [raw(item) for item in value] if isinstance(value, list) else value
def tensor(dtype, value, shape):
    return tf.reshape(tf.constant(raw(value), dtype), shape)
def steps(served, tokens):
    answer, total = served["init"](prompt=tf.constant([""])), 0.0
    for token in tokens:
        total += float(answer["log_probabilities"][0, token])
        states = {name: value for name, value in answer.items() if name.startswith("state_")}
        answer = served["step"](token=tf.constant([token]), **states)
    return {"total": total}
answers = []
for path, signature, inputs in json.load(sys.stdin):
    if path not in loaded:
        loaded[path] = tf.saved_model.load(path)
    served = loaded[path].signatures
    if isinstance(inputs, list):
        answers.append(steps(served, inputs))
    else:
        tensors = {name: tensor(*value) for name, value in inputs.items()}
        answers.append({name: plain(value.numpy().tolist()) for name, value in served[signature](**tensors).items()})
print(json.dumps(answers))
"""
LONG = "word " * 500
TOKENS = [["Ada", "met", "Li"], ["Bo", "", ""], ["", "", ""]]
FULL = "c c c c c c c"  # no padding where it is alone
INPUTS = {
    "classification": [*TEXTS, "A GOOD FILM", LONG, *ODD, "\x07 \x00 control", "long " * 8_000],
    "tagging": ["Ada met Bo Li .", "ADA MET BO LI", *ODD, "long " * 9_000],
    "translation": [FULL, "a b c", *ODD, "a" * 10_000],
    "language_model": ["the cat", "the dog ", "a dog\n", "never seen ,", "  mat ", *ODD, "a " * 3000, "\r\n\n\n"],
}
TURKISH = {**os.environ, "LC_ALL": "tr_TR.UTF-8"}  # where the lower case of "I" is another letter
GENERATION = {"length": 6, "temperature": 0.8, "top_k": 5, "top_p": 0.9, "seed": 3}
TYPES = {"length": "int32", "temperature": "float32", "top_k": "int32", "top_p": "float32", "seed": "int64"}


def latin(value):
    if isinstance(value, list):
        return [latin(item) for item in value]
    return (value if isinstance(value, bytes) else value.encode()).decode("latin-1")


def text_input(texts, name="text", shape=(-1,)):
    return {name: ["string", latin(texts), shape]}


@pytest.fixture(scope="module")
def fresh():
    """The answers by (kind, request): "together" to all inputs, one number each to them alone, "none" to none."""
    requests = {}
    for kind, texts in INPUTS.items():
        for name, subset in {"together": texts, "none": [], **{i: [text] for i, text in enumerate(texts)}}.items():
            requests[kind, name] = "serving_default", text_input(subset)
        requests[kind, "embed"] = "embed", text_input(texts)
    requests["tagging", "tokens"] = "tag_tokens", text_input(TOKENS, "tokens", (3, 3))
    requests["translation", "attention"] = "translate_attention", text_input(INPUTS["translation"])
    numbers = {name: [TYPES[name], value, ()] for name, value in GENERATION.items()}
    requests["language_model", "generate"] = "generate", {
        **text_input(INPUTS["language_model"][:5], "prompt"), **numbers
    }  # fmt: skip
    ids = exported("language_model")[0].preprocessor(["the cat"]).to_list()[0]
    requests["language_model", "steps"] = None, ids
    listed = [[str(exported(kind)[1]), *request] for (kind, _), request in requests.items()]
    command, options = [sys.executable, "-c", FRESH], {"capture_output": True, "text": True, "env": TURKISH}
    process = subprocess.run(command, input=json.dumps(listed), **options)
    assert not process.returncode, process.stderr[-2000:]
    return dict(zip(requests, json.loads(process.stdout.splitlines()[-1])))


def alone(fresh, kind, output):
    """An output for each input by itself."""
    return [fresh[kind, number][output][0] for number in range(len(INPUTS[kind]))]


@pytest.mark.parametrize("kind", INPUTS)
def test_vectors(fresh, kind):
    task, _ = exported(kind)
    alone = np.concatenate([task.embed_text(text) for text in INPUTS[kind][:4]])
    np.testing.assert_allclose(fresh[kind, "embed"]["embedding"][:4], alone, atol=1e-4)
    assert task.embed_text([]).shape == (0, alone.shape[1])


def test_classifier(fresh):
    task, _ = exported("classification")
    expected, together = task.predict_text(INPUTS["classification"]), fresh["classification", "together"]
    assert together["label"] == alone(fresh, "classification", "label") == expected["label"]
    np.testing.assert_allclose(together["scores"], expected["scores"], atol=1e-5)
    np.testing.assert_allclose(alone(fresh, "classification", "scores"), expected["scores"], atol=1e-5)
    assert fresh["classification", "none"] == {"label": [], "scores": []}


def test_tagger(fresh):
    task, _ = exported("tagging")
    texts, together = INPUTS["tagging"], fresh["tagging", "together"]
    expected = task.predict_text(texts)
    for row in range(len(texts)):
        for answer, at in ((together, row), (fresh["tagging", row], 0)):
            length = answer["length"][at]
            assert answer["tokens"][at][:length] == latin(expected["tokens"][row])
            assert answer["tags"][at][:length] == expected["tags"][row]
            assert set(answer["tags"][at][length:]) <= {""}
            np.testing.assert_allclose(answer["scores"][at][:length], expected["scores"][row], atol=1e-5)
    assert fresh["tagging", INPUTS["tagging"].index("")] == {
        "tokens": [[]],
        "tags": [[]],
        "scores": [[]],
        "length": [0],
    }
    assert fresh["tagging", "none"]["length"] == []


def test_tagger_of_tokens(fresh):
    task, _ = exported("tagging")
    answer = fresh["tagging", "tokens"]
    assert answer["length"] == [3, 1, 0]
    assert answer["tags"][0] == task.predict_tokens(TOKENS[:1])["tags"][0]


def test_translator(fresh):
    task, _ = exported("translation")
    expected, together = task.predict_text(INPUTS["translation"]), fresh["translation", "together"]
    assert together["translation"] == latin(expected["translation"]) == alone(fresh, "translation", "translation")
    np.testing.assert_allclose(together["score"], expected["score"], atol=1e-5)
    assert together["truncated"] == [False] * 8 + [True] and fresh["translation", "none"]["translation"] == []


def test_attention_of_a_translator(fresh):
    task, _ = exported("translation")
    expected, answer = (
        task.search.answer_attention(tf.constant(INPUTS["translation"])),
        fresh["translation", "attention"],
    )
    for name in ("translations", "source_tokens", "target_tokens"):
        assert [tf.nest.flatten(row) for row in answer[name]] == [
            latin(tf.nest.flatten(row)) for row in expected[name].numpy().tolist()
        ]
    np.testing.assert_allclose(answer["attention"], expected["attention"], atol=1e-5)


def test_language_model(fresh):
    task, _ = exported("language_model")
    expected, together = task.score_text(INPUTS["language_model"]), fresh["language_model", "together"]
    np.testing.assert_allclose(together["total"], expected["total"], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(alone(fresh, "language_model", "total"), expected["total"], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(fresh["language_model", "steps"]["total"], expected["total"][0], atol=1e-5)
    assert fresh["language_model", "none"]["total"] == []


def test_generation(fresh):
    task, _ = exported("language_model")
    texts = task.predict_text(INPUTS["language_model"][:5], **GENERATION)["text"]
    assert fresh["language_model", "generate"]["text"] == latin(texts)
