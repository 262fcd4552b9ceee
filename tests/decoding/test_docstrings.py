"""Every public name of the package has a docstring, and its example runs."""

import doctest

import pytest

from nlpseq import decoding
from tests.layers.test_docstrings import examples


@pytest.mark.parametrize("name", decoding.__all__)
def test_the_example_runs(name):
    example, report = examples(decoding, name), []
    assert example.examples, f"{name} has no example"
    result = doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert result.failed == 0, "".join(report)
