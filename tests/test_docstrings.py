"""Every public name of these packages has a docstring, and its example runs."""

import pytest

from nlpseq import decoding, tasks, text
from tests.layers.test_docstrings import assert_example_runs

NAMES = [
    (module, name) for module in (decoding, tasks, text) for name in module.__all__ if callable(getattr(module, name))
]


@pytest.mark.parametrize("module, name", NAMES, ids=lambda value: getattr(value, "__name__", value))
def test_the_example_runs(module, name):
    assert_example_runs(module, name)
