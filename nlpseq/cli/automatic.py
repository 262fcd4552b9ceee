"""How the help shows settings that follow the data: as "auto", of their own type."""

import functools
from typing import Any, TypeVar

from nlpseq.settings import Settings

Config = TypeVar("Config", bound=Settings)


class _Auto:
    """A default in the help, of a setting that follows the data if no flag is given."""

    __hash__: Any = None  # tyro caches by hash what it knows of a value, such as 1, which is not that of an open 1

    def __str__(self):
        return "auto"

    __repr__ = __str__


@functools.cache
def _auto_of(kind):
    return type("Auto", (_Auto, int if kind is bool else kind), {"__hash__": None})  # a bool has no subclasses


def shown(config: Config) -> Config:
    """What the help shows: an `_Auto` that is also of its own type for each value that is None because it is open."""
    settled = config.settled().flat()
    names = [name for name in config.automatic() if config.flat()[name] is None]
    return config.replace(**{name: _auto_of(type(settled[name]))(settled[name]) for name in names})


def parsed(config: Config) -> Config:
    """The settings that tyro makes of those of `shown`: what no flag gives is None again."""
    return config.replace(**{name: None for name, value in config.flat().items() if isinstance(value, _Auto)})
