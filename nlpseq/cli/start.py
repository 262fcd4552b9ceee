"""Imports TensorFlow without its start-up messages, and without packages that Keras imports and commands do not use."""

import contextlib
import gc
import importlib.abc
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator

# Keras imports these where they are installed, which takes as long as the rest of Keras. What needs them
# imports them later: evaluation, pictures.
NOT_NEEDED_BY_KERAS = ("matplotlib", "scipy", "sklearn")


def quiet_tensorflow(connect: Callable[[], object] | None = None) -> None:
    """Imports TensorFlow and Keras without their start-up messages.

    Args:
        connect: What connects this process with others, before TensorFlow runs its first operation.
    """
    # Level 3 also hides errors, which XLA logs for every program that it loads; errors that matter are raised.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with stderr_held_back(), _hidden(NOT_NEEDED_BY_KERAS), _without_garbage_collection():
        import keras  # noqa: F401
        import tensorflow as tf

        if connect is not None:
            connect()
        tf.constant(0)  # starts the runtime, which prints messages too
    tf.get_logger().setLevel("ERROR")
    logging.getLogger("absl").setLevel("ERROR")


@contextlib.contextmanager
def stderr_held_back() -> Iterator[None]:
    """Buffers standard error, including output of C++ code, and prints it only if the block fails."""
    sys.stderr.flush()
    try:
        held = tempfile.TemporaryFile()  # noqa: SIM115
    except OSError:  # no folder for temporary files is writable
        yield
        return
    with held, _duplicate(2) as real:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)


@contextlib.contextmanager
def _duplicate(descriptor):
    duplicate = os.dup(descriptor)
    try:
        yield duplicate
    finally:
        os.close(duplicate)


class _Hidden(importlib.abc.MetaPathFinder):
    """Finds no module of some packages."""

    def __init__(self, packages):
        self.packages = packages

    def find_spec(self, fullname, path=None, target=None):
        if fullname in self.packages:
            raise ModuleNotFoundError(f"{fullname} is imported later", name=fullname)


@contextlib.contextmanager
def _hidden(packages):
    """Within the block packages that are not imported yet seem not to be installed."""
    finder = _Hidden(packages)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextlib.contextmanager
def _without_garbage_collection():
    """Imports make many objects and no garbage: what they leave is not looked at again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()
