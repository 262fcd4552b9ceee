"""What an export holds, that it needs TensorFlow alone, and that it is complete or absent."""

import io
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from nlpseq import serving
from nlpseq.errors import InputError
from nlpseq.runtime.description import is_a
from nlpseq.serving.metadata import FORMAT_VERSION, Metadata
from nlpseq.serving.model_card import model_card
from nlpseq.serving.output import check_output, publish
from nlpseq.serving.warmup import FILE_NAME
from nlpseq.tasks import answers_class
from nlpseq.writing import incomplete_folder
from tests.fuzz_exports import TOLERANCE, compare, differences, random_texts
from tests.tasks.tiny import EXPORTED, LABELS, METRICS, dataset, exported, served
from tests.toy_kind.model import SeriesForecaster

pytestmark = pytest.mark.usefixtures("portable")


def toy(folder, **options):
    """The export of a task that is quick to export."""
    return serving.export(
        SeriesForecaster(units=2), folder, **{"data": dataset(), "settings": {}, "metrics": METRICS, **options}
    )


def test_contents():
    _, path = exported("classification")
    assert path.name == "1"
    assert (path / "assets" / "labels.txt").read_text() == "no\nyes\nmaybe\n"
    assert json.loads((path / "metrics.json").read_text()) == METRICS
    config = json.loads((path / "config.json").read_text())
    assert config["task"] == "classification" and config["labels"] == LABELS
    assert config["format_version"] == FORMAT_VERSION and config["settings"] == {"units": 5}
    assert config["data"] == {"name": "some_set", "generated": False, "sizes": dataset().sizes}
    assert set(config["versions"]) == {"nlpseq", "tensorflow", "keras", "python"}
    card = (path / "model_card.md").read_text()
    assert "some_set" in card and "0.2500" in card and "60 words" in card
    assert "generated" not in card


def test_metrics_of_one_split_alone(tmp_path):
    path = toy(tmp_path, metrics={"test": {"error": 0.5}})
    assert json.loads((path / "metrics.json").read_text()) == {"validation": {}, "test": {"error": 0.5}}
    assert "| test | error | 0.5000 |" in (path / "model_card.md").read_text()


def test_pictures_and_no_labels(tmp_path):
    path = toy(tmp_path, draw=lambda folder: (folder / "picture.png").write_bytes(b"png"))
    assert (path / "picture.png").is_file()
    assert not (path / "assets" / "labels.txt").exists()


def test_what_a_kind_tells_its_answers():
    assert served("tagging").metadata.details == {"scheme": "bio"}
    assert served("translation").metadata.details == {"max_tokens": 12}
    details = served("language_model").metadata.details
    assert details["special"] == [0, 1, 2] and details["line_end"] == 3 and details["max_tokens"] == 30


@pytest.mark.parametrize("kind, text, answer", [
    ("classification", "long " * 200_000, {"label", "scores"}),
    ("tagging", "Ada met Bo", {"tokens", "tags", "scores", "spans"}),
    ("translation", "a" * 10_000, {"translation", "score", "truncated_to"}),
    ("language_model", "a " * 31, {"tokens", "log_probabilities", "total", "perplexity", "unknown", "truncated_to"}),
])  # fmt: skip
def test_answers_of_an_export(kind, text, answer):
    assert set(served(kind).predict([text])[0]) == answer


@pytest.mark.parametrize("kind", EXPORTED)
def test_no_op_needs_xla_or_python_or_a_locale(kind):
    for function in served(kind).signatures.values():
        graph = function.graph.as_graph_def()
        nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
        assert len(nodes) > 100
        assert not {node.op for node in nodes} & {"PyFunc", "EagerPyFunc", "XlaLaunch", "StringUpper"}
        assert not any(
            node.attr["encoding"].s for node in nodes if node.op == "StringLower"
        )  # "utf-8" reads the locale
        attributes = [f.attr for f in graph.library.function] + [node.attr for node in nodes]
        assert not any(attr["_XlaMustCompile"].b for attr in attributes if "_XlaMustCompile" in attr)


