"""The states of a language model between two batches of the same streams of text."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError


class CarriedStates:
    """Variables with the states after the previous batch: of training and of inference, for each number of streams.

    Args:
        sizes: The sizes of the states of each layer.
    """

    def __init__(self, sizes: Sequence[Sequence[int]]):
        self._sizes = [list(layer_sizes) for layer_sizes in sizes]
        self._variables: dict[str, list[list[tf.Variable]]] = {}

    def before(self, first: tf.Tensor, training: bool, streams: int | None) -> list[list[tf.Tensor]]:
        """The states before a batch, float32 `(streams, size)`; zeros where `first`, bool `(streams, 1)` or `(1, 1)`.

        Raises:
            InputError: the batch size is not fixed.
        """
        return [
            [tf.where(first, tf.zeros_like(state), state) for state in layer_states]
            for layer_states in self._get(training, streams)
        ]

    def assign(self, states: Sequence[Sequence[tf.Tensor]], training: bool, streams: int | None) -> None:
        """Keeps the states after a batch."""
        for variable, state in zip(tf.nest.flatten(self._get(training, streams)), tf.nest.flatten(states)):
            variable.assign(tf.stop_gradient(tf.cast(state, variable.dtype)))

    def values(self) -> dict[str, list[np.ndarray]]:
        """All states as arrays, those of all replicas one after the other."""
        return {
            key: [np.concatenate(_replicas(state)) for state in tf.nest.flatten(states)]
            for key, states in self._variables.items()
        }

    def restore(self, values: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Sets the states to those that `values` returned."""
        for key, arrays in values.items():
            mode, streams = key.split()
            variables = tf.nest.flatten(self._get(mode == "training", int(streams)))
            for variable, array in zip(variables, arrays):
                replicas = _replicas(variable)
                for replica, part in zip(replicas, np.split(array, len(replicas))):
                    replica.assign(part)

    def _get(self, training, streams):
        key = f"{'training' if training else 'inference'} {streams}"
        if key not in self._variables:
            if streams is None:
                raise InputError(
                    "carried states require a fixed batch size, got None: with a `tf.distribute` strategy, use a batch "
                    "size that is a multiple of the number of replicas."
                )
            with tf.init_scope():
                self._variables[key] = [[_variable(streams, size) for size in sizes] for sizes in self._sizes]
        return self._variables[key]


def _variable(streams, size):
    """A state `(streams, size)`, of which each replica has its own."""
    return tf.Variable(
        tf.zeros([streams, size]),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


def _replicas(variable):
    """The variable of each replica."""
    return getattr(variable, "values", (variable,))
