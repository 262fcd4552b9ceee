"""Every benchmark can be imported: what it times is still there."""

import importlib
import pkgutil

import pytest

from tests import benchmarks


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(benchmarks.__path__)])
def test_import(name):
    assert importlib.import_module(f"tests.benchmarks.{name}")
