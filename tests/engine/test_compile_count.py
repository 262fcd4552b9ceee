"""How often XLA compiles in training, counted by what it dumps."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import keras
import numpy as np
import nlpseq

rng = np.random.default_rng(0)
inputs = keras.Input((None, 3))
hidden = nlpseq.layers.Bidirectional(nlpseq.layers.LSTM(5, return_sequences=True))(inputs)
hidden = nlpseq.layers.Bidirectional(nlpseq.layers.LSTM(5))(hidden)
model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
model.compile("adam", "mse", jit_compile=False)
for rows, length in ((20, 16), (20, 31), (20, 40), (17, 70), (5, 9), (8, 100)):
    model.train_on_batch(rng.normal(size=(rows, length, 3)).astype("float32"), rng.normal(size=(rows, 2)))
print(nlpseq.engine.program_count())
"""


@pytest.mark.slow
def test_two_bidirectional_layers_share_a_program_for_each_capacity(tmp_path):
    environment = {**os.environ, "XLA_FLAGS": f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text"}
    run = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, env=environment)
    modules = {path.name.split(".")[0] for path in tmp_path.glob("*after_optimizations.txt")}
    assert len(modules) == 2 * 2  # the loop and its gradient, for batches of up to 8 and up to 32 rows
    assert run.stdout.strip() == "2"  # traced once each
