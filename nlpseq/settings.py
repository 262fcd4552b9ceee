"""Settings: dataclasses whose attributes are both the arguments of a model and the flags of a recipe.

Each attribute declares its default, its range (`Annotated[int, Range(1)]`) and, in the docstring
below it, its help text. An attribute may itself be a settings class, a group; names are unique
across groups, so that callers and flags use them flat. TensorFlow is not imported here, so that
help and errors appear before it is loaded.
"""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from nlpseq.errors import InputError, in_range, one_of, suggest


@dataclass(frozen=True)
class Range:
    """Lower and upper bound of a number, inclusive; None for no bound."""

    low: float | None = None
    high: float | None = None


OPEN = "other values are accepted from Python"  # metadata of a `Literal`
FREE = "may change when an interrupted run is continued"  # metadata of an attribute
Rate = Annotated[float, Range(0, 0.95)]  # a dropout rate
Self = TypeVar("Self", bound="Settings")


@dataclass(frozen=True)
class Settings:
    """Base class of all settings.

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

    free: ClassVar[bool] = False
    """Whether the values of the group may change when an interrupted run is continued."""

    @classmethod
    def of(cls: type[Self], **values: Any) -> Self:
        """The defaults with the given values, by flat name; all values are checked.

        Raises:
            InputError: a name is unknown, or a value is outside its range.
        """
        settings = cls().replace(**values)
        settings.check()
        return settings

    def replace(self: Self, **values: Any) -> Self:
        """A copy with the given values, by flat name; ranges are not checked.

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
        """All values by name, including those of groups."""
        values = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            values |= value.flat() if isinstance(value, Settings) else {field.name: value}
        return values

    def fixed(self) -> dict[str, Any]:
        """The values, by flat name, that must not change when an interrupted run is continued."""
        hints = typing.get_type_hints(type(self), include_extras=True)
        values = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Settings):
                values |= {} if value.free else value.fixed()
            elif FREE not in getattr(hints[field.name], "__metadata__", ()):
                values[field.name] = value
        return values

    def check(self) -> None:
        """Raises an `InputError` for the first value that is outside its range."""
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
    if not fits and not hasattr(value, "dtype"):  # NumPy scalars pass
        expected = {bool: "True or False", float: "a number", int: "a whole number"}[kind]
        raise InputError(f"`{name}` must be {expected}, got {value!r}.")
