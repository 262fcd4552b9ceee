"""Parameters of tests in the default tier and in the slow one."""

from collections.abc import Iterable

import pytest


def slow_but(values: Iterable, *quick) -> list:
    """The values as parameters, all but the quick ones in the slow tier."""
    return [value if value in quick else pytest.param(value, marks=pytest.mark.slow) for value in values]
