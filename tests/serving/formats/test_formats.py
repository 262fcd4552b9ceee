"""Formats of an export: answers without TensorFlow are those of the SavedModel, and what disagrees is not written."""

import shutil

import numpy as np
import pytest

from nlpseq import runtime, serving
from nlpseq.errors import InputError
from nlpseq.serving.formats import adding, litert
from nlpseq.serving.formats.agreement import TOLERANCES
from tests.tasks.tiny import (
    EXPORTED,
    METRICS,
    compare,
    dataset,
    exported,
    labelled_texts,
    new_classifier,
    new_tagger,
    served,
    without_tensorflow,
    words,
    write,
)
from tests.tiers import slow_but

pytestmark = pytest.mark.usefixtures("portable")
TEXTS = {"language_model": ["the cat", "", "a dog\nsat on", "never seen ,"]}
DEFAULT = ["a b c", "", "Ada met Bo Li .", "not bad at all"]


def has(package):
    pytest.importorskip(package, reason="needs the extras nlpseq[onnx,litert]")


def copied(kind, folder):
    task, path = exported(kind)
    return task, shutil.copytree(path, folder / "1")


def check_answers(kind, path, format):
    """The answers of two formats, those of a language model both ways."""
    saved, other = (runtime.load(path, name) for name in ("saved_model", format))
    for options in ({"score": True}, {"seed": 4, "length": 8}) if kind == "language_model" else ({},):
        texts = TEXTS.get(kind, DEFAULT)
        compare(texts, saved.predict(texts, **options), other.predict(texts, **options), (), TOLERANCES["none"])


def types_of(model):
    """The types of the tensors of a LiteRT model, of all its subgraphs."""
    from ai_edge_litert.interpreter import Interpreter

    reader = Interpreter(str(model))
    parts = range(reader.num_subgraphs())
    return {tensor["dtype"] for part in parts for tensor in reader.get_tensor_details(part)}


@pytest.mark.parametrize("kind", slow_but(EXPORTED, "classification"))
def test_onnx(kind, tmp_path):
    has("onnx"), has("onnxruntime")
    task, path = copied(kind, tmp_path)
    described = serving.add_formats(path, task, ["onnx"])
    assert described["onnx"]["agreement"]["decisions"] == 1 and described["onnx"]["bytes"] < 100_000
    assert serving.Metadata.read(path).formats.keys() == {"saved_model", "onnx"}
    assert "| onnx | float32 |" in (path / "model_card.md").read_text()
    check_answers(kind, path, "onnx")


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXPORTED)
def test_litert(kind, tmp_path):
    has("ai_edge_litert")
    task, path = copied(kind, tmp_path)
    serving.add_formats(path, task, ["litert"])
    check_answers(kind, path, "litert")
    described = serving.add_formats(path, task, ["litert"], "float16")
    assert described["litert"]["quantize"] == "float16" and np.float16 in types_of(path / "model.tflite")


@pytest.mark.slow
def test_a_tagger_with_recurrent_characters_in_litert(tmp_path):
    has("ai_edge_litert")
    task = new_tagger(model="softmax", cell="gru")
    options = {"data": dataset(), "settings": {}, "metrics": METRICS, "formats": ["litert"]}
    check_answers("tagging", serving.export(task, tmp_path, **options), "litert")


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_several_labels(tmp_path, count):
    has("onnx"), has("onnxruntime")
    task, *others = (new_classifier(words(), multi_label=True) for _ in range(count))
    task = task.combined(others) if others else task
    path = serving.export(task, tmp_path, data=dataset(), settings={}, metrics=METRICS, formats=["onnx"])
    actual = runtime.load(path, "onnx").predict(DEFAULT)
    assert {len(answer["labels"]) for answer in actual} != {1}
    compare(DEFAULT, runtime.load(path, "saved_model").predict(DEFAULT), actual, (), TOLERANCES["none"])


def test_a_process_without_tensorflow(tmp_path):
    has("onnx"), has("onnxruntime")
    task, path = copied("classification", tmp_path)
    serving.add_formats(path, task, ["onnx"])
    answers, expected = without_tensorflow(path, DEFAULT), task.predict_text(DEFAULT)
    for answer, label, scores in zip(answers, expected["label"], expected["scores"], strict=True):
        assert answer["label"] == label
        np.testing.assert_allclose(list(answer["scores"].values()), scores, atol=1e-5)


def test_signatures_and_inputs_that_are_none():
    model = runtime.load(exported("classification")[1], "saved_model")
    for signature, inputs, said in (
        ("embedd", {}, "unknown `signature` 'embedd': did you mean embed"),
        ("embed", {}, "the signature 'embed' takes text, got nothing"),
        ("embed", {"text": [[1]]}, "the input 'text' of the signature 'embed' must be string of the shape"),
    ):
        with pytest.raises(InputError, match=said):
            model.run(signature, inputs)


def test_the_saved_model_is_there_already(tmp_path):
    task, path = copied("classification", tmp_path)
    before = sorted(path.rglob("*"))
    with pytest.raises(InputError, match="has the format saved_model already"):
        serving.add_formats(path, task, ["saved_model"])
    assert sorted(path.rglob("*")) == before


