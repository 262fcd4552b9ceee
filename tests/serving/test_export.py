"""What an export holds, that it serves what was evaluated, and that it is complete or absent."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from nlpseq.cli import command_line
from nlpseq.data import Examples, LabelledTexts
from nlpseq.errors import InputError
from nlpseq.serving import export as exporting
from nlpseq.serving.client import Export, find_export
from nlpseq.serving.export import check_output, export
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordEncoder
from tests.tasks import test_language_model, test_tagger, test_translator

TEXTS = ["a good film", "a bad film", "not bad at all", "dull", "word " * 500]
ODD = ["", "never seen", "😀👍", "\u0007 \u0000 control", "long " * 200_000]
METRICS = {
    "validation": {"accuracy": 0.5},
    "test": {"accuracy": 0.25},
    "train_seconds": 1.5,
    "peak_memory_mb": 100,
}
# Loads an export where nlpseq and Keras cannot be imported, and prints its answers: to all
# inputs together, to each alone, and to none. Bytes travel as latin-1.
FRESH = """
import json, sys
sys.modules["nlpseq"] = sys.modules["keras"] = None
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
path, signature, inputs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
served = tf.saved_model.load(path).signatures[signature]
as_bytes = lambda value: value.encode("latin-1") if isinstance(value, str) else list(map(as_bytes, value))
as_text = lambda value: value.decode() if isinstance(value, bytes) else (
    list(map(as_text, value)) if isinstance(value, list) else value)
def ask(rows):
    values = tf.constant(as_bytes(rows), tf.string)
    if not rows:
        values = tf.zeros([0, *[2] * (len(tf.constant(as_bytes(inputs[:1])).shape) - 1)], tf.string)
    (name,) = served.structured_input_signature[1]
    return {key: as_text(value.numpy().tolist()) for key, value in served(**{name: values}).items()}
print(json.dumps({"together": ask(inputs), "alone": [ask([row]) for row in inputs], "none": ask([])}))
"""


def in_a_fresh_process(path, inputs, signature="serving_default"):
    """The answers of an export in a process without nlpseq."""
    latin = lambda value: (  # noqa: E731
        [latin(item) for item in value] if isinstance(value, list)
        else (value if isinstance(value, bytes) else value.encode()).decode("latin-1")
    )  # fmt: skip
    command = [sys.executable, "-c", FRESH, str(path), signature, json.dumps(latin(inputs))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def data(generated=False):
    one = Examples(np.array([b"x"], object), np.array([0]))
    return LabelledTexts("some_set", ("no", "yes"), one, one, one, generated)


def classifier():
    encoder = WordEncoder.learn(TEXTS, max_tokens=60, ngrams=2, ngram_min_count=1, truncation="middle")
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
    texts = [*(text[:40_000] for text in [*TEXTS, *ODD]), b"\xff\xfe bad"]
    served = in_a_fresh_process(path, texts)
    expected = task.predict_text(texts)
    assert served["together"]["label"] == expected["label"]
    np.testing.assert_allclose(served["together"]["scores"], expected["scores"], atol=1e-5)
    alone = [answer["scores"][0] for answer in served["alone"]]
    np.testing.assert_allclose(alone, expected["scores"], atol=1e-5)
    assert served["none"]["scores"] == []


@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize("output", ["crf", pytest.param("softmax", marks=pytest.mark.slow)])
def test_tagger_in_a_fresh_process(tmp_path, output):
    task = test_tagger.tagger(output=output)
    path = write(tmp_path, task)
    texts = ["Ada met Bo Li .", *ODD[:4], b"\xff\xfe bad", "long " * 9_000]
    expected, served = task.predict_text(texts), in_a_fresh_process(path, texts)
    for row, (tokens, tags, scores) in enumerate(zip(*expected.values())):
        for answer, at in ((served["together"], row), (served["alone"][row], 0)):
            length = answer["length"][at]
            assert answer["tokens"][at][:length] == tokens and answer["tags"][at][:length] == tags
            assert set(answer["tags"][at][length:]) <= {""}
            np.testing.assert_allclose(answer["scores"][at][:length], scores, atol=1e-5)
    assert served["alone"][1] == {"tokens": [[]], "tags": [[]], "scores": [[]], "length": [0]}
    tokens = [["Ada", "met", "Li"], ["Bo", "", ""], ["", "", ""]]
    served = in_a_fresh_process(path, tokens, "tag_tokens")["together"]
    assert served["length"] == [3, 1, 0]
    assert served["tags"][0] == task.predict_tokens(tokens[:1])["tags"][0]
    card = (path / "model_card.md").read_text()
    assert ("can break their scheme" in card) == (output == "softmax")
    assert json.loads((path / "config.json").read_text())["scheme"] == "bio"


@pytest.mark.usefixtures("portable")
def test_translator_in_a_fresh_process(tmp_path):
    task = test_translator.new_translator(test_translator.encoder(kind="bpe", size=14, joint=True))
    path = write(tmp_path, task)
    assert not (path / "assets" / "labels.txt").exists()
    full = "c c c c c c c"  # fills a bucket where it is alone
    pieces = task.encoder(tf.constant([full])).to_tensor().shape[1]
    assert pieces == task.buckets[0]
    texts = [full, "a b c", *ODD[:4], b"\xff\xfe bad", "a" * 10_000]
    expected, served = task.predict_text(texts), in_a_fresh_process(path, texts)
    assert served["together"]["translation"] == expected["translation"]
    assert [answer["translation"][0] for answer in served["alone"]] == expected["translation"]
    np.testing.assert_allclose(served["together"]["score"], expected["score"], atol=1e-5)
    assert served["together"]["cut"] == [False] * 7 + [True] and served["none"]["translation"] == []
    (answer,) = Export(path).predict(["a" * 10_000])
    assert answer["cut_to_pieces"] == 11
    attended, expected = (
        in_a_fresh_process(path, texts, "translate_attention"),
        task.answer_attention(tf.constant(texts)),
    )
    for name in ("translations", "source_pieces", "target_pieces"):
        found = [[piece.encode() for piece in tf.nest.flatten(row)] for row in attended["together"][name]]
        assert found == [tf.nest.flatten(row) for row in expected[name].numpy().tolist()]
    np.testing.assert_allclose(attended["together"]["attention"], expected["attention"], atol=1e-5)


@pytest.mark.usefixtures("portable")
def test_the_command_translates_and_says_what_was_cut(tmp_path, capsys):
    task = test_translator.new_translator(test_translator.encoder(kind="bpe", size=14, joint=True))
    with pytest.raises(SystemExit) as end:
        command_line.main(["predict", str(write(tmp_path, task)), "a b c", "a" * 10_000])
    assert end.value.code == 0
    shown = capsys.readouterr()
    assert task.predict_text("a b c")["translation"][0] in shown.out
    assert "only the first 11 pieces" in shown.err


def test_a_text_of_a_megabyte(exported):
    _, path = exported
    (answer,) = Export(path).predict(["long " * 200_000])
    assert answer["label"] in ("no", "yes")


@pytest.mark.parametrize("make", [
    classifier, test_tagger.tagger, test_translator.translator, test_language_model.model,
], ids=["classifier", "tagger", "translator", "language model"])  # fmt: skip
def test_no_op_needs_xla_or_python(tmp_path, make):
    for served in tf.saved_model.load(str(write(tmp_path, make()))).signatures.values():
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
