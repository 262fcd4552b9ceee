"""Times training of the translator beside an equal model of keras.layers, and its translations.

    python -m tests.benchmarks.translation --dataset FOLDER --source en --target de

All are a bidirectional encoder and a decoder with additive attention between its layers, without
label smoothing, which Keras has only for one-hot targets; they train on the same batches in turn.
`keras.layers.AdditiveAttention` projects neither queries nor memory: "keras" does it in layers of its
own before, as Bahdanau's equations want it, and has our bridge between encoder and decoder; "keras,
bare" goes without these products, and is a smaller model. The output of both has weights of its own.
Then sentences a second from raw strings by the served search, which an untrained model does not end
early: each translation has 10 + 0.3 S tokens for a source of S, about as many as the source.
"""

import time
from dataclasses import dataclass
from typing import Literal

import keras
import tensorflow as tf
import tyro

import nlpseq
from nlpseq.training.adam import Adam
from tests.benchmarks import timing
from tests.benchmarks.layers import THREADS

RATE = 0.3  # of dropout


@dataclass(frozen=True)
class Settings:
    dataset: str
    """Folder of <language>.<split>.txt, or name of a TFDS dataset."""
    source: str | None = None
    """Language to translate from."""
    target: str | None = None
    """Language to translate to."""
    data_dir: str | None = None
    """Folder of prepared TFDS datasets; None for that of TFDS."""
    cell: Literal["gru", "lstm"] = "gru"
    """Recurrent cell."""
    units: int = 512
    """Size of the state of the decoder; half of it in each direction of the encoder."""
    embedding_size: int = 256
    """Size of a token vector."""
    decoder_layers: int = 2
    """Recurrent layers of the decoder."""
    input_feeding: bool = False
    """Whether ours, and only ours, feeds each output to the next step."""
    vocabulary_size: int = 8000
    """Tokens of both languages together."""
    batch_size: int = 64
    """Pairs in a training step."""
    batches: int = 40
    """Batches on which the models take turns."""


def our_model(preprocessor, settings):
    task = nlpseq.tasks.Translator(
        preprocessor,
        cell=settings.cell,
        units=settings.units,
        embedding_size=settings.embedding_size,
        decoder_layers=settings.decoder_layers,
        input_feeding=settings.input_feeding,
        dropout=RATE,
        output_dropout=RATE,
        length_ratio=0.3,
    )
    task.compile(Adam(1e-3, global_clipnorm=1.0), metrics=[])  # that of the recipes
    return task


def keras_model(preprocessor, settings, bare=False):
    """The shape of `Translator`, but for the differences that the head of this file names."""
    layer = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[settings.cell]
    size, units, tokens = settings.embedding_size, settings.units, len(preprocessor.target)
    embedding = keras.layers.Embedding(tokens, size, mask_zero=True)
    sources, targets = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    drop = keras.layers.Dropout(RATE)
    encoder = keras.layers.Bidirectional(layer(units // 2, return_sequences=True, return_state=True))
    memory, *states = encoder(drop(embedding(sources)))
    half = len(states) // 2
    last = [keras.layers.Concatenate()(pair) for pair in zip(states[:half], states[half:])]

    def bridge():
        return last if bare else [keras.layers.Dense(units, "tanh")(state) for state in last]

    def project(inputs):
        return inputs if bare else keras.layers.Dense(units, use_bias=False)(inputs)

    hidden = layer(units, return_sequences=True)(drop(embedding(targets)), initial_state=bridge())
    context = keras.layers.AdditiveAttention()([project(hidden), memory, project(memory)])
    for _ in range(settings.decoder_layers - 1):
        inputs = drop(keras.layers.Concatenate()([hidden, context]))
        hidden = layer(units, return_sequences=True)(inputs, initial_state=bridge())
    outputs = keras.layers.Dense(size, "tanh")(keras.layers.Concatenate()([hidden, context]))
    model = keras.Model([sources, targets], keras.layers.Dense(tokens)(drop(outputs)))
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1))
    return model


def main(settings):
    data = nlpseq.data.load_parallel_texts(
        settings.dataset, settings.data_dir, source=settings.source, target=settings.target
    )
    preprocessor = nlpseq.text.PairPreprocessor.learn(
        data.train.sources, data.train.targets, "bpe", settings.vocabulary_size, joint=True
    )
    ours = our_model(preprocessor, settings)
    prepared = ours.prepare(data.train, settings.batch_size, training=True)
    batches = list(prepared.take(settings.batches).as_numpy_iterator())
    steps = {
        "nlpseq": ours.train_on_batch,
        "keras": keras_model(preprocessor, settings).train_on_batch,
        "keras, bare": keras_model(preprocessor, settings, bare=True).train_on_batch,
    }
    # The shape of a batch is that of sources and targets together.
    seconds = timing.turns(batches, steps, shape=lambda inputs, labels: (inputs[0].shape, labels.shape))
    timing.print_steps("Training step of a translator", seconds)
    counts = [(inputs[0] > 0).sum() + (labels >= 0).sum() for inputs, labels in batches]
    target = sum((labels >= 0).sum() for _, labels in batches)
    print()
    for name in ("keras", "keras, bare"):
        print(f"times faster than {name}: {timing.ratio(seconds[name], seconds['nlpseq']):.2f} (median of steps), "
              f"{seconds[name].sum() / seconds['nlpseq'].sum():.2f} (in all)")  # fmt: skip
    for name, values in seconds.items():
        print(f"{name}: {sum(counts) / values.sum():,.0f} tokens a second, {target / values.sum():,.0f} of them target")
    for batch_size in (1, 64):
        for beam_size in (1, 5):
            rate = sentences_a_second(ours, data.test.sources, batch_size, beam_size)
            print(f"beam {beam_size}, batch {batch_size}: {rate:.1f} sentences a second from strings")


def sentences_a_second(task, texts, batch_size, beam_size):
    texts = list(texts[: 4 * batch_size + 12])
    task.predict_text(texts[:batch_size], batch_size, beam_size)  # traces
    start = time.perf_counter()
    task.predict_text(texts, batch_size, beam_size)
    return len(texts) / (time.perf_counter() - start)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    main(tyro.cli(Settings, description=__doc__))
