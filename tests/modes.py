"""Functions of TensorFlow op by op or in graphs, for a while."""

import contextlib


@contextlib.contextmanager
def functions(eagerly: bool):
    """Functions run op by op in Python, or are traced; afterwards as before."""
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eagerly)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
