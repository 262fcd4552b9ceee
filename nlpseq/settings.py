"""Settings: dataclasses whose attributes are both the arguments of a model and the flags of a recipe.

Each attribute declares its default, its range (`Annotated[int, Range(1)]`) and, in the docstring
below it, its help text. An attribute may itself be a settings class, a group; names are unique
across groups, so that callers and flags use them flat. An attribute that is marked `AUTO` may be
None until the data are read: a recipe leaves it so unless the user sets it, and fills it with what
its kind of task chooses for the data (`nlpseq/tasks/<kind>/defaults.py`). TensorFlow is not
imported here, so that help and errors appear before it is loaded.
"""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from nlpseq.errors import InputError, in_range, of_type, one_of, suggest


@dataclass(frozen=True)
class Range:
    """Lower and upper bound of a number, inclusive; None for no bound."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Replaces:
    """Flat names of the attributes that are not read when this one is given."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, names: tuple[str, ...], *groups: "Settings") -> "Replaces":
        """Those of these names and of all attributes of groups."""
        return cls((*names, *(name for group in groups for name in group.flat())))


LARGEST = 2**31 - 1  # a size or a number in TensorFlow
OPEN = "other values are accepted from Python"  # metadata of a `Literal`
FREE = "may change when an interrupted run is continued"  # metadata of an attribute
AUTO = "in a recipe, the default follows the data"  # metadata of an attribute that may be None
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
        settings = self.flat()
        for name in values:
            if name not in settings:
                raise InputError(f"unknown argument `{name}`: {suggest(name, settings)}")
        changes = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Settings):
                changes[field.name] = value.replace(**{k: v for k, v in values.items() if k in value.flat()})
            elif field.name in values:
                changes[field.name] = values[field.name]
        return dataclasses.replace(self, **changes)

    def unset(self: Self) -> Self:
        """A copy in which the attributes that are marked `AUTO` are None."""
        return self.replace(**dict.fromkeys(self.automatic()))

    def filled(self: Self, values: Mapping[str, Any]) -> Self:
        """A copy in which `values`, by flat name, replace the attributes that are None.

        >>> @dataclasses.dataclass(frozen=True)
        ... class Layer(Settings):
        ...     units: Annotated[int, AUTO] = 64
        ...     size: Annotated[int, AUTO] = 64
        >>> Layer().unset().replace(units=3).filled({"units": 128, "size": 128}).flat()
        {'units': 3, 'size': 128}
        """
        unset = [name for name, value in self.flat().items() if value is None]
        return self.replace(**{name: values[name] for name in unset if name in values})

    def settled(self: Self) -> Self:
        """A copy in which the attributes that are marked `AUTO` and None have the default of their class."""
        changes = {name: group.settled() for name, group in self._groups().items()}
        defaults = {name: getattr(type(self)(), name) for name in _marked(type(self))}
        return dataclasses.replace(self, **changes).filled(defaults)

    def automatic(self) -> list[str]:
        """The flat names of the attributes that are marked `AUTO`."""
        names = [name for group in self._groups().values() for name in group.automatic()]
        return [*names, *_marked(type(self))]

    def replaced(self) -> dict[str, str]:
        """The flat names of the attributes that are not read, each with the name of the one that replaces it."""
        names = {name: by for group in self._groups().values() for name, by in group.replaced().items()}
        for by, hint in typing.get_type_hints(type(self), include_extras=True).items():
            if getattr(self, by) is not None:
                parts = [part for part in _parts(hint)[1] if isinstance(part, Replaces)]
                names |= {name: by for part in parts for name in part.names}
        return names

    def _groups(self):
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Settings)}

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
            elif not (value is None and (AUTO in _parts(hint)[1] or type(None) in typing.get_args(_parts(hint)[0]))):
                _check_value(name, value, hint)


def _marked(settings):
    hints = typing.get_type_hints(settings, include_extras=True)
    return [name for name, hint in hints.items() if AUTO in _parts(hint)[1]]


def _parts(hint):
    """The type and the metadata of a type hint."""
    kind, *metadata = typing.get_args(hint) if typing.get_origin(hint) is Annotated else (hint,)
    return kind, metadata


def _check_value(name, value, hint):
    kind, metadata = _parts(hint)
    if typing.get_origin(kind) is Literal and OPEN not in metadata:
        one_of(name, value, typing.get_args(kind))
    elif kind in (int, float, bool):
        of_type(name, value, kind)
    ranges = [bounds for bounds in metadata if isinstance(bounds, Range)]
    for bounds in ranges:
        in_range(name, value, bounds.low, bounds.high)
    if kind is int and value > LARGEST and all(bounds.high is None for bounds in ranges):
        raise InputError(f"`{name}` must be at most {LARGEST:,}, got {value}.")
