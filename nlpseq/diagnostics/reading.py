"""What a task reads of one example, with the weight of each time step as a variable."""

import contextlib
import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.stepping import replaced
from nlpseq.errors import InputError, not_empty, shorten

ROWS = 128  # versions of an example that run together


def look_at(task: Any, example: Any, answer: str | None = None) -> Any:
    """The `nlpseq.tasks.base.Look` of a task at one example.

    Raises:
        InputError: `task` is not a task of `nlpseq.tasks`, or has no `look`; `example` is of another kind, or empty.
    """
    if not callable(getattr(task, "look", None)):
        raise InputError(f"`task` must be a task of nlpseq.tasks, got {type(task).__name__}.")
    if isinstance(example, str):
        not_empty("example", example.strip(), "a text to look at")
    task.ensure_built()
    try:
        return task.look(example, answer)
    except InputError:
        raise
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise InputError(
            f"`example` must be one that a {type(task).__name__} reads, such as a text or a series, got "
            f"{shorten(repr(example), 60)}."
        ) from error


def look_at_each(task: Any, examples: Iterable[Any]) -> Iterator[Any]:
    """The `nlpseq.tasks.base.Look` at each example.

    Raises:
        InputError: there is none; as of `look_at`.
    """
    if isinstance(examples, (str, bytes)) or not isinstance(examples, Iterable):
        raise InputError(f"`examples` must be a list of examples, got {shorten(repr(examples), 60)}.")
    examples = list(examples)
    not_empty("examples", examples, "at least one text")
    for example in examples:
        yield look_at(task, example)


def scores(task: Any, look: Any, presence: tf.Tensor, records: list[tf.Tensor] | None = None) -> tf.Tensor:
    """The score of the answer for versions of an example in which time steps are weighted.

        x'_t = w_t x_t        x_t: all that the task reads of step t

    Args:
        task: `nlpseq.tasks.base.Task`.
        look: Its `nlpseq.tasks.base.Look` at the example.
        presence: w, float32 `(versions, time)`: 1 for the step as it is, 0 for none.
        records: A list to which each x' is appended. Default None.

    Returns:
        float32 `(versions,)`.
    """

    def weighted(read, *args, **kwargs):
        vectors = read(*args, **kwargs)
        if vectors.shape[1] != presence.shape[1]:
            raise InputError(
                f"the task reads {vectors.shape[1]} steps where `look` names {presence.shape[1]}: give an example with "
                "at least one token."
            )
        vectors = vectors * tf.cast(presence, vectors.dtype)[..., tf.newaxis]
        if records is not None:
            records.append(vectors)
        return vectors

    inputs = tf.nest.map_structure(lambda x: tf.repeat(x, presence.shape[0], axis=0), look.inputs)
    with contextlib.ExitStack() as stack:
        for owner, name in look.reads:
            read = functools.partial(weighted, getattr(owner, name))
            stack.enter_context(replaced(owner, **{name: read}))
        return look.score(task(inputs, training=False))


def presence_gradients(task: Any, look: Any, presence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores `(versions,)`, and their derivatives by the presence of each step, `(versions, time)`."""
    parts = []
    for start in range(0, len(presence), ROWS):
        weights = tf.constant(presence[start : start + ROWS], tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            values = scores(task, look, weights)
        parts.append((values.numpy(), tape.gradient(values, weights).numpy()))
    return np.concatenate([value for value, _ in parts]), np.concatenate([gradient for _, gradient in parts])


def effects_of_removal(task: Any, look: Any) -> np.ndarray:
    """How much the score falls without each step, `(time,)`: its vectors are zeros, and the other steps stay."""
    time = len(look.steps)
    presence = np.concatenate([np.ones((1, time)), 1 - np.eye(time)])
    values = np.concatenate(
        [scores(task, look, tf.constant(presence[i : i + ROWS], tf.float32)) for i in range(0, time + 1, ROWS)]
    )
    return values[0] - values[1:]


def gradient_norms(task: Any, look: Any) -> np.ndarray:
    """The norm of the derivative of the score by all that is read of each step, `(time,)`."""
    records: list[tf.Tensor] = []
    with tf.GradientTape() as tape:
        weights = tf.ones((1, len(look.steps)))
        tape.watch(weights)
        value = scores(task, look, weights, records)
    gradients = tape.gradient(value, records, unconnected_gradients="zero")
    squares = [np.sum(np.square(gradient[0]), axis=-1, dtype=np.float64) for gradient in gradients]
    return np.sqrt(np.sum(squares, axis=0))
