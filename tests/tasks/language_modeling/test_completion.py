"""Completing a prompt with an export, and `nlpseq predict` of exported language models."""

import csv
import json

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.tasks.language_modeling.completion import complete
from tests.cli.helpers import predict
from tests.tasks import tiny

pytestmark = pytest.mark.usefixtures("portable")

PROMPTS = ["the cat", "the dog ", "", "a dog\n", "never seen ,", "  mat "]


@pytest.fixture(scope="module")
def task():
    return tiny.exported("language_model")[0]


@pytest.fixture(scope="module")
def served():
    return tiny.served("language_model")


@pytest.mark.parametrize("options", [
    pytest.param({"greedy": True}, marks=pytest.mark.slow),
    {"temperature": 0.8, "top_k": 9, "top_p": 0.9, "seed": 1, "one_line": True, "length": 12},
])  # fmt: skip
def test_tokens_come_one_by_one_and_are_those_of_generate(task, served, options):
    method = {"method": "greedy"} if options.get("greedy") else {}
    others = {name: value for name, value in options.items() if name != "greedy"}
    for prompt in PROMPTS:
        shown = []
        added = complete(served, prompt, shown.append, **{"length": 7, **options})
        assert added == "".join(shown)
        expected = task.predict_text([prompt], **{"length": 7, **method, **others})["added"][0]
        assert added == expected
        assert len(shown) <= options.get("length", 7)


def test_a_prompt_comes_back_as_it_was_given(task):
    prompts = ["Never  seen,", "  mat ", "the\r\n", "the\u00a0", "", b"\xff the"]
    for options in ({"method": "greedy"}, {"method": "beam", "beam_size": 2}, {"seed": 3}):
        answer = task.predict_text(prompts, length=3, **options)
        for prompt, text, added in zip(prompts, answer["text"], answer["added"]):
            prompt = prompt if isinstance(prompt, str) else prompt.decode("utf-8", "replace")
            assert text == prompt + added
            assert added.startswith(" ") == bool(
                prompt and not prompt[-1].isspace() and added.strip(" \n") and added[0] != "\n"
            )


def test_a_step_refuses_what_is_no_token_and_no_state(served):
    answer = served.signatures["init"](prompt=tf.constant(["the", "a"]))
    states = {name: value for name, value in answer.items() if name.startswith("state_")}
    step, good, size = served.signatures["step"], tf.constant([4, 5]), answer["log_probabilities"].shape[1]
    wrong = [
        ({"token": tf.constant([4, -1])}, f"token must be from 0 to {size - 1}, got"),
        ({"token": tf.constant([size, 4])}, "token must be from 0"),
        ({"token": tf.constant([[4, 5]])}, "not compatible with expected shape"),
        ({"token": tf.constant([4])}, "state_0 must have a row for each row of token"),
        ({"state_1": states["state_1"][:1]}, "state_1 must have a row for each row of token"),
        ({"state_0": states["state_0"] * np.nan}, "state_0 must be finite"),
    ]
    for changed, message in wrong:
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            step(**{"token": good, **states, **changed})
    assert step(token=good, **states)["text"].shape == (2,)


def test_unknown_tokens_are_counted_before_the_first_token_is_shown(served):
    events = []
    complete(served, "never the seen", events.append, length=2, note_unknown=events.append)
    assert events[0] == 2 and all(isinstance(event, str) for event in events[1:])


def test_of_a_long_prompt_the_end_is_read(served):
    texts = ["the cat " * 20, "the cat " * 15]  # 40 tokens, and the 30 that are read
    answer = served.signatures["init"](prompt=tf.constant(texts))
    assert answer["truncated"].numpy().tolist() == [True, False] and answer["unknown"].numpy().tolist() == [0, 0]
    for name in ("log_probabilities", "state_0"):
        np.testing.assert_allclose(answer[name][0], answer[name][1], atol=1e-6)


