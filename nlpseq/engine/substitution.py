"""Another implementation of whole runs of cells, for graphs that are served or converted to another format."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

_substitute: contextvars.ContextVar[Callable | None] = contextvars.ContextVar("substitute", default=None)


@contextlib.contextmanager
def substituted_runs(substitute: Callable) -> Iterator[None]:
    """Replaces `nlpseq.engine.recurrence.run` in inference within a `with` block, for the thread that runs it.

    Args:
        substitute: Called with cell, inputs, states and mask, and `return_sequences`, `reverse` and `time_major` by
            name, as in `run`; returns outputs and final states, or None for a run that it leaves to the engine.
    """
    token = _substitute.set(substitute)
    try:
        yield
    finally:
        _substitute.reset(token)


def substitute_of_run(*arguments: Any, **options: Any) -> Any:
    """The result of the substitute; None if there is none, or if it leaves the run to the engine."""
    substitute = _substitute.get()
    return None if substitute is None else substitute(*arguments, **options)
