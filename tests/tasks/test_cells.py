"""Every task with a custom cell: trained, answering, saved and loaded."""

import keras
import numpy as np
import pytest

from nlpseq.cells import MinGRUCell, RecurrentCell
from nlpseq.errors import InputError
from nlpseq.tasks import Translator
from tests.tasks import tiny
from tests.tasks.tiny import DriftCell

pytestmark = pytest.mark.usefixtures("portable")

TASKS = {  # a task, its examples, and texts to answer
    "classifier": (tiny.new_classifier, tiny.labelled_texts, tiny.TEXTS),
    "tagger": (tiny.new_tagger, tiny.sentences, tiny.TEXTS),
    "translator": (tiny.new_translator, tiny.pairs, tiny.SOURCES),
    "language model": (lambda **settings: tiny.new_language_model(layers=2, steps=3, **settings),
                       lambda: tiny.lines(4), tiny.LINES),
}  # fmt: skip


@pytest.mark.parametrize("cell", [DriftCell, pytest.param(MinGRUCell, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TASKS)
def test_a_custom_cell(tmp_path, name, cell):
    make, examples, texts = TASKS[name]
    task = make(cell=cell)
    cells = {type(layer.cell) for layer in task._flatten_layers() if hasattr(layer, "cell")}
    assert cells == {cell}
    task.compile("adam")
    losses = task.fit(task.prepare(examples(), 2, training=True), verbose=0, shuffle=False).history["loss"]
    assert np.isfinite(losses).all()
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config()
    assert repr(loaded.predict_text(texts)) == repr(task.predict_text(texts))


class NewCell(RecurrentCell):
    """A cell that is not registered with Keras."""


@pytest.mark.parametrize("cell, message", [
    ("grv", "unknown cell 'grv': did you mean gru"),
    (keras.layers.GRUCell, "unknown cell"),
    (NewCell, "the cell NewCell is not registered with Keras: decorate it"),
])  # fmt: skip
def test_a_cell_that_is_none(cell, message):
    with pytest.raises(InputError, match=message):
        Translator(tiny.pair_tokens(), cell=cell)
