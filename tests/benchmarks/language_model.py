"""Times training of the language model beside a stateful LSTM model of keras.layers, on the same text.

    python -m tests.benchmarks.language_model --dataset FOLDER

Both are layers of LSTM between tied embeddings, read segments of the same text in turn, and
carry their states from each to the next; ours trains with the Adam of the recipes, the other with that
of Keras. Then the tokens a second of the served generation.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.tasks.embeddings import token_logits
from nlpseq.training.adam import Adam
from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS

RATE = 0.3  # of dropout


@dataclass(frozen=True)
class Settings:
    dataset: str
    """Folder of train.txt and so on, or name of a TFDS dataset."""
    data_dir: str | None = None
    """Folder of prepared TFDS datasets; None for that of TFDS."""
    units: int = 512
    """Size of the state."""
    layers: int = 2
    """Number of recurrent layers."""
    embedding_size: int = 512
    """Size of a token vector."""
    vocabulary_size: int = 10_000
    """Tokens in the vocabulary."""
    character: bool = False
    """Whether tokens are characters rather than words."""
    batch_size: int = 20
    """Streams of the text."""
    steps: int = 35
    """Steps of a segment."""
    batches: int = 40
    """Segments on which the models take turns."""


class Tied(keras.layers.Layer):
    """Logits from the embeddings below."""

    def __init__(self, embedding):
        super().__init__()
        self.embedding = embedding
        self.bias = self.add_weight(shape=(embedding.input_dim,))

    def call(self, outputs):
        return token_logits(outputs, self.embedding, self.bias)


def our_model(preprocessor, settings):
    task = nlpseq.tasks.LanguageModel(
        preprocessor,
        cell="lstm",
        units=settings.units,
        layers=settings.layers,
        embedding_size=settings.embedding_size,
        steps=settings.steps,
        **dict.fromkeys(("dropout", "hidden_dropout", "output_dropout"), RATE),
    )
    task.compile(Adam(1e-3, global_clipnorm=1.0))  # that of the recipes
    return task


def keras_model(tokens, settings):
    """The shape of `LanguageModel`, where the units are the size of the embeddings."""
    ids = keras.Input(batch_shape=(settings.batch_size, settings.steps), dtype="int32")
    embedding = keras.layers.Embedding(tokens, settings.embedding_size)
    hidden = keras.layers.SpatialDropout1D(RATE)(embedding(ids))
    for _ in range(settings.layers):
        hidden = keras.layers.LSTM(settings.units, return_sequences=True, stateful=True)(hidden)
        hidden = keras.layers.SpatialDropout1D(RATE)(hidden)
    model = keras.Model(ids, Tied(embedding)(hidden))
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def main(settings):
    data = nlpseq.data.load_running_texts(settings.dataset, settings.data_dir)
    kind = "character" if settings.character else "word"
    preprocessor = nlpseq.text.LinePreprocessor.learn(data.train.lines, kind, settings.vocabulary_size)
    ours, theirs = our_model(preprocessor, settings), keras_model(len(preprocessor), settings)
    prepared = ours.prepare(data.train, settings.batch_size, training=True)
    batches = list(prepared.take(settings.batches).as_numpy_iterator())
    steps = {
        "keras": lambda inputs, labels: theirs.train_on_batch(inputs[0], labels),
        "nlpseq": ours.train_on_batch,
    }
    seconds = timing.turns(batches, steps, shape=lambda inputs, labels: labels.shape)
    timing.print_steps("Training step of a language model", seconds)
    print(f"\ntimes faster: {timing.ratio(seconds['keras'], seconds['nlpseq']):.2f} (median of steps), "
          f"{seconds['keras'].sum() / seconds['nlpseq'].sum():.2f} (in all)")  # fmt: skip
    tokens = sum(labels.size for _, labels in batches)
    for name, values in seconds.items():
        print(f"{name}: {tokens / values.sum():,.0f} tokens a second")
    for batch_size in (1, 32):
        rate = generated_a_second(ours, batch_size)
        print(f"generation, batch {batch_size}: {rate:,.0f} tokens a second")


def generated_a_second(task, batch_size, length=200, rounds=3):
    prompts, seconds = ["the"] * batch_size, []
    task.predict_text(prompts, length, batch_size)  # traces
    for _ in range(rounds):
        seconds.append(timing.once(lambda: task.predict_text(prompts, length, batch_size)))
    return batch_size * length / np.median(seconds)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
