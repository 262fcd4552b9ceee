"""Every task trains under a distribution strategy as without, and Keras exports it."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tasks import tiny
from tests.tasks.fitted import FITTED
from tests.tiers import slow_but

# Batches that two replicas share evenly, unevenly, and of which one replica gets nothing.
PROGRAM = """
import sys

import keras
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from nlpseq import engine
from tests.tasks.fitted import FITTED, fitted_task

def trained(kind, strategy):
    with strategy.scope():
        keras.utils.set_random_seed(1)
        task = fitted_task(kind)
        task.compile(keras.optimizers.SGD(0.1))
    batches = task.prepare(FITTED[kind][1](), BATCHES.get(kind, 4))
    history = task.fit(batches, verbose=0, shuffle=False).history
    assert np.isfinite([*history["loss"], *np.ravel(task.evaluate(batches, verbose=0))]).all()
    return task.get_weights()

BATCHES = {"tagging": 7, "translation": 7, "anomalies": 2}  # losses of Keras are means of equal shares alone
engine.set_mode("portable")
(kind,) = sys.argv[1:]
plain = trained(kind, tf.distribute.get_strategy())
mirrored = trained(kind, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
for one, other in zip(plain, mirrored, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
print(kind)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", FITTED)
def test_a_mirrored_strategy_trains_the_same(kind):
    """In a process of its own: two strategies in one share the keys of their collective operations."""
    run = subprocess.run([sys.executable, "-c", PROGRAM, kind], capture_output=True, text=True)
    assert run.stdout.split()[-1:] == [kind], run.stderr[-3000:]


INPUTS = {
    "classification": (tiny.classifier, np.array([[[3], [4]]], np.int32)),
    "tagging": (lambda: tiny.new_tagger(characters="none"), np.full((1, 3, 17), 3, np.int32)),
    "translation": (tiny.translator, (np.array([[3, 4, 5]], np.int32), np.array([[2, 4]], np.int32))),
    "language_model": (tiny.language_model, np.array([[4, 5]], np.int32)),
}


def served_by_keras(task, folder, inputs, **options):
    """What the `serve` of Keras's export of a task answers."""
    task.export(folder, verbose=False, **options)
    model = tf.saved_model.load(str(folder))
    return model.serve(keras.tree.map_structure(tf.constant, inputs))


@pytest.mark.parametrize("kind", slow_but(INPUTS, "classification"))
def test_keras_exports_a_task(kind, tmp_path):
    make, inputs = INPUTS[kind]
    task = make()
    np.testing.assert_allclose(served_by_keras(task, tmp_path, inputs), task(inputs), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_keras_exports_a_task_of_texts(tmp_path):
    task, texts = tiny.classifier(), tf.constant(tiny.TEXTS)
    task.predict_text(tiny.TEXTS)  # which traces functions that the task holds
    answers = served_by_keras(task, tmp_path, texts, input_signature=[tf.TensorSpec([None], tf.string)])
    np.testing.assert_allclose(answers, task(texts), rtol=1e-5, atol=1e-6)
