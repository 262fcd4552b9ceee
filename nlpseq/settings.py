"""Settings: dataclasses whose attributes are arguments of a model, flags of a recipe, and their help.

An attribute has its default, its range (`Annotated[int, Range(1)]`) and, as the docstring below
it, its help in one place. A settings class may hold groups, settings classes themselves; outside
they are flat: one name, one flag. TensorFlow is not imported here: help and errors come before it
is loaded.
"""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from nlpseq.errors import InputError, in_range, one_of, suggest


@dataclass(frozen=True)
class Range:
    """The least and greatest value of a number; None for no bound."""

    low: float | None = None
    high: float | None = None


OPEN = "other values than the named ones are taken from Python"  # metadata of a `Literal`
Rate = Annotated[float, Range(0, 0.95)]  # of dropout
Self = TypeVar("Self", bound="Settings")


@dataclass(frozen=True)
class Settings:
    """The base of all settings.

    Example:

    >>> @dataclasses.dataclass(frozen=True)
    ... class Layer(Settings):
    ...     units: Annotated[int, Range(1)] = 64
    >>> @dataclasses.dataclass(frozen=True)
    ... class Model(Settings):
    ...     layer: Layer = Layer()
    ...     bias: bool = True
    >>> Model.of(units=3).flat()
    {'units': 3, 'bias': True}
    """

    @classmethod
    def of(cls: type[Self], **values: Any) -> Self:
        """Settings with some values, by their flat names, checked.

        Raises:
            InputError: a name is unknown, or a value is out of its range.
        """
        settings = cls().replace(**values)
        settings.check()
        return settings

    def replace(self: Self, **values: Any) -> Self:
        """The same settings with other values, by their flat names.

        Raises:
            InputError: a name is unknown.
        """
        known = self.flat()
        for name in values:
            if name not in known:
                raise InputError(f"unknown argument `{name}`: {suggest(name, known)}")
        changes = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Settings):
                changes[field.name] = value.replace(**{k: v for k, v in values.items() if k in value.flat()})
            elif field.name in values:
                changes[field.name] = values[field.name]
        return dataclasses.replace(self, **changes)

    def flat(self) -> dict[str, Any]:
        """All values by name, those of groups included."""
        values = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            values |= value.flat() if isinstance(value, Settings) else {field.name: value}
        return values

    def check(self) -> None:
        """Raises an `InputError` for the first value that is out of its range."""
        for name, hint in typing.get_type_hints(type(self), include_extras=True).items():
            value = getattr(self, name)
            if isinstance(value, Settings):
                value.check()
            elif not (value is None and type(None) in typing.get_args(hint)):
                _check_value(name, value, hint)


def _check_value(name, value, hint):
    kind, *metadata = typing.get_args(hint) if typing.get_origin(hint) is Annotated else (hint,)
    if typing.get_origin(kind) is Literal and OPEN not in metadata:
        one_of(name, value, typing.get_args(kind))
    elif kind in (int, float, bool):
        _check_type(name, value, kind)
    for bounds in metadata:
        if isinstance(bounds, Range):
            in_range(name, value, bounds.low, bounds.high)


def _check_type(name, value, kind):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {bool: isinstance(value, bool), float: number, int: number and value == value // 1}[kind]
    if not fits and not hasattr(value, "dtype"):  # NumPy's numbers
        expected = {bool: "True or False", float: "a number", int: "a whole number"}[kind]
        raise InputError(f"`{name}` must be {expected}, got {value!r}.")
