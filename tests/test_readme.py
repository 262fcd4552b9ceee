"""The Python blocks of the README run in order, as a reader would paste them."""

import inspect
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from nlpseq import serving
from nlpseq.data import Examples, LabelledTexts
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordPreprocessor
from tests.benchmarks.cells import MinimalGatedCell

README = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the blocks define, run in a folder with an export and no data prepared yet."""
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("TFDS_DATA_DIR", str(folder / "data"))
        export_something(folder / "saved_models" / "sentiment")
        namespace = {"__name__": "readme"}
        for block in BLOCKS:
            exec(block, namespace)
        yield namespace


def export_something(folder):
    task = TextClassifier(WordPreprocessor.learn(["good", "bad"]), ["negative", "positive"], units=2, embedding_size=2)
    task.build()
    split = Examples(np.array([b"good"], object), np.array([1]))
    data = LabelledTexts("reviews", task.labels, split, split, split)
    metrics = {"validation": {}, "test": {}, "train_seconds": 0, "peak_memory_mb": 0}
    serving.export(task, folder, data=data, settings={}, metrics=metrics)


def test_every_block_runs(names):
    assert names["tags"].shape == names["word_ids"].shape
    assert names["decoded"].ids.shape[:2] == (1, 2)
    assert set(names["flows"]) == {"SimpleRNN", "LSTM", "GRU"}
    assert Path("gradients.png").stat().st_size > 10_000


def test_the_lesson_of_the_picture_is_visible(names):
    flows = names["flows"]
    last = {name: flow.norms[-1] / flow.norms[0] for name, flow in flows.items()}
    assert last["SimpleRNN"] < last["LSTM"] and last["SimpleRNN"] < last["GRU"]


def test_the_custom_cell_is_short_and_is_the_one_of_the_benchmark(names):
    assert len(inspect.getsource(MinimalGatedCell).strip().splitlines()) <= 15
    layer, expected = names["layer"], MinimalGatedCell(64)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer.build(x.shape)
    expected.build((2, 3))
    expected.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(x), keras.layers.RNN(expected, return_sequences=True)(x), rtol=1e-5, atol=1e-5)