def test_a_model_that_disagrees_is_not_written(tmp_path, monkeypatch):
    has("onnx"), has("onnxruntime")
    task, path = copied("classification", tmp_path)
    before = sorted(path.rglob("*"))
    weights = task.get_weights()
    monkeypatch.setattr(adding.Asked, "times", lambda self: {"ms_1": 1.0, "ms_64": 1.0})
    try:
        task.head.bias.assign_add([0.0, 1e-3, 0.0])
        with pytest.raises(
            InputError,
            match=r"/1 has no onnx: the .* on example 1 of the sample \(a score differs by .*not written",
        ):
            serving.add_formats(path, task, ["onnx"])
    finally:
        task.set_weights(weights)
    assert sorted(path.rglob("*")) == before and [item.name for item in tmp_path.iterdir()] == ["1"]


def test_an_export_has_the_formats_that_agree(tmp_path, monkeypatch):
    has("onnx"), has("onnxruntime"), has("ai_edge_litert")
    monkeypatch.setattr(adding.Asked, "times", lambda self: {"ms_1": 1.0, "ms_64": 1.0})
    monkeypatch.setattr(
        litert, "write", lambda task, folder, quantize: [(folder / "model.tflite").write_bytes(b"")][:0]
    )
    with pytest.raises(serving.FormatError, match=r"1 has no litert: the model .* cannot be loaded") as raised:
        write(tmp_path, exported("classification")[0], formats=["litert", "onnx"])
    path = raised.value.path
    assert path == tmp_path / "1" and not (path / "model.tflite").exists()
    assert serving.Metadata.read(path).formats.keys() == {"saved_model", "onnx"}
    assert runtime.load(path).format == "onnx" and serving.Export(path).predict(["good"])


@pytest.mark.parametrize("right, answer, message", [
    ({"label": "a", "score": 0.5}, {"label": "b", "score": 0.5}, "answers input 0 otherwise"),
    ({"label": "a", "score": 0.5}, {"label": "a", "score": 0.50002}, "differs by 2.0e-05 .* at most 1e-05"),
    ({"label": "a", "score": 0.5}, {"label": "a"}, "otherwise"),
    ({"label": "a", "score": 0.5}, {"label": "a", "score": 0.500009}, None),
    ({"label": "a", "score": -500.0}, {"label": "a", "score": -500.004}, None),
])  # fmt: skip
def test_what_agrees(right, answer, message):
    if message is None:
        assert compare(["x"], [right], [answer], ["label"], TOLERANCES["none"])["decisions"] == 1
    else:
        with pytest.raises(InputError, match=message):
            compare(["x"], [right], [answer], ["label"], TOLERANCES["none"])


def test_shares_of_small_types():
    right = [{"label": "a", "score": 0.5}] * 20
    answers = [{"label": "b", "score": 0.4}, *right[1:]]
    actual = compare(["x"] * 20, right, answers, ["label"], TOLERANCES["int8"])
    assert actual == {"texts": 20, "decisions": 0.95, "scores": pytest.approx(0.1)}
    with pytest.raises(InputError, match="95.0% of its decisions are the same, at least 99%"):
        compare(["x"] * 20, right, answers, ["label"], TOLERANCES["float16"])


def test_sentences_are_compared_by_their_words():
    right = [{"translation": "a man is on a horse"}, {"translation": ""}]
    answers = [{"translation": "a man sits on a horse"}, {"translation": ""}]
    expected = {"texts": 2, "decisions": pytest.approx((5 / 6 + 1) / 2), "scores": 0}
    compared = compare(["x"] * 2, right, answers, ["translation"], TOLERANCES["int8"], sentences=True)
    assert compared == expected
    with pytest.raises(InputError, match="91.7% of its words are the same, at least 98%"):
        compare(["x"] * 2, right, answers, ["translation"], TOLERANCES["float16"], sentences=True)
    with pytest.raises(InputError, match="answers input 0 otherwise"):
        compare(["x"] * 2, right, answers, ["translation"], TOLERANCES["none"], sentences=True)


def test_the_metric_of_a_sample():
    task, _ = exported("classification")
    sample = task.validation_sample(labelled_texts(1), 3)
    assert [right for _, right in sample] == ["no", "yes", "maybe"]
    answers = served("classification").answers
    assert answers.score([("no", {"label": "no"}), ("yes", {"label": "no"})]) == {"accuracy": 0.5}


@pytest.mark.parametrize("formats, quantize, message", [
    (["onxx"], "none", "did you mean onnx"),
    (["onnx"], "int8", "`quantize` is for the format litert"),
    (["litert"], "int4", "unknown `quantize` 'int4'"),
])  # fmt: skip
def test_formats_that_are_refused(formats, quantize, message):
    with pytest.raises(InputError, match=message):
        serving.check_formats(formats, quantize)


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setattr(adding.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs the package onnx: pip install 'nlpseq\[onnx\]'"):
        serving.check_formats(["onnx"], "none")


@pytest.mark.parametrize("inputs", [[1], [None], [["a"]], None])
def test_inputs_that_are_no_texts(inputs):
    with pytest.raises(InputError, match="expected strings, got|must be a list"):
        runtime.load(exported("classification")[1]).predict(inputs)


def test_an_export_without_the_format(tmp_path):
    _, path = exported("classification")
    model = runtime.load(path)
    assert model.format == "saved_model" and not (path / "client.json").exists()
    assert model.predict(DEFAULT) == [
        {"text": t, **a} for t, a in zip(DEFAULT, served("classification").predict(DEFAULT))
    ]
    with pytest.raises(InputError, match=r"no model of the format litert: make it with `nlpseq export .* --to litert`"):
        runtime.load(path, "litert")
    with pytest.raises(InputError, match="is not an export of nlpseq"):
        runtime.load(tmp_path)
    with pytest.raises(InputError, match="config.json is not a model file: expected model.onnx, model.tflite, saved_"):
        runtime.load(path / "config.json")
