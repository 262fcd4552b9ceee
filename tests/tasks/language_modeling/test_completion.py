"""Going on with a prompt by an export, and the command line of it."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.cli import command_line
from nlpseq.errors import InputError
from nlpseq.serving.client import Export
from nlpseq.serving.export import export
from nlpseq.tasks.language_modeling.completion import go_on
from tests.serving.test_export import METRICS, classifier, data, write
from tests.tasks.language_modeling.test_model import encoder, new_model

PROMPTS = ["the cat", "the dog ", "", "a dog\n", "never seen ,", "  mat "]
ODD = ["😀👍", "\x00\x07", "a " * 3000, "\r\n\n\n"]  # the third is cut
# Loads an export where nlpseq and Keras cannot be imported, and goes through its signatures.
FRESH = """
import json, sys
sys.modules["nlpseq"] = sys.modules["keras"] = None
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures
texts, odd = json.loads(sys.argv[2])
generated = served["generate"](
    prompt=tf.constant(texts), length=tf.constant(6), temperature=tf.constant(0.8), top_k=tf.constant(5),
    top_p=tf.constant(0.9), seed=tf.constant(3, tf.int64))
scored = served["score"](text=tf.constant(texts + odd))
def total_by_steps(text, ids):
    found = served["init"](prompt=tf.constant([text]))
    total = 0.0
    for token in ids:
        total += float(found["log_probabilities"][0, token])
        states = {name: each for name, each in found.items() if name.startswith("state_")}
        found = served["step"](token=tf.constant([token]), **states)
    return total
print(json.dumps({
    "text": [text.decode() for text in generated["text"].numpy()],
    "total": scored["total"].numpy().tolist(),
    "alone": [served["score"](text=tf.constant([text]))["total"].numpy().tolist()[0] for text in texts],
    "steps": total_by_steps("", json.loads(sys.argv[3])),
    "bad": served["score"](text=tf.constant([b"\\xff\\xfe"]))["total"].numpy().tolist(),
    "none": served["score"](text=tf.zeros([0], tf.string))["total"].numpy().tolist(),
}))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    task = new_model(encoder(max_tokens=30), layers=2)
    path = export(task, tmp_path_factory.mktemp("exports"), data=data(), settings={}, metrics=METRICS)
    return task, path


