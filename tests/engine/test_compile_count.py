"""How often XLA compiles when batches come in length buckets: counted by what it dumps."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import keras
import numpy as np
import nlpseq

rng = np.random.default_rng(0)
lengths = [16, 32, 48, 32, 16, 48, 16]

def batches():
    for length in lengths:
        yield rng.normal(size=(4, length, 3)).astype("float32"), rng.normal(size=(4, 2))

inputs = keras.Input((None, 3))
model = keras.Model(inputs, keras.layers.Dense(2)(nlpseq.layers.LSTM(5)(inputs)))
model.compile("adam", "mse")
for _ in range(3):
    for x, y in batches():
        model.train_on_batch(x, y)
"""


@pytest.mark.slow
def test_training_compiles_once_a_bucket(tmp_path):
    environment = {**os.environ, "XLA_FLAGS": f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text"}
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, env=environment)
    modules = {path.name.split(".")[0] for path in tmp_path.glob("*after_optimizations.txt")}
    assert len(modules) == 2 * 3  # the loop and its gradient, for each of three lengths
