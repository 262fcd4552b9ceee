"""Imports TensorFlow without its start-up messages."""

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator


def quiet_tensorflow() -> None:
    """Imports TensorFlow and Keras without their start-up messages."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with stderr_held_back():
        import keras  # noqa: F401
        import tensorflow as tf

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
