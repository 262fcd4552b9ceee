"""What a search tries for a setting: the space of a kind of task is `SPACE` in its `defaults.py`.

The values depend on the default that follows the data, which is always one of them.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Dimension:
    """The values of a setting that a search tries. A subclass defines `values` or `bounds`."""

    log: ClassVar[bool] = False
    """Whether numbers are drawn by their logarithm."""

    def values(self, default: Any) -> list | None:
        """A list of values; None for an interval of numbers."""
        return None

    def bounds(self, default: float) -> tuple[float, float]:
        """The ends of an interval of numbers."""
        raise NotImplementedError(f"{type(self).__name__} must define values(self, default) or bounds(self, default).")

    def rounded(self, value: Any) -> Any:
        """A number that was drawn, with as many digits as matter, so that it can be given as a flag."""
        return value


@dataclass(frozen=True)
class Among(Dimension):
    """One of some values, and the default.

    >>> Among("lstm", "gru").values("rnn")
    ['rnn', 'lstm', 'gru']
    """

    choices: tuple

    def __init__(self, *choices: Any):
        object.__setattr__(self, "choices", choices)

    def values(self, default):
        return list(dict.fromkeys([default, *self.choices]))


@dataclass(frozen=True)
class Times(Dimension):
    """Whole numbers: the default times one of some factors.

    >>> Times(0.5, 2).values(48)
    [48, 24, 96]
    """

    factors: tuple[float, ...]

    def __init__(self, *factors: float):
        object.__setattr__(self, "factors", factors)

    def values(self, default):
        return list(dict.fromkeys([default, *(max(1, round(default * factor)) for factor in self.factors)]))


@dataclass(frozen=True)
class Between(Dimension):
    """A number from `low` to `high`, or to the default.

    >>> Between(0.1, 0.5).bounds(0.0)
    (0.0, 0.5)
    """

    low: float
    high: float

    def bounds(self, default):
        return min(self.low, default), max(self.high, default)

    def rounded(self, value):
        return round(value, 2)


@dataclass(frozen=True)
class Around(Dimension):
    """A number from the default divided by `factor` to the default times it, drawn by its logarithm.

    >>> Around(4.0).rounded(0.00212345)
    0.00212
    """

    factor: float
    log = True

    def bounds(self, default):
        return default / self.factor, default * self.factor

    def rounded(self, value):
        return round(value, 2 - math.floor(math.log10(value)))
