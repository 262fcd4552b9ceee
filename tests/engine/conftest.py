"""Fixtures of the numerical tests."""

from tests.layers.helpers import eager, graph

__all__ = ["eager", "graph"]