def test_a_batch_of_no_prompts(served):
    none = tf.zeros([0], tf.string)
    answer = served.signatures["init"](prompt=none)
    assert answer["log_probabilities"].shape[0] == 0
    states = {name: value for name, value in answer.items() if name.startswith("state_")}
    assert served.signatures["step"](token=tf.zeros([0], tf.int32), **states)["text"].shape == [0]
    numbers = {"length": 3, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    numbers = {name: tf.constant(value) for name, value in numbers.items()}
    generated = served.signatures["generate"](prompt=none, seed=tf.constant(0, tf.int64), **numbers)
    assert generated["text"].shape == [0]


def test_nothing_to_add(served):
    assert complete(served, "the", print, length=0) == ""


@pytest.mark.parametrize("options, message", [
    ({"temperature": 0.0}, "`temperature` must be above 0 and finite, got 0.0"),
    ({"top_p": 1.1}, "`top_p` must be above 0 and at most 1"),
    ({"length": -1}, "`length` must be between 0 and 100000"),
    ({"length": 10**9}, "`length` must be between 0 and 100000"),
    ({"top_k": 3_000_000_000}, "`top_k` must be between 0 and 2147483647"),
    ({"seed": 2**63}, "`seed` must be between"),
    ({"greedy": True, "seed": 1}, "`greedy` search .*: leave out `seed`"),
])  # fmt: skip
def test_bad_options(served, options, message):
    with pytest.raises(InputError, match=message):
        complete(served, "the", print, **options)


def test_command_line_completes_prompts(task, served, capsys):
    status, out, _ = predict(capsys, served.path, "the cat", "--length", 5, "--greedy")
    assert status == 0
    assert out == "the cat" + task.predict_text(["the cat"], length=5, method="greedy")["added"][0] + "\n"
    for as_json in ([], ["--json"]):
        assert "does not know: 1" in predict(capsys, served.path, "never", "--length", 2, *as_json)[2]
        assert "does not know" not in predict(capsys, served.path, "the", "--length", 2, *as_json)[2]
    _, out, _ = predict(capsys, served.path, "the cat", "a", "--length", 5, "--greedy", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == ["the cat", "a"] and set(rows[0]) == {"text", "added"}


def test_command_line_scores(task, served, capsys):
    _, out, _ = predict(capsys, served.path, "--score", "the cat sat", "a " * 31)
    first, truncated = out.splitlines()
    total = float(task.score(tf.constant(["the cat sat"]))["total"][0])
    assert float(first.split("\t")[0]) == pytest.approx(total, abs=1e-3)
    assert "perplexity" in first and "truncated to 30 tokens" in truncated
    _, out, _ = predict(capsys, served.path, "--score", "--json", "the cat")
    assert json.loads(out)["tokens"] == ["the", "cat"]


def test_a_prompt_that_is_too_long_stops_no_other(served, capsys, tmp_path):
    status, out, error = predict(capsys, served.path, "the", "a " * 31, "a", "--json", "--length", 2)
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 2 and ["error" in row for row in rows] == [False, True, False]
    assert (
        error.startswith("error: 1 of 3 inputs has no answer, number 2: the prompt is too long")
        and error.count("\n") == 1
    )

    (tmp_path / "in.csv").write_text("id,text\n" + "".join(f"{n},{'a ' * n}\n" for n in (1, 31, 2, 40)))
    status, _, error = predict(
        capsys, served.path, "--file", tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--length", 2
    )
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert status == 0 and "2 of 4 rows have no answer, lines 3, 5" in error and error.count("\n") == 1
    assert (
        ["too long" in row["error"] for row in rows] == [not row["added"] for row in rows] == [False, True, False, True]
    )
    assert not (tmp_path / "out.csv.unfinished").exists()


@pytest.mark.parametrize("arguments, message", [
    (["the", "--temperature", "0"], "--temperature must be above 0"),
    (["the", "--top-p", "2"], "--top-p must be above 0 and at most 1"),
    (["the", "--length", "-1"], "--length must be between 0 and"),
    (["a " * 31], "the prompt is too long: expected at most 30 tokens"),
    (["the", "--score", "--seed", "1"], "--score adds nothing to a text: leave out --seed"),
])  # fmt: skip
def test_command_line_says_what_is_wrong(served, capsys, arguments, message):
    status, out, error = predict(capsys, served.path, *arguments)
    assert status == 2 and out == ""
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
