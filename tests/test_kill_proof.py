"""Trainings that are killed with SIGKILL end with the weights of one that is not."""

import os
import subprocess
import sys

import pytest

from tests.import_graph import ROOT
from tests.kill_proof import TASKS


def prove(*flags):
    command = [sys.executable, "-m", "tests.kill_proof", *map(str, flags)]
    process = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.mark.slow
def test_a_training_of_numbers():
    assert "numbers: 3 kills" in prove("--task", "numbers", "--kills", 3)


@pytest.mark.slow
def test_every_recipe():
    assert prove("--kills", 50).count("byte-equal") == len(TASKS)
