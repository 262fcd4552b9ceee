"""Small tasks and clips of the tests of sequences."""

import keras
import numpy as np

from nlpseq.tasks import SequenceClassifier
from nlpseq.tasks.clips.clips import Clips
from tests.tasks.tiny import randomized

LABELS = ["no", "yes", "maybe"]
PICTURE, VECTOR = (8, 9, 1), (2,)
LENGTHS = [5, 1, 7, 3]


def arrays(frame=VECTOR, lengths=LENGTHS, seed=0):
    """Random sequences of these lengths."""
    rng = np.random.default_rng(seed)
    return [rng.normal(2, 3, (length, *frame)).astype(np.float32) for length in lengths]


def clips(frame=VECTOR, lengths=LENGTHS, per_frame=False, seed=0):
    """The same as examples, whose labels repeat."""
    lengths = np.array(lengths)
    count = lengths.sum() if per_frame else len(lengths)
    labels = (np.arange(count) % len(LABELS)).astype(np.int32)
    return Clips(np.concatenate(arrays(frame, lengths, seed)), lengths, labels, (), per_frame)


def new_task(frame=VECTOR, **settings):
    """A task with random weights, and the standardisation of `clips`."""
    sizes = {"units": 4, "filters": 2, "frame_size": 5}
    task = randomized(SequenceClassifier(LABELS, frame=frame, **{**sizes, **settings}))
    task.adapt(clips(frame, per_frame=task.per_frame))
    return task


@keras.saving.register_keras_serializable("tests")
class Corners(keras.layers.Layer):
    """The values of two corners of a picture."""

    def call(self, pictures):
        return keras.ops.concatenate([pictures[:, 0, 0], pictures[:, -1, -1]], axis=-1)

    def compute_output_shape(self, shape):
        return (shape[0], 2 * shape[-1])
