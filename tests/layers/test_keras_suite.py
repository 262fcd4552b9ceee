"""The test modules of Keras for recurrent layers, with our classes in the place of Keras's."""

import re
import subprocess
import sys
from pathlib import Path

import keras.src.layers.rnn
import pytest

FOLDER = Path(keras.src.layers.rnn.__file__).parent
MODULES = ("lstm", "gru", "simple_rnn", "rnn", "bidirectional", "stacked_rnn_cells")
# They ask a private method of Keras's Bidirectional whether Keras's cuDNN kernel could run it.
PRIVATE = ("test_fused_lstm_eligibility", "test_fused_gru_eligibility")
FILES = [str(FOLDER / f"{module}_test.py") for module in MODULES]


def outcome(*plugins):
    options = [option for plugin in plugins for option in ("-p", plugin)]
    options += ["-k", " and ".join(f"not {name}" for name in PRIVATE)]
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", *options, *FILES]
    run = subprocess.run(command, capture_output=True, text=True)
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|skipped|failed|error)", run.stdout)}
    return counts, run.stdout


@pytest.mark.slow
@pytest.mark.skipif(not Path(FILES[0]).exists(), reason="this Keras ships without its tests")
def test_the_tests_of_keras_pass():
    expected, _ = outcome()
    counts, report = outcome("tests.layers.keras_suite")
    assert counts == expected, report[-5000:]
    assert expected["passed"] > 40
