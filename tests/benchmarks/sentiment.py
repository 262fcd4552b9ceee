"""Times a training step of the sentiment task beside the same model of keras.layers.

    python -m tests.benchmarks.sentiment --data-dir FOLDER

Both models are an embedding, a bidirectional LSTM, the maximum over time and a
dense layer, and train on the same batches of imdb_reviews in turn.
"""

import collections
from dataclasses import dataclass

import keras
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.training import Adam
from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS

RATE = 0.3  # of dropout


@dataclass(frozen=True)
class Settings:
    data_dir: str | None = None
    """Folder of prepared TFDS datasets; None for that of TFDS."""
    units: int = 128
    """Size of the state in each direction."""
    embedding_size: int = 64
    """Size of a word vector."""
    max_tokens: int = 400
    """Longer texts are truncated to this many words."""
    batch_size: int = 64
    """Examples in a training step."""
    batches: int = 40
    """Batches on which the models take turns."""


def our_model(preprocessor, labels, settings):
    task = nlpseq.tasks.TextClassifier(
        preprocessor,
        labels,
        units=settings.units,
        embedding_size=settings.embedding_size,
        dropout=RATE,
        output_dropout=RATE,
        word_dropout=0.1,
    )
    task.compile(Adam(2e-3, global_clipnorm=1.0))  # that of the recipes
    return task


def keras_model(preprocessor, labels, settings):
    """The shape of `TextClassifier` at its defaults."""
    ids = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(preprocessor.sizes[0], settings.embedding_size, mask_zero=True)(ids)
    hidden = keras.layers.Dropout(RATE)(hidden)
    recurrent = keras.layers.LSTM(settings.units, return_sequences=True)
    hidden = keras.layers.Bidirectional(recurrent)(hidden)
    hidden = keras.layers.Dropout(RATE)(keras.layers.GlobalMaxPooling1D()(hidden))
    model = keras.Model(ids, keras.layers.Dense(len(labels))(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
    return model


def main(settings):
    data = nlpseq.data.load_labelled_texts("imdb_reviews", settings.data_dir, seed=1)
    preprocessor = nlpseq.text.WordPreprocessor.learn(data.train.texts, max_tokens=settings.max_tokens)
    ours = our_model(preprocessor, data.labels, settings)
    theirs = keras_model(preprocessor, data.labels, settings)
    prepared = ours.prepare(data.train, settings.batch_size, training=True)
    batches = list(prepared.take(settings.batches).as_numpy_iterator())
    lengths = collections.Counter(ids.shape[1] for ids, _ in batches)
    steps = {
        "nlpseq": ours.train_on_batch,
        "keras": lambda ids, labels: theirs.train_on_batch(ids[..., 0], labels),
    }
    seconds = timing.turns(batches, steps)
    print(f"{len(batches)} batches of {settings.batch_size}, lengths {sorted(lengths.items())}")
    timing.print_steps("Training step of the sentiment task", seconds)
    print(
        f"\ntimes faster: {timing.ratio(seconds['keras'], seconds['nlpseq']):.2f} (median of steps), "
        f"{seconds['keras'].sum() / seconds['nlpseq'].sum():.2f} (in all)"
    )


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
