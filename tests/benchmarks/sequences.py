"""Times a training step of the classifier of sequences beside the same model of keras.layers.

    python -m tests.benchmarks.sequences --dataset pendigits_folder
    python -m tests.benchmarks.sequences --dataset nlpseq_motion

Both models read the same standardised features, have bidirectional LSTM layers, the maximum and mean over time and a
dense layer, of pictures behind the same convolutions, and train on the same batches in turn.
"""

from dataclasses import dataclass

import keras
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.tasks.clips import defaults
from nlpseq.tasks.clips.features import picture_encoder
from nlpseq.training import Adam
from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS

MODEL = ("layers", "units", "pooling", "scaling", "derived", "filters", "frame_size", "dropout", "output_dropout")


@dataclass(frozen=True)
class Settings:
    dataset: str = "nlpseq_motion"
    """As of the recipe."""
    batches: int = 40
    """Batches on which the models take turns."""


def keras_model(task):
    """The shape of a `SequenceClassifier`, from standardised features and their mask."""
    frame, settings = task.features.compute_output_shape((None, None, *task.frame))[2:], task.settings
    features, mask = keras.Input((None, *frame)), keras.Input((None,), dtype="bool")
    hidden = features
    if len(frame) == 3:
        encoder = picture_encoder(frame, settings.filters, settings.frame_size)
        hidden = keras.layers.TimeDistributed(encoder)(hidden)
    hidden = keras.layers.Dropout(settings.dropout)(hidden)
    for _ in range(settings.layers):
        recurrent = keras.layers.LSTM(settings.units, return_sequences=True)
        hidden = keras.layers.Bidirectional(recurrent)(hidden)  # without mask, which costs it time
    absent = keras.ops.expand_dims(1 - keras.ops.cast(mask, "float32"), -1)
    largest = keras.ops.max(hidden - 1e9 * absent, axis=1)
    mean = keras.layers.GlobalAveragePooling1D()(hidden, mask=mask)
    hidden = keras.layers.Dropout(settings.output_dropout)(keras.layers.Concatenate()([largest, mean]))
    model = keras.Model([features, mask], keras.layers.Dense(len(task.labels))(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
    return model


def main(settings):
    data = nlpseq.data.load_clips(settings.dataset, seed=1)
    chosen = defaults.choose(defaults.profile(data))
    options = {name: chosen[name] for name in MODEL}
    ours = nlpseq.tasks.SequenceClassifier(data.labels, frame=data.train.frame, **options)
    ours.adapt(data.train)
    ours.compile(Adam(2e-3, global_clipnorm=1.0))
    theirs = keras_model(ours)
    prepared = ours.prepare(data.train, chosen["batch_size"], training=True)
    batches = [(inputs, labels) for inputs, labels in prepared.take(settings.batches)]

    def standardised(frames, length):
        mask = tf.sequence_mask(length, tf.shape(frames)[1])
        return ours.features(frames, mask), mask

    read = {id(inputs): standardised(*inputs) for inputs, _ in batches}
    steps = {
        "nlpseq": lambda inputs, labels: ours.train_on_batch(inputs, labels),
        "keras": lambda inputs, labels: theirs.train_on_batch(list(read[id(inputs)]), labels),
    }
    seconds = timing.turns(batches, steps, shape=lambda inputs, labels: tuple(inputs[0].shape))
    longest = sorted(inputs[0].shape[1] for inputs, _ in batches)
    print(f"{settings.dataset}: {len(batches)} batches of {chosen['batch_size']}, {longest[0]} to {longest[-1]} frames")
    timing.print_steps("Training step of the classifier of sequences", seconds)
    print(
        f"\ntimes faster: {timing.ratio(seconds['keras'], seconds['nlpseq']):.2f} (median of steps), "
        f"{seconds['keras'].sum() / seconds['nlpseq'].sum():.2f} (in all)"
    )


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
