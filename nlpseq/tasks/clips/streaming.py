"""A classifier that reads frame by frame: the signatures "init" and "step" of its export."""

import math
from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.tasks.checked import checked
from nlpseq.tasks.streaming import PooledStates

if TYPE_CHECKING:
    from nlpseq.tasks.clips.model import SequenceClassifier


class FrameStream:
    """Reads a sequence frame by frame, with the answer for all that has been read.

    The states are those of `PooledStates`, and with differences `previous`, the standardised frame before.

    Args:
        task: A classifier for which `can_stream` is True.
    """

    def __init__(self, task: "SequenceClassifier"):
        self.task = task
        pooling = "last" if task.per_frame else task.settings.pooling
        self.states = PooledStates(task.recurrent, pooling, task.recurrent[-1].cell.output_size)
        self.differences = task.settings.derived == "differences"

    @staticmethod
    def can_stream(task: "SequenceClassifier") -> bool:
        """Whether an answer depends on the frames so far only, through the states."""
        settings = task.settings
        pooled = task.per_frame or settings.pooling in PooledStates.POOLINGS
        return pooled and settings.layers > 0 and not settings.bidirectional and settings.scaling != "sequence"

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the states."""
        return {**self.states.sizes, **({"previous": math.prod(self.task.frame)} if self.differences else {})}

    def signatures(self) -> dict:
        """The signatures "init" and "step"."""
        frame = self.task.frame
        frames = tf.TensorSpec([None, None, *frame], tf.float32, name="frames")
        length = tf.TensorSpec([None], tf.int32, name="length")
        states = {name: tf.TensorSpec([None, size], tf.float32, name=name) for name, size in self.sizes.items()}
        step = tf.function(checked(self.step, states), autograph=False)
        return {
            "init": tf.function(checked(self.init), [frames, length], autograph=False),
            "step": step.get_concrete_function(tf.TensorSpec([None, *frame], tf.float32, name="frame"), **states),
        }

    def init(self, frames: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "init".

        Args:
            frames: The beginnings of sequences, float32 `(batch, time, *frame)`; time may be 0.
            length: Number of real frames of each, int32 `(batch,)`; 0 for none yet.

        Returns:
            As `step`, after the last real frame.
        """
        rows, steps = tf.unstack(tf.shape(frames)[:2])
        starts = self.states.start(rows)
        if self.differences:
            starts["previous"] = tf.zeros([rows, self.sizes["previous"]])
        names = list(starts)

        def body(time, *values):
            _, new = self._read(frames[:, time], dict(zip(names, values)), time < length)
            return time + 1, *(new[name] for name in names)

        _, *values = tf.while_loop(lambda time, *_: time < steps, body, (tf.constant(0), *starts.values()))
        return self._answer(dict(zip(names, values)))

    def step(self, frame: tf.Tensor, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "step".

        Args:
            frame: The next frame, float32 `(batch, *frame)`.
            **states: Those that "init" or "step" returned.

        Returns:
            `label` and `scores`, as of "serving_default", of a classifier with `per_frame` for this frame; and states.
        """
        _, new = self._read(frame, states, tf.ones(tf.shape(frame)[:1], bool))
        return self._answer(new)

    def _read(self, frame, states, real):
        """The output of the top layer and the states after a frame."""
        task = self.task
        z = task.features.standardised(frame[:, tf.newaxis], tf.ones([tf.shape(frame)[0], 1], bool))
        inputs, own = z, {}
        if self.differences:
            earlier = tf.reshape(states["previous"], tf.shape(z))
            first = tf.reshape(states["count"] == 0, [-1, *[1] * (len(z.shape) - 1)])
            steps = task.features.differences(z, tf.where(first, z, earlier))
            inputs = tf.concat([z, steps], axis=-1)
            flat = tf.reshape(z, tf.shape(states["previous"]))
            own = {"previous": tf.where(real[:, tf.newaxis], flat, states["previous"])}
        vectors = task.encoded(tf.cast(inputs, task.compute_dtype))[:, 0]
        hidden, new = self.states.step(vectors, states, real)
        return hidden, {**new, **own}

    def _answer(self, states):
        pooled = tf.cast(self.states.pooled(states), self.task.compute_dtype)
        return {**self.task.answer_of(self.task.head(pooled)), **states}
