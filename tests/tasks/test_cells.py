"""Every task with a custom cell: trained, answering, saved and loaded."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.cells import MinGRUCell, RecurrentCell
from nlpseq.errors import InputError
from nlpseq.tasks import Translator
from tests.tasks import tiny
from tests.tasks.tiny import DriftCell

pytestmark = pytest.mark.usefixtures("portable", "eager")

TASKS = {  # a task, its examples, and a text to answer
    "classifier": (tiny.new_classifier, lambda: tiny.labelled_texts(1), tiny.TEXTS[0]),
    "tagger": (tiny.new_tagger, lambda: tiny.sentences(1), tiny.TEXTS[0]),
    "translator": (lambda **settings: tiny.new_translator(decoder_layers=1, beam_size=2, **settings),
                   lambda: tiny.pairs(1), tiny.SOURCES[0]),
    "language model": (lambda **settings: tiny.new_language_model(layers=2, steps=3, **settings),
                       lambda: tiny.lines(4), tiny.LINES[0]),
}  # fmt: skip


SLOW = {("tagger", DriftCell)} | {(name, MinGRUCell) for name in TASKS}
CASES = [
    pytest.param(name, cell, marks=[pytest.mark.slow] * (name == "translator" or (name, cell) in SLOW))
    for cell in (DriftCell, MinGRUCell)
    for name in TASKS
]


@pytest.mark.parametrize("name, cell", CASES)
def test_a_custom_cell(tmp_path, name, cell):
    make, examples, text = TASKS[name]
    task = make(cell=cell)
    cells = {type(layer.cell) for layer in task._flatten_layers() if hasattr(layer, "cell")}
    assert cells == {cell}
    task.compile("adam", run_eagerly=True)
    before = task.get_weights()
    batch = task.prepare(examples(), 4, training=True).take(1)
    losses = task.fit(batch, verbose=0, shuffle=False).history["loss"]
    assert np.isfinite(losses).all()
    assert all((old != new).any() for old, new in zip(before, task.get_weights()))
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config()
    inputs, _ = next(iter(batch))
    np.testing.assert_array_equal(task(inputs), loaded(inputs))
    assert task.answer(tf.constant([text]))


class NewCell(RecurrentCell):
    """A cell that is not registered with Keras."""


@pytest.mark.parametrize("cell, message", [
    ("grv", "unknown `cell` 'grv': did you mean gru"),
    (keras.layers.GRUCell, "unknown `cell`"),
    (NewCell, "the cell NewCell is not registered with Keras: decorate it"),
])  # fmt: skip
def test_a_cell_that_is_none(cell, message):
    with pytest.raises(InputError, match=message):
        Translator(tiny.pair_tokens(), cell=cell)
