"""The Python blocks of the READMEs run in order, as a reader would paste them."""

import inspect
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds

from nlpseq import corpora, engine
from tests.benchmarks.cells import MinimalGatedCell
from tests.modes import functions
from tests.tasks.tiny import exported

ROOT = Path(__file__).parents[1]
SMALL = {"train": 160, "validation": 16, "test": 16}  # sizes of the embedded corpora


def blocks(path):
    """The Python blocks of a file."""
    return re.findall(r"```python\n(.*?)```", ROOT.joinpath(path).read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the blocks define, run in a folder with an export and no data prepared yet."""
    folder = tmp_path_factory.mktemp("readme")
    # Compiled layers have tests of their own; here they would only take time.
    with pytest.MonkeyPatch.context() as patch, engine.mode("portable"):
        patch.chdir(folder)
        patch.setattr(tfds.core.constants, "DATA_DIR", str(folder / "data"))  # the variable is read by the import
        patch.setattr(corpora.NlpseqReviews, "SIZES", SMALL)
        (folder / "saved_models").mkdir()
        (folder / "saved_models" / "sentiment").symlink_to(exported("classification")[1].parent)
        namespace = {"__name__": "readme"}
        with functions(eagerly=True):
            for block in blocks("README.md"):
                exec(block, namespace)
        yield namespace


def test_every_block_runs(names):
    assert names["tags"].shape == names["word_ids"].shape
    assert names["decoded"].ids.shape[:2] == (1, 2)
    assert set(names["flows"]) == {"SimpleRNN", "LSTM", "GRU"}
    assert Path("gradients.png").stat().st_size > 10_000


@pytest.mark.usefixtures("portable")
def test_blocks_about_data(monkeypatch):
    monkeypatch.setattr(keras.Model, "train_on_batch", lambda model, inputs, targets: model(inputs))
    for block in blocks("nlpseq/data/README.md"):
        exec(block, {})


@pytest.mark.slow
@pytest.mark.usefixtures("portable")
def test_blocks_about_tasks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path))
    monkeypatch.setattr(corpora.NlpseqTags, "SIZES", SMALL)
    Path("my_book.txt").write_text("It was a dark and stormy night.\nIt was cold.\n" * 100)
    names = {}
    for block in blocks("nlpseq/tasks/README.md"):
        exec(block, names)


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
