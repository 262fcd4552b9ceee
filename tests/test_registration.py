"""Saved models load after `import nlpseq` alone."""

import importlib
import subprocess
import sys

import keras
import pytest

import nlpseq
from nlpseq.registration import CLASSES, Placeholder

LOAD = """
import sys
first, second, path = sys.argv[1:]
__import__(first), __import__(second)
import keras
assert not any(name.startswith("nlpseq.tasks") for name in sys.modules), "imported too early"
print(type(keras.models.load_model(path)).__name__)
"""


def test_the_table_names_every_registered_class():
    for module in CLASSES:
        importlib.import_module(module)
    by_name = {f"nlpseq>{name}" for names in CLASSES.values() for name in names}
    registered = {
        name
        for name, value in keras.saving.get_custom_objects().items()
        if name.startswith("nlpseq>") and not isinstance(value, Placeholder)
    }
    for module, names in CLASSES.items():
        for name in names:
            assert keras.saving.get_registered_name(getattr(importlib.import_module(module), name)) == f"nlpseq>{name}"
    assert registered <= by_name


@pytest.mark.slow  # tests/test_start.py loads one after commands
@pytest.mark.parametrize("order", [("nlpseq", "keras"), ("keras", "nlpseq")])
def test_a_task_loads_after_importing_nlpseq_alone(tmp_path, order):
    preprocessor = nlpseq.text.WordPreprocessor.learn(["a b", "b"])
    task = nlpseq.tasks.TextClassifier(preprocessor, ["n", "p"], units=2, embedding_size=2)
    task.build()
    task.save(tmp_path / "task.keras")
    command = [sys.executable, "-c", LOAD, *order, str(tmp_path / "task.keras")]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.stdout.splitlines()[-1:] == ["TextClassifier"], process.stderr[-2000:]
