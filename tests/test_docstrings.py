"""Every public name has a docstring, and the example in it runs."""

import ast
import doctest
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq import cells, decoding, diagnostics, engine, layers, settings, tasks, text
from tests.modes import functions

# Names without an example: what is only called by others, or only with a whole model.
WITHOUT = {
    "first_only",
    "GradientFlow",
    "LayerStates",
    "MemoryHorizon",
    "Neuron",
    "Saliency",
    "get_mode",
    "mode",
    "set_mode",
    "should_compile",
    "substituted_runs",
    "without_gradients",
}
NAMES = [
    *((module, name) for module in (cells, decoding, diagnostics, engine, layers, tasks, text)
      for name in module.__all__ if callable(getattr(module, name))),
    (settings, "Settings"),
]  # fmt: skip
# Those that train or draw.
LONG = {"AnomalyDetector", "look", "GradientMonitor", "saliency", "plot_gradient_flow", "DynamicEvaluation"}
EXAMPLES = [pytest.param(*thing, marks=[pytest.mark.slow] * (thing[1] in LONG)) for thing in NAMES]


def example_of(module, name):
    item = getattr(module, name)
    names = {**vars(sys.modules[item.__module__]), "np": np, "tf": tf, "nlpseq": nlpseq}
    return doctest.DocTestParser().get_doctest(inspect.getdoc(item), names, name, None, 0)


@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize("module, name", EXAMPLES, ids=lambda value: getattr(value, "__name__", value))
def test_the_example_runs(module, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where an example writes its picture
    assert getattr(module, name).__doc__  # not that of the class in Keras
    example = example_of(module, name)
    assert example.examples or name in WITHOUT, f"{name} has no example"
    report = []
    with functions(eagerly=module is not engine):
        result = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(example, out=report.append)
    assert result.failed == 0, "".join(report)


def documented(docstring):
    """The names that the section "Args:" describes."""
    section = re.search(r"^Args:\n((?: .*\n?|\n)*)", docstring or "", re.MULTILINE)
    lines = re.findall(r"^    ((?:\*{0,2}\w+, )*\*{0,2}\w+):", section[1], re.MULTILINE) if section else []
    return {name.strip("*") for line in lines for name in line.split(", ")}


def test_arguments_of_docstrings_are_those_of_functions():
    wrong = []
    for path in Path(nlpseq.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments = {name.arg for name in ast.walk(node.args) if isinstance(name, ast.arg)}
                wrong += [(path.name, node.name, name) for name in documented(ast.get_docstring(node)) - arguments]
    assert not wrong


@pytest.mark.parametrize("module", [cells, layers], ids=lambda module: module.__name__)
def test_all_is_complete(module):
    public = {
        name for name, item in vars(module).items() if inspect.isclass(item) and item.__module__.startswith("nlpseq")
    }
    assert public == set(module.__all__)
