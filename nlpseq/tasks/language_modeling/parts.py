"""Reading of texts part by part, so that memory does not grow with the longest of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.model import LanguageModel

PART = 256  # steps that are read at a time, at most


def read_in_parts(
    task: "LanguageModel",
    ids: tf.Tensor,
    lengths: tf.Tensor | None = None,
    visit: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor] = lambda hidden, start, total: total,
    total: Any = 0.0,
) -> tuple[list, tf.Tensor]:
    """Runs a model over texts, at most `PART` steps at a time, all parts but the last equally long.

    Args:
        task: The model; its `run` and `state_sizes` are used.
        ids: int32 `(batch, time)`.
        lengths: Number of ids of each text, int32 `(batch,)`, after which its states do not change. Default None, all.
        visit: `(hidden, start, total) -> total` for each part: the outputs `(batch, steps, units)`, its first step,
            and what the last call returned, which keeps its dtype and rank.
        total: What the first call gets.

    Returns:
        The states after the texts, of each layer a list; and what the last call of `visit` returned.
    """
    batch, time = tf.unstack(tf.shape(ids))
    count = -(-time // PART)
    steps = -(-time // tf.maximum(count, 1))
    dtype = task.compute_dtype
    zeros = [[tf.zeros([batch, size], dtype) for size in sizes] for sizes in task.state_sizes]
    total = tf.convert_to_tensor(total)

    def body(start, states, total):
        part = ids[:, start : start + steps]
        mask = None if lengths is None else tf.sequence_mask(lengths - start, tf.shape(part)[1])
        hidden, states = task.run(part, states, mask)
        states = [[tf.cast(state, dtype) for state in layer] for layer in states]
        return start + steps, states, visit(hidden, start, total)

    shapes = tf.nest.map_structure(lambda state: tf.TensorShape([None, state.shape[1]]), zeros)
    invariants = tf.TensorShape([]), shapes, tf.TensorShape([None] * len(total.shape))
    loop_state = tf.zeros([], tf.int32), zeros, total
    _, states, total = tf.while_loop(lambda start, *_: start < time, body, loop_state, invariants)
    return states, total
