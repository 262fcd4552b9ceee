"""What does not depend on the process: answers to many threads at once, and the bytes of a training."""

import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from nlpseq import engine, serving, training
from tests.tasks import tiny
from tests.tasks.fitted import FITTED, fitted_task
from tests.tiers import slow_but

pytestmark = pytest.mark.usefixtures("portable")

THREADS = 16
ASKED = {
    "classification": (tiny.new_classifier, tiny.TEXTS, {}),
    "tagging": (lambda: tiny.new_tagger(characters="none"), tiny.TEXTS, {}),
    "translation": (tiny.new_translator, tiny.SOURCES, {}),
    "language_model": (tiny.new_language_model, ["the cat", "a", "the dog sat", ""], {"length": 5, "method": "greedy"}),
}
AT_RANDOM = {
    "classification": {"word_dropout": 0.2},
    "tagging": {"characters": "none", "dropout": 0.3, "singleton_dropout": 0.5},
    "translation": {"dropout": 0.3, "scheduled_sampling": 0.3},
    "language_model": {"embedding_dropout": 0.2, "weight_dropout": 0.3},
    "forecasting": {"dropout": 0.2, "outliers": 0.5},
    "anomalies": {"dropout": 0.3},
    "speech": {"dropout": 0.2, "speed": 0.1, "noise": 0.5, "warp": 0.1, "time_masks": 1, "splice": 0.5},
    "clips": {"dropout": 0.2, "warp": 0.3, "noise": 0.2},
}


def in_threads(answer, texts):
    """Answers to the texts, asked by all threads at the same moment."""
    together = threading.Barrier(THREADS)

    def ask(number):
        together.wait()
        return [answer(text) for text in np.roll(texts, number)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [list(np.roll(np.array(rows, object), -n)) for n, rows in enumerate(pool.map(ask, range(THREADS)))]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ASKED)
def test_threads_get_the_same_answers_of_a_task(kind):
    make, texts, options = ASKED[kind]
    task = make()
    answers = in_threads(lambda text: str(task.predict_text([text], **options)), texts)  # the first ones trace
    expected = [str(task.predict_text([text], **options)) for text in texts]
    assert answers == [expected] * THREADS


@pytest.mark.slow
def test_threads_get_the_same_answers_of_an_export():
    export = serving.Export(tiny.exported("classification")[1])
    answers = in_threads(lambda text: str(export.predict([text])), tiny.TEXTS)  # the first ones load the model
    assert answers == [[str(export.predict([text])) for text in tiny.TEXTS]] * THREADS


def trained(kind):
    training.set_seed(4)
    task = fitted_task(kind, **AT_RANDOM[kind])
    task.compile(training.Adam(0.01))
    task.fit(task.prepare(FITTED[kind][1](), 8, training=True, seed=4), epochs=2, verbose=0)
    return task.get_weights()


@pytest.mark.parametrize("kind", slow_but(FITTED, "classification"))
@pytest.mark.slow
def test_a_seed_gives_the_same_bytes(kind):
    one, other = ([weight.tobytes() for weight in trained(kind)] for _ in range(2))
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("kind", FITTED)
def test_the_default_dtype_of_keras_is_no_matter(kind):
    """Another part of the process may have set it: what is drawn at random in training is float32 all the same."""
    expected = trained(kind)
    keras.config.set_floatx("float64")
    try:
        actual = trained(kind)
    finally:
        keras.config.set_floatx("float32")
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_overlapping_modes_of_threads_leave_the_global_one():
    entered, left = threading.Event(), threading.Event()

    def first():
        with engine.mode("portable"):
            entered.set()
            left.wait()  # until the other thread has entered and left its block
            return engine.get_mode()

    def second():
        entered.wait()
        before = engine.get_mode()
        with engine.mode("xla"):
            inside = engine.get_mode()
        left.set()
        return before, inside, engine.get_mode()

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(first), pool.submit(second)]
        assert [result.result() for result in results] == ["portable", ("auto", "xla", "auto")]


def test_overlapping_exports_leave_the_mode(tmp_path):
    """Each exports without XLA; afterwards it is used as before."""
    from tests.serving.test_exporting import toy

    def export(number):
        return toy(tmp_path / str(number)).name, engine.get_mode()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(export, range(4))) == [("1", "auto")] * 4
