"""The examples in the docstrings run."""

import doctest
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from tests.tiers import slow_but

NAMES = ["Adam", "Checkpoints", "Minutes", "StopOnNonFinite", "TriggeredAveraging", "WarmUp", "precision", "set_seed"]


@pytest.mark.parametrize("name", slow_but(NAMES, "Checkpoints", "Minutes", "WarmUp", "precision"))
def test_the_example_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {name: getattr(training, name), "keras": keras, "np": np, "tf": tf}
    text = inspect.getdoc(getattr(training, name))
    example = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    assert example.examples
    assert doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(example).failed == 0
