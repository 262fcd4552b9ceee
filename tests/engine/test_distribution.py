"""Training under a distribution strategy gives the weights of training without."""

import subprocess
import sys

import pytest

PROGRAM = """
import keras
import numpy as np
import tensorflow as tf
import nlpseq

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(8, 5, 3)).astype("float32"), rng.normal(size=(8, 4)).astype("float32")

def trained(strategy):
    with strategy.scope():
        keras.utils.set_random_seed(1)
        model = keras.Sequential([nlpseq.layers.Bidirectional(nlpseq.layers.LSTM(2))])
        model.build(x.shape)
        model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(x, y, batch_size=8, epochs=3, verbose=0)
    return model.get_weights()

plain = trained(tf.distribute.get_strategy())
mirrored = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
for one, other in zip(plain, mirrored, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
print("equal")
"""


@pytest.mark.slow
def test_a_mirrored_strategy_trains_the_same():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert run.stdout.strip() == "equal", run.stderr[-3000:]
