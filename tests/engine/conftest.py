"""Fixtures of the numerical tests."""

from tests.layers.helpers import eager

__all__ = ["eager"]
