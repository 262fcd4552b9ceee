"""Tasks that average the outputs of several networks."""

from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

from nlpseq.errors import whole
from nlpseq.tasks.base import Task


class Ensemble(Task):
    """A task whose networks are trained one by one, and whose output is the mean of theirs.

        p(y | x) = 1/K sum_k p_k(y | x)

    A subclass also inherits from the class of the networks, whose answers and signatures it has, and defines
    `call`. Make one from trained networks with `Ensemble.of`.

    Class attributes:
        member_class: Class of the networks.

    Args:
        *args: As of `member_class`.
        members: Number of networks, 2 or more.
        **kwargs: As of `member_class`.

    Reference:
        Hansen and Salamon (1990), Neural network ensembles.
    """

    member_class: ClassVar[type[Task]]

    def __init__(self, *args: Any, members: int = 2, **kwargs: Any):
        self.member_count = whole("members", members, 2)
        super().__init__(*args, **kwargs)

    @classmethod
    def of(cls, members: Sequence[Task]) -> "Ensemble":
        """The ensemble of trained networks with the same preprocessor, labels and settings."""
        ensemble = cls(members[0].preprocessor, members=len(members), **_arguments(members[0]))
        ensemble.ensure_built()
        for member, trained in zip(ensemble.members, members):
            member.set_weights(trained.get_weights())
        return ensemble

    def make_layers(self):
        self.members = [self.member_class(self.preprocessor, **_arguments(self)) for _ in range(self.member_count)]

    def build(self, input_shape=None):
        for member in self.members:
            member.ensure_built()
        self.built = True

    def vectors(self, text):
        """The vectors of all networks, one after another."""
        return tf.concat([member.vectors(text) for member in self.members], axis=-1)

    def reads(self):
        """Those of all networks; a layer that they share once."""
        return list(dict.fromkeys(read for member in self.members for read in member.reads()))

    def named_axes(self):
        return [axis for member in self.members for axis in member.named_axes()]

    def get_config(self):
        return {**super().get_config(), "members": self.member_count}


def _arguments(task):
    """The arguments of a network like a task, or like those of an ensemble, but for the preprocessor."""
    own = ("name", "trainable", "preprocessor", "members")
    return {name: value for name, value in task.get_config().items() if name not in own}


def log_mean(logits: Sequence[tf.Tensor]) -> tf.Tensor:
    """log 1/K sum_k softmax(z_k) of logits `(..., classes)`, which are logits of the mean probabilities."""
    logs = tf.stack([tf.nn.log_softmax(tensor) for tensor in logits])
    return tf.reduce_logsumexp(logs, axis=0) - tf.math.log(tf.cast(len(logits), logs.dtype))


def logit_mean(logits: Sequence[tf.Tensor]) -> tf.Tensor:
    """log p / (1 - p) of the mean probabilities p = 1/K sum_k sigmoid(z_k) of logits `(..., labels)`."""
    binary = [tf.stack([tensor, tf.zeros_like(tensor)], axis=-1) for tensor in logits]
    yes, no = tf.unstack(log_mean(binary), axis=-1)
    return yes - no
