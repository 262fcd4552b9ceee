"""Every public name has a docstring, and its example runs."""

import doctest
import inspect
import sys

import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq import cells, layers

pytestmark = pytest.mark.usefixtures("eager")
NAMES = [(module, name) for module in (cells, layers) for name in module.__all__]


def examples(module, name):
    thing = getattr(module, name)
    names = {**vars(sys.modules[thing.__module__]), "np": np, "tf": tf, "nlpseq": nlpseq}
    return doctest.DocTestParser().get_doctest(inspect.getdoc(thing), names, name, None, 0)


def assert_example_runs(module, name):
    example = examples(module, name)
    assert example.examples, f"{name} has no example"
    report = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert result.failed == 0, "".join(report)


@pytest.mark.parametrize("module, name", NAMES, ids=lambda value: getattr(value, "__name__", value))
def test_the_example_runs(module, name):
    assert getattr(module, name).__doc__  # its own, not that of the class in Keras
    assert_example_runs(module, name)


@pytest.mark.parametrize("module", [cells, layers], ids=lambda module: module.__name__)
def test_all_is_sorted_and_complete(module):
    public = {
        name for name, thing in vars(module).items() if inspect.isclass(thing) and thing.__module__.startswith("nlpseq")
    }
    assert public == set(module.__all__)
