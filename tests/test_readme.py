"""The examples of the README that need no files run as they stand."""

import inspect
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.layers import Bidirectional
from tests.benchmarks.cells import MinimalGatedCell

BLOCKS = re.findall(r"```python\n(.*?)```", Path(__file__).parents[1].joinpath("README.md").read_text("utf-8"), re.S)


def run(word, **names):
    (block,) = [block for block in BLOCKS if word in block]
    names = {"keras": keras, "tf": tf, "__name__": "readme", **names}
    exec(block, names)
    return names


def test_the_layers():
    assert run("model = keras.Sequential")["model"](np.array([[1, 2, 0]])).shape == (1, 2)


def test_the_cell_is_short_and_is_the_one_of_the_benchmark():
    layer = run("class MinimalGatedCell")["layer"]
    assert len(inspect.getsource(MinimalGatedCell).strip().splitlines()) <= 15
    theirs = MinimalGatedCell(64)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer.build(x.shape)
    theirs.build((2, 3))
    theirs.set_weights(layer.get_weights())
    expected = keras.layers.RNN(theirs, return_sequences=True)(x)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)


def test_the_crf():
    ids = np.array([[1, 2, 0], [3, 4, 5]])
    names = run("crf = CRF", word_ids=ids)
    assert names["tags"].shape == (2, 3)
    labels = np.array([[1, 2, -1], [0, 1, 2]])
    history = names["model"].fit(ids, labels, epochs=20, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_attention_and_search():
    names = run("BahdanauAttention(48)", Bidirectional=Bidirectional)
    model = keras.Model([names["source"], names["target"]], [names["context"], names["weights"]])
    context, weights = model([np.ones((2, 5, 64)), np.ones((2, 3, 32))])
    assert context.shape == (2, 3, 64) and weights.shape == (2, 3, 5)
    assert run("beam_search(step")["found"].ids.shape[:2] == (1, 2)


def test_gradients_flow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flows = run("gradient_flow(layer(32)")["flows"]
    assert set(flows) == {"SimpleRNN", "LSTM", "GRU"} and len(flows["GRU"].norms) == 100
    assert (tmp_path / "gradients.png").stat().st_size > 10_000


def test_a_language_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [f"It was a {word} night {number} .\n" for number in range(50) for word in ("dark", "cold")]
    (tmp_path / "my_book.txt").write_text("".join(lines))
    task = run("load_running_texts")["task"]
    assert len(task.predict_text(["It was"], length=3, method="beam")["added"]) == 1


@pytest.mark.parametrize("steps", [700, 701])
def test_the_segments(steps):
    seen = []

    class Model:
        def train_on_batch(self, inputs, targets):
            seen.append(inputs.shape[1])

    run("batch_size=20, length=35", ids=np.arange(steps), model=Model())
    assert sum(seen) == (steps - 1) // 20
