"""What a process that has just started imports, shows and finds."""

import subprocess
import sys

import pytest

from tests.tasks.tiny import classifier

# Imports take seconds, so that one process answers for all: first what must not load TensorFlow, then
# TensorFlow's start, which must be silent, then a model whose class nothing has imported.
FRESH = """
import runpy, sys
import nlpseq
from nlpseq.cli import quiet_tensorflow
from nlpseq.cli.main import main

def status(name, action):
    try:
        action()
    except SystemExit as end:
        print(f"status {name}: {end.code}, TensorFlow {'tensorflow' in sys.modules}")

for command in ("--help", "predict --help", "predict", "train", "train sentimental", "show x"):
    status(command, lambda: main(command.split()))
for name in ("sentiment", "tagging", "translation", "language_model", "memory"):
    sys.argv = [path := f"recipes/{name}.py", "--help"]
    status(path, lambda: runpy.run_path(path, run_name="__main__"))
print("---", flush=True)
print("---", file=sys.stderr, flush=True)
quiet_tensorflow()
assert "tensorflow" in sys.modules
print("---", flush=True)
print("---", file=sys.stderr, flush=True)
import keras
assert "nlpseq.tasks.classification.model" not in sys.modules
print(type(keras.models.load_model(MODEL)).__name__)
"""


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """What the process writes before, during and after the start of TensorFlow, by stream."""
    path = tmp_path_factory.mktemp("start") / "task.keras"
    classifier().save(path)
    code = FRESH.replace("MODEL", repr(str(path)))
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-2000:]
    return {"stdout": process.stdout.split("---\n"), "stderr": process.stderr.split("---\n")}


def test_help_and_errors_do_not_load_tensorflow(parts):
    lines = [line.partition(": ")[2] for line in parts["stdout"][0].splitlines() if line.startswith("status")]
    assert lines == [f"{status}, TensorFlow False" for status in (0, 0, 2, 2, 2, 2, *[0] * 5)]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_tensorflow_starts_silently(parts, stream):
    assert parts[stream][1] == ""


def test_a_task_loads_after_importing_nlpseq_alone(parts):
    assert parts["stdout"][2].split() == ["TextClassifier"]
