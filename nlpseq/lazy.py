"""Lazy packages: a public name imports its module on first use, so that help and errors load no TensorFlow."""

import importlib
from collections.abc import Callable, Mapping


def attach(package: str, modules: Mapping[str, str]) -> tuple[Callable, Callable, list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package (PEP 562).

    Args:
        package: Name of the package, for error messages.
        modules: The module that defines each public name; a submodule maps to itself.
    """

    def get(name):
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(modules[name])
        return module if modules[name] == f"{package}.{name}" else getattr(module, name)

    return get, lambda: sorted(modules), sorted(modules)