@pytest.mark.parametrize("kind", EXPORTED)
def test_random_strings_alone_and_in_a_batch(kind):
    actual = compare(served(kind).signatures["serving_default"], random_texts(24, longest=60), 12)
    assert actual[:3] == (0, 0, 0) and actual.largest < TOLERANCE
    assert len(served(kind).predict(["half of a pair: \ud800"])) == 1
    for wrong in ("a", [["a"]]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
            served(kind).signatures["serving_default"](text=tf.constant(wrong))


def test_differences_from_a_batch_are_noticed():
    alone = {"tags": np.array([b"A", b"B"], object), "scores": np.array([0.5, 2.0], "float32")}
    padded = {"tags": np.array([b"A", b"B", b""], object), "scores": np.array([0.5, 2.0, 0.0], "float32")}
    assert differences(alone, padded) == (True, 0.0)
    for name, value in (("tags", [b"A", b"A", b""]), ("tags", [b"A", b"B", b"C"]), ("scores", [0.5, 2.0, 0.1])):
        assert not differences(alone, {**padded, name: np.array(value, padded[name].dtype)})[0]
    assert differences(alone, {**padded, "scores": np.array([0.5, 2.5, 0.0], "float32")}) == (True, 0.25)


@pytest.mark.parametrize("labels, different, near_ties", [
    (lambda texts: [str(len(texts))] * len(texts), 0, 2),  # by the number of rows
    (lambda texts: [str(len(texts))] * len(texts) if b"bb" in texts else ["1"] * len(texts), 1, 1),  # by a neighbour
])  # fmt: skip
def test_a_near_tie_is_what_copies_of_a_string_show_too(labels, different, near_ties):
    class Signature:
        structured_input_signature = ((), {"text": None})

        def __call__(self, text):
            return {"label": tf.constant(labels(text.numpy().tolist())), "score": tf.ones(len(text))}

    assert compare(Signature(), [b"a", b"bb"])[1:3] == (different, near_ties)


def test_warmup_requests_are_the_messages_of_tensorflow_serving():
    task, path = exported("classification")
    records = list(tf.data.TFRecordDataset(str(path / FILE_NAME)).as_numpy_iterator())
    texts = []
    for record in records:
        (request,) = fields(fields(record)[6][0])[1]
        parts = fields(request)
        assert fields(parts[1][0])[3] == [b"serving_default"]
        entry = fields(parts[2][0])
        assert entry[1] == [b"text"]
        texts += tf.make_ndarray(TensorProto.FromString(entry[2][0])).tolist()
    assert [text.decode() for text in texts] == list(task.warmup_texts)


def fields(message):
    """The length-delimited fields of a protocol buffer, by number."""
    values, at = {}, 0
    while at < len(message):
        number, at = message[at] >> 3, at + 1
        size, shift = 0, 0
        while True:
            byte, at = message[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        values.setdefault(number, []).append(message[at : at + size])
        at += size
    return values


def test_nothing_is_left_of_an_export_that_fails(tmp_path):
    def fail(folder):
        raise RuntimeError("no picture")

    with pytest.raises(RuntimeError, match="no picture"):
        toy(tmp_path, draw=fail)
    assert not list(tmp_path.iterdir())


def test_versions_count_up_and_other_names_do_not_matter(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "7").mkdir()
    for version in ("8", "9", "10"):
        with incomplete_folder(tmp_path) as partial:
            (partial / "saved_model.pb").touch()
            (partial / "config.json").touch()
            assert publish(partial, tmp_path).name == version
    assert serving.find_export(tmp_path).name == "10"
    assert {path.name for path in tmp_path.iterdir()} == {"notes", "7", "8", "9", "10"}


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to the output folder"):
        check_output(tmp_path / "file" / "below")
    with pytest.raises(InputError, match="`output` is empty"):
        check_output("")  # which would be the current folder
    with pytest.raises(InputError, match="no such user as in the path ~nobody-of-that-name/out"):
        check_output("~nobody-of-that-name/out")


def metadata(**changes):
    values = {"task": "classification", "labels": ["a", "b"], "details": {}, "settings": {"units": 5}}
    data = {"name": "some_set", "generated": False, "sizes": {"train": 1}}
    return {**values, "data": data, "versions": {"keras": "3"}, "format_version": FORMAT_VERSION, **changes}


@pytest.mark.parametrize("generated", [False, True])
def test_the_card_says_whether_data_are_generated(generated):
    described = Metadata(**metadata(data={"name": "some_set", "generated": generated, "sizes": {"train": 1}}))
    card = model_card(SimpleNamespace(purpose="Does it.", limits=lambda: ["It is slow."]), described, METRICS)
    assert ("**The data are generated**" in card) == generated
    for line in ("| train | 1 |", "| test | accuracy | 0.2500 |", "- It is slow.", "| units | 5 |", "- keras 3"):
        assert line in card


def test_metadata_round_trip(tmp_path):
    written = Metadata(**metadata())
    written.write(tmp_path)
    assert Metadata.read(tmp_path) == written


@pytest.mark.parametrize("changes, message", [
    ({"format_version": FORMAT_VERSION + 1}, "has format 2, .* up to 1: upgrade"),
    ({"format_version": None}, "has no format_version: export the model again"),
    ({"format_version": "1"}, 'has the format_version "1", which is not a whole number from 1'),
    ({"format_version": True}, "has the format_version true, which is not a whole number"),
    ({"format_version": 1.5}, "1.5, which is not a whole number"),
    ({"format_version": 0}, "0, which is not a whole number"),
    ({"task": None}, "lacks a valid value of 'task'"),
    ({"labels": "ab"}, "lacks a valid value of 'labels'"),
    ({"labels": ["a", 1]}, "has labels that are not strings"),
    ({"details": []}, "lacks a valid value of 'details'"),
    ({"settings": None}, "lacks a valid value of 'settings'"),
    ({"task": "forecasts"}, "unknown kind of task 'forecasts'"),
])  # fmt: skip
def test_metadata_that_cannot_be_used(tmp_path, changes, message):
    values = {name: value for name, value in metadata(**changes).items() if value is not None}
    (tmp_path / "config.json").write_text(json.dumps(values))
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(InputError, match=message) as error:
        serving.Export(tmp_path)
    assert "\n" not in str(error.value) and str(error.value).endswith((".", "?"))


@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_files_of_an_export_that_are_no_files(tmp_path, name):
    """Pipes, devices, deep nesting and halves of surrogates get one sentence, and nothing waits."""
    (tmp_path / "config.json").write_text(json.dumps(metadata()))
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    (tmp_path / "saved_model.pb").write_bytes(b"")
    path = tmp_path / name
    makers = [
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/dev/zero"),
        path.mkdir,
        lambda: path.write_bytes(bytes(100)),
        lambda: path.write_bytes(b'{"a":' * 200_000),
        lambda: path.write_text(json.dumps({**metadata(), **METRICS, "labels": ["\ud800"]})),
    ]
    for make in makers:
        path.rmdir() if path.is_dir() else path.unlink()
        make()
        with pytest.raises(InputError) as error:
            serving.Export(tmp_path)
        assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_detail_of_another_type(tmp_path):
    described = Metadata(**metadata(details={"max_tokens": "5"}))
    for name in ("max_tokens", "scheme"):
        with pytest.raises(InputError, match=f"no valid '{name}' in its details"):
            described.detail(name, int)


@pytest.mark.parametrize("value, kind, expected", [
    (["a"], [str], True), (["a", 1], [str], False), ("a", [str], False), ({"a": [1]}, {str: [int]}, True),
    ({"a": [""]}, {str: [int]}, False), (True, int, False), (True, bool, True),
])  # fmt: skip
def test_types_of_details(value, kind, expected):
    assert is_a(value, kind) == expected


DETAILS = {  # that an export has, one of which is another in the test
    "forecasting": {
        "quantiles": [0.5],
        "horizon": 1,
        "context": 2,
        "items": 0,
        "past": [],
        "known": [],
        "statics": {},
        "frequency": "",
        "domain": "real",
    },
    "anomalies": {"channels": ["a"], "season": 0},
    "clips": {"reading": {"width": 0}, "frame": [1]},
}


@pytest.mark.parametrize("kind", DETAILS)
def test_details_of_kinds_that_read_files(kind, tmp_path):
    (tmp_path / "rows.csv").write_text("a\n1\n2\n3\n")
    name = next(iter(DETAILS[kind]))

    def read(**change):
        answers = answers_class(kind)(Metadata(**metadata(details={**DETAILS[kind], **change})))
        return list(answers.batches([str(tmp_path / "rows.csv")], io.BytesIO()))

    assert len(read()) == 1
    for value in (-1, "x", [None], {"width": "x"}):
        with pytest.raises(InputError, match=f"no valid '{name}' in its details"):
            read(**{name: value})


def test_a_field_that_a_later_version_adds_is_ignored(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(metadata(added="later")))
    assert Metadata.read(tmp_path) == Metadata(**metadata())


def test_paths_that_are_no_export(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere", "a text where the export should be " * 20):
        with pytest.raises(InputError, match="is not an export of nlpseq"):
            serving.find_export(path)


def test_files_that_are_broken(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"junk")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot read"):
        serving.Export(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InputError, match="JSON object: export the model again"):
        serving.Export(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(metadata()))
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(InputError, match=r"metrics\.json lacks validation and test"):
        serving.Export(tmp_path)
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    with pytest.raises(InputError, match="cannot be loaded"):
        serving.Export(tmp_path).predict(["a"])
