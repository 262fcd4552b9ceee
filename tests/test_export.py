"""What an export holds, that it serves what was evaluated, and that it is complete or absent."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from nlpseq import export as exporting
from nlpseq.data import Examples, LabelledTexts
from nlpseq.errors import InputError
from nlpseq.export import check_output, export
from nlpseq.serving import Export, find_export
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordEncoder

TEXTS = ["a good film", "a bad film", "not bad at all", "dull", "word " * 500]
ODD = ["", "never seen", "😀👍", "\u0007 \u0000 control", "long " * 200_000]
METRICS = {
    "validation": {"accuracy": 0.5},
    "test": {"accuracy": 0.25},
    "train_seconds": 1.5,
    "peak_memory_mb": 100,
}
# Loads an export where nlpseq and Keras cannot be imported, and prints its answers.
FRESH = """
import json, sys
sys.modules["nlpseq"] = sys.modules["keras"] = None
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
texts = [text.encode("utf-8") for text in json.loads(sys.argv[2])] + [b"\\xff\\xfe bad"]
together = served(text=tf.constant(texts))
alone = [served(text=tf.constant([text])) for text in texts]
none = served(text=tf.constant([], tf.string))
print(json.dumps({
    "label": [label.decode() for label in together["label"].numpy()],
    "together": together["scores"].numpy().tolist(),
    "alone": [answer["scores"].numpy()[0].tolist() for answer in alone],
    "none": none["scores"].shape.as_list(),
}))
"""


def data(generated=False):
    one = Examples(np.array([b"x"], object), np.array([0]))
    return LabelledTexts("some_set", ("no", "yes"), one, one, one, generated)


def classifier():
    encoder = WordEncoder.learn(TEXTS, max_tokens=60, ngrams=2, ngram_min_count=1, cut="middle")
    task = TextClassifier(encoder, ["no", "yes"], units=5, embedding_size=6)
    task.build()
    rng = np.random.default_rng(5)
    task.set_weights([rng.normal(size=w.shape) for w in task.get_weights()])
    return task


def write(folder, task=None, **options):
    chosen = {"data": data(), "settings": {"units": 5}, "metrics": METRICS, **options}
    return export(task or classifier(), folder, **chosen)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    task = classifier()
    picture = lambda folder: (folder / "picture.png").write_bytes(b"png")  # noqa: E731
    return task, write(tmp_path_factory.mktemp("exports"), task, draw=picture)


def test_contents(exported):
    _, path = exported
    assert path.name == "1"
    assert (path / "assets" / "labels.txt").read_text() == "no\nyes\n"
    assert (path / "picture.png").is_file()
    assert json.loads((path / "metrics.json").read_text()) == METRICS
    config = json.loads((path / "config.json").read_text())
    assert config["task"] == "classification" and config["labels"] == ["no", "yes"]
    assert config["data"] == {"name": "some_set", "generated": False, "sizes": data().sizes}
    card = (path / "model_card.md").read_text()
    assert "some_set" in card and "0.2500" in card and "60 words" in card
    assert "generated" not in card


def test_card_says_that_data_are_generated(tmp_path):
    path = write(tmp_path, data=data(generated=True))
    assert "**The data are generated**" in (path / "model_card.md").read_text()


def test_versions_count_up_and_other_names_do_not_matter(tmp_path):
    task = classifier()
    (tmp_path / "notes").mkdir()
    (tmp_path / "7").mkdir()
    assert write(tmp_path, task).name == "8"
    assert write(tmp_path, task).name == "9"
    assert find_export(tmp_path).name == "9"


def test_fresh_process_without_nlpseq_gives_the_same(exported):
    task, path = exported
    texts = [*TEXTS, *ODD]
    command = [sys.executable, "-c", FRESH, str(path), json.dumps([t[:90_000] for t in texts])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    served = json.loads(done.stdout.splitlines()[-1])
    expected = task.predict_text([*texts, b"\xff\xfe bad"])
    assert served["label"] == expected["label"]
    np.testing.assert_allclose(served["together"], expected["scores"], atol=1e-5)
    np.testing.assert_allclose(served["alone"], expected["scores"], atol=1e-5)
    assert served["none"] == [0, 2]


def test_a_text_of_a_megabyte(exported):
    _, path = exported
    (answer,) = Export(path).predict(["long " * 200_000])
    assert answer["label"] in ("no", "yes")


def test_no_op_needs_xla_or_python(exported):
    _, path = exported
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    graph = served.graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert len(nodes) > 100
    assert not {node.op for node in nodes} & {"PyFunc", "EagerPyFunc", "XlaLaunch"}
    attributes = [f.attr for f in graph.library.function] + [node.attr for node in nodes]
    assert not any(attr["_XlaMustCompile"].b for attr in attributes if "_XlaMustCompile" in attr)


def test_warmup_requests_are_the_messages_of_tensorflow_serving(exported):
    _, path = exported
    records = list(tf.data.TFRecordDataset(str(path / exporting.WARMUP)).as_numpy_iterator())
    assert len(records) == 3
    texts = []
    for record in records:
        (request,) = fields(fields(record)[6][0])[1]
        parts = fields(request)
        assert fields(parts[1][0])[3] == [b"serving_default"]
        entry = fields(parts[2][0])
        assert entry[1] == [b"text"]
        tensor = tf.make_ndarray(TensorProto.FromString(entry[2][0]))
        texts += tensor.tolist()
    assert [text.decode() for text in texts] == list(classifier().warmup_texts)


def fields(message):
    """The length-delimited fields of a protocol buffer, by number."""
    found, at = {}, 0
    while at < len(message):
        number, at = message[at] >> 3, at + 1
        size, shift = 0, 0
        while True:
            byte, at = message[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        found.setdefault(number, []).append(message[at : at + size])
        at += size
    return found


def test_nothing_is_left_of_an_export_that_fails(tmp_path):
    def fail(folder):
        raise RuntimeError("no picture")

    with pytest.raises(RuntimeError, match="no picture"):
        write(tmp_path, draw=fail)
    assert not list(tmp_path.iterdir())


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to the output folder"):
        check_output(tmp_path / "file" / "below")


def test_paths_that_are_no_export(tmp_path, exported):
    for path in (tmp_path, tmp_path / "nowhere", "a text where the export should be " * 20):
        with pytest.raises(InputError, match="is no export of nlpseq"):
            find_export(path)
    (tmp_path / "saved_model.pb").write_bytes(b"junk")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot read"):
        Export(tmp_path)
    (tmp_path / "config.json").write_text('{"task": "classification"}')
    (tmp_path / "metrics.json").write_text("[]")
    with pytest.raises(InputError, match="metrics.json lacks validation and test"):
        Export(tmp_path)
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    with pytest.raises(InputError, match="cannot be loaded"):
        Export(tmp_path).predict(["a"])
