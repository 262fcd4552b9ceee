"""The check of the tokens and states that a language model is stepped with."""

import tensorflow as tf

from nlpseq.cells.checks import check, check_shape, check_states
from nlpseq.errors import InputError


def checked_step(tokens: tf.Tensor, states: list, count: int, state_sizes: list) -> tuple[tf.Tensor, list]:
    """The tokens `(rows,)` and the states of each layer, as tensors.

    Args:
        tokens: Ids.
        states: For each layer a list of its states, `(rows, size)`.
        count: The number of tokens in the vocabulary.
        state_sizes: For each layer the sizes of its states.

    Raises:
        InputError: an id is that of no token; the states are not those of the layers, a row for each token.
            In a graph values raise `tf.errors.InvalidArgumentError`.
    """
    tokens, most = tf.convert_to_tensor(tokens), count - 1
    if not tokens.dtype.is_integer:
        raise InputError(f"`tokens` of a step must be ids, got the dtype {tokens.dtype.name}: give integers.")
    check_shape(tokens, [None], "tokens", "(rows,)", "a step")
    in_range = tf.reduce_all((tokens >= 0) & (tokens <= most))
    flat, sizes = tf.nest.flatten(states), tf.nest.flatten(state_sizes)
    if len(flat) != len(sizes) or len(states) != len(state_sizes):
        layers = f"{len(state_sizes)} layers with {len(sizes)} states in all"
        raise InputError(
            f"`states` of a step must be those of {layers}, got {len(states)} with {len(flat)}: give a list for each."
        )
    flat = check_states(flat, sizes, tokens.shape[0], tf.shape(tokens)[0], "a step")
    with tf.control_dependencies(check(in_range, f"`tokens` of a step must be from 0 to {most}, got %s.", tokens)):
        return tf.identity(tokens), tf.nest.pack_sequence_as(state_sizes, flat)
