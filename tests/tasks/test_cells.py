"""Every task with a cell of one's own: trained, answering, and made again from its configuration."""

import keras
import numpy as np
import pytest

from nlpseq import engine
from nlpseq.cells import MinGRUCell
from nlpseq.data import Examples, Lines
from nlpseq.tasks import LanguageModel, TextClassifier
from nlpseq.text import LineEncoder, WordEncoder
from tests.tasks.tagging.test_model import new_tagger, sentences
from tests.tasks.translation.test_model import DriftCell

TEXTS = ["a b c", "b a", "c c a b"]
SIZES = {"units": 5, "embedding_size": 4}


def texts(repeat=1):
    return np.array([text.encode() for text in TEXTS * repeat], object)


def classifier(cell):
    task = TextClassifier(WordEncoder.learn(TEXTS), ["n", "p"], cell=cell, **SIZES)
    return task, Examples(texts(), np.array([0, 1, 0])), task.predict_text


def tagger(cell):
    task = new_tagger(cell=cell, characters="rnn")
    return task, sentences(1), task.predict_text


def language_model(cell):
    task = LanguageModel(LineEncoder.learn(TEXTS, "word", 20), cell=cell, layers=2, steps=3, **SIZES)
    return task, Lines(texts(4)), lambda texts: task.predict_text(texts, length=4)


@pytest.mark.parametrize("cell", [DriftCell, pytest.param(MinGRUCell, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", [classifier, tagger, language_model])
def test_a_cell_of_ones_own(tmp_path, make, cell):
    with engine.mode("portable"):
        task, examples, answer = make(cell)
        task.compile("adam")
        losses = task.fit(task.prepare(examples, 2, training=True), verbose=0, shuffle=False).history["loss"]
        assert np.isfinite(losses).all()
        assert {type(each.cell) for each in task._flatten_layers() if hasattr(each, "cell")} >= {cell}
        task.save(tmp_path / "task.keras")
        loaded = keras.saving.load_model(tmp_path / "task.keras")
        assert repr(loaded.predict_text(TEXTS)) == repr(task.predict_text(TEXTS))
        assert answer(TEXTS)
