"""Gradients by hand, which have no gradient of their own: asked for one, they say so."""

import tensorflow as tf


def first_only(gradient, sources, remedy):
    """`gradient` for `tf.custom_gradient`; its derivative raises, where it would silently miss terms.

    Args:
        gradient: function of the upstream gradients, to a tuple of those of `sources`.
        sources: the tensors that were differentiated by, which `gradient` reads without a tape.
        remedy: what gives second derivatives, "run the cell in keras.layers.RNN".
    """

    def refuse(*_):
        raise NotImplementedError(f"This part of nlpseq has first derivatives only: for second ones, {remedy}.")

    @tf.custom_gradient
    def first_derivatives(*arguments):
        return tuple(gradient(*arguments[: -len(sources)])), refuse

    # Of a `tf.gather` the upstream comes as slices.
    return lambda *upstream: first_derivatives(*map(tf.convert_to_tensor, upstream), *sources)
