"""Times a training step of the tagger beside a plain BiLSTM-softmax of keras.layers, and tagging.

    python -m tests.benchmarks.tagging --data-dir FOLDER

All train on the same batches of universal_dependencies/en_ewt in turn: ours with a softmax
and without characters, which has the shape of the Keras model; with a CRF; with characters.
Then sentences a second from raw strings, by the served function.
"""

import collections
import time
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.training import Adam
from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS

OURS = {
    "softmax": {"model": "softmax", "characters": "none"},
    "CRF": {"model": "crf", "characters": "none"},
    "softmax, characters": {"model": "softmax", "characters": "rnn"},
    "CRF, characters": {"model": "crf", "characters": "rnn"},
}


@dataclass(frozen=True)
class Settings:
    data_dir: str | None = None
    """Folder of prepared TFDS datasets; None for that of TFDS."""
    units: int = 128
    """Size of the state in each direction."""
    embedding_size: int = 128
    """Size of a word vector."""
    batch_size: int = 32
    """Sentences in a training step."""
    batches: int = 100
    """Batches on which the models take turns."""


def our_model(preprocessor, labels, settings, **options):
    task = nlpseq.tasks.TokenTagger(
        preprocessor, labels, units=settings.units, embedding_size=settings.embedding_size, **options
    )
    task.compile(Adam(2e-3, global_clipnorm=1.0))  # that of the recipes
    return task


def keras_model(preprocessor, labels, settings):
    """The shape of `TokenTagger` with a softmax and without characters."""
    ids = keras.Input((None,), dtype="int32")
    size = len(preprocessor.vocabulary)
    hidden = keras.layers.Embedding(size, settings.embedding_size, mask_zero=True)(ids)
    hidden = keras.layers.Dropout(0.3)(hidden)
    recurrent = keras.layers.LSTM(settings.units, return_sequences=True)
    hidden = keras.layers.Dropout(0.3)(keras.layers.Bidirectional(recurrent)(hidden))
    model = keras.Model(ids, keras.layers.Dense(len(labels))(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile(keras.optimizers.Adam(2e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
    return model


def main(settings):
    data = nlpseq.data.load_tagged_sentences("universal_dependencies/en_ewt", settings.data_dir)
    preprocessor = nlpseq.text.TokenPreprocessor.learn(data.train.ragged()[0])
    ours = {name: our_model(preprocessor, data.labels, settings, **options) for name, options in OURS.items()}
    theirs = keras_model(preprocessor, data.labels, settings)
    prepared = ours["CRF"].prepare(data.train, settings.batch_size, training=True)
    batches = list(prepared.take(settings.batches).as_numpy_iterator())
    lengths = collections.Counter(ids.shape[1] for ids, _ in batches)
    steps = {
        "keras": lambda ids, tags: theirs.train_on_batch(ids[..., 0], tags),
        **{f"nlpseq, {name}": task.train_on_batch for name, task in ours.items()},
    }
    seconds = timing.turns(batches, steps)
    print(f"{len(batches)} batches of {settings.batch_size}, lengths {sorted(lengths.items())}")
    timing.print_steps("Training step of a tagger", seconds)
    softmax, crf = seconds["nlpseq, softmax"], seconds["nlpseq, CRF"]
    print(f"\nsoftmax, times faster than keras: {timing.ratio(seconds['keras'], softmax):.2f} (median "
          f"of steps), {seconds['keras'].sum() / softmax.sum():.2f} (in all)")  # fmt: skip
    print(f"CRF, times the softmax: {timing.ratio(crf, softmax):.2f} (median of steps), "
          f"{crf.sum() / softmax.sum():.2f} (in all)")  # fmt: skip
    texts = [" ".join(tokens) for tokens in data.test.tokens]
    for name, task in ours.items():
        for batch_size in (1, 64):
            print(f"{name}, batch {batch_size}: {sentences_a_second(task, texts, batch_size):,.0f} sentences "
                  "a second from strings")  # fmt: skip


def sentences_a_second(task, texts, batch_size, rounds=3):
    texts = texts[: 20 * batch_size]
    task.predict_text(texts, batch_size)  # traces
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        task.predict_text(texts, batch_size)
        seconds.append(time.perf_counter() - start)
    return len(texts) / np.median(seconds)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