def test_a_fresh_process_without_nlpseq_gives_the_same(exported):
    task, path = exported
    ids = task.encoder([PROMPTS[0]])[0].numpy().tolist()
    command = [sys.executable, "-c", FRESH, str(path), json.dumps([PROMPTS, ODD]), json.dumps(ids)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    options = {"length": 6, "temperature": 0.8, "top_k": 5, "top_p": 0.9, "seed": 3}
    assert found["text"] == task.predict_text(PROMPTS, **options)["text"]
    expected = task.score_text([*PROMPTS, *ODD])["total"]
    np.testing.assert_allclose(found["total"], expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found["alone"], expected[: len(PROMPTS)], atol=1e-4)
    np.testing.assert_allclose(found["steps"], expected[0], atol=1e-5)
    np.testing.assert_allclose(found["bad"], task.score_text([b"\xff\xfe"])["total"], atol=1e-4)
    assert found["none"] == []


@pytest.mark.parametrize("options", [
    {"greedy": True},
    {"seed": 4},
    {"temperature": 0.5, "top_k": 4, "seed": 1},
    {"top_p": 0.7, "one_line": True, "length": 20},
])  # fmt: skip
def test_pieces_come_one_by_one_and_are_those_of_generate(exported, options):
    task, path = exported
    served = Export(path)
    method = {"method": "greedy"} if options.get("greedy") else {}
    others = {name: value for name, value in options.items() if name != "greedy"}
    for prompt in PROMPTS:
        shown = []
        added = go_on(served, prompt, shown.append, **{"length": 7, **options})
        assert added == "".join(shown)
        expected = task.predict_text([prompt], **{"length": 7, **method, **others})["added"][0]
        assert added.split() == expected.split() and added.count("\n") == expected.count("\n")
        assert len(shown) <= options.get("length", 7)


def test_unknown_pieces_are_told_before_the_first_piece(exported):
    told = []
    go_on(Export(exported[1]), "never the seen", told.append, length=2, note=told.append)
    assert told[0] == 2 and all(isinstance(each, str) for each in told[1:])


def test_of_a_long_prompt_the_end_is_read(exported):
    task, path = exported
    texts = ["the cat " * 20, "the cat " * 15]  # 40 pieces, and the 30 that are read
    found = Export(path).signatures["init"](prompt=tf.constant(texts))
    assert found["cut"].numpy().tolist() == [True, False] and found["unknown"].numpy().tolist() == [0, 0]
    for name in ("log_probabilities", "state_0"):
        np.testing.assert_allclose(found[name][0], found[name][1], atol=1e-6)


def test_a_batch_of_no_prompts(exported):
    served = Export(exported[1]).signatures
    none = tf.zeros([0], tf.string)
    found = served["init"](prompt=none)
    assert found["log_probabilities"].shape[0] == 0
    states = {name: each for name, each in found.items() if name.startswith("state_")}
    assert served["step"](token=tf.zeros([0], tf.int32), **states)["text"].shape == [0]
    numbers = {"length": 3, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    numbers = {name: tf.constant(value) for name, value in numbers.items()}
    generated = served["generate"](prompt=none, seed=tf.constant(0, tf.int64), **numbers)
    assert generated["text"].shape == [0]


def test_nothing_to_add(exported):
    assert go_on(Export(exported[1]), "the", print, length=0) == ""


@pytest.mark.parametrize("options, message", [
    ({"temperature": 0.0}, "`temperature` must be above 0 and finite, got 0.0"),
    ({"temperature": -2.0}, "`temperature` must be above 0"),
    ({"top_p": 0.0}, "`top_p` must be above 0"),
    ({"top_p": 1.1}, "`top_p` must be above 0 and at most 1"),
    ({"length": -1}, "`length` must be between 0 and 100000"),
    ({"length": 10**9}, "`length` must be between 0 and 100000"),
    ({"top_k": 3_000_000_000}, "`top_k` must be between 0 and 2147483647"),
    ({"seed": 2**63}, "`seed` must be between"),
    ({"greedy": True, "seed": 1}, "greedy draws nothing, so seed has no use"),
])  # fmt: skip
def test_bad_options(exported, options, message):
    with pytest.raises(InputError, match=message):
        go_on(Export(exported[1]), "the", print, **options)


def predict(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        command_line.main(["predict", *map(str, arguments)])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_command_line_goes_on_with_prompts(exported, capsys):
    task, path = exported
    status, out, _ = predict(capsys, path, "the cat", "--length", 5, "--greedy")
    assert status == 0
    assert out == "the cat" + task.predict_text(["the cat"], length=5, method="greedy")["added"][0] + "\n"
    for more in ([], ["--json"]):
        assert "does not know: 1" in predict(capsys, path, "never", "--length", 2, *more)[2]
        assert "does not know" not in predict(capsys, path, "the", "--length", 2, *more)[2]
    _, out, _ = predict(capsys, path, "the cat", "a", "--length", 5, "--greedy", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == ["the cat", "a"] and set(rows[0]) == {"text", "added"}


def test_command_line_scores(exported, capsys):
    task, path = exported
    _, out, _ = predict(capsys, path, "--score", "the cat sat", "a " * 31)
    first, cut = out.splitlines()
    assert float(first.split("\t")[0]) == pytest.approx(task.score_text(["the cat sat"])["total"][0], abs=1e-3)
    assert "perplexity" in first and "cut to 30 pieces" in cut
    _, out, _ = predict(capsys, path, "--score", "--json", "the cat")
    assert json.loads(out)["tokens"] == ["the", "cat"]


@pytest.mark.parametrize("arguments, message", [
    (["the", "--temperature", "0"], "`temperature` must be above 0"),
    (["the", "--top-p", "2"], "`top_p` must be above 0 and at most 1"),
    (["a " * 31], "the prompt is too long: expected at most 30 pieces"),
    (["the", "--score", "--seed", "1"], "--score adds nothing to a text: leave out --seed"),
])  # fmt: skip
def test_command_line_says_what_is_wrong(exported, capsys, arguments, message):
    status, out, error = predict(capsys, exported[1], *arguments)
    assert status == 2 and out == ""
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


def test_other_models_generate_nothing(tmp_path, capsys):
    path = write(tmp_path, classifier())
    for flag, name in (("--greedy", "greedy"), ("--score", "score"), ("--one-line", "one-line")):
        status, _, error = predict(capsys, path, "a film", flag)
        assert status == 2 and f"--{name} is for language models" in error
