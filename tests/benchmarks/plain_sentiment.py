"""A classifier of texts as a user of Keras writes it, which `first_run` times beside `recipes/sentiment.py`.

    python tests/benchmarks/plain_sentiment.py FOLDER EPOCHS OUTPUT

The folder has train.jsonl, validation.jsonl and test.jsonl with "text" and "label". The model is that of
the recipe at its defaults, but for its dropout of words.
"""

import json
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf

BATCH = 64
WORDS = 30_000
UNITS = 64


class Seconds(keras.callbacks.Callback):
    """Prints the seconds of each epoch, its validation included."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        print(f"epoch {epoch + 1}: {time.perf_counter() - self.start:.3f} s", flush=True)


def read(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def batches(texts, numbers, vectorize, shuffle=False):
    dataset = tf.data.Dataset.from_tensor_slices((texts, numbers))
    if shuffle:
        dataset = dataset.shuffle(len(texts))
    return dataset.batch(BATCH).map(lambda text, number: (vectorize(text), number)).prefetch(tf.data.AUTOTUNE)


def main(folder, epochs, output):
    splits = {name: read(Path(folder, f"{name}.jsonl")) for name in ("train", "validation", "test")}
    labels = sorted(set(splits["train"][1]))
    vectorize = keras.layers.TextVectorization(WORDS)
    vectorize.adapt(tf.data.Dataset.from_tensor_slices(splits["train"][0]).batch(512))
    train, validation, test = (
        batches(texts, [labels.index(label) for label in names], vectorize, shuffle=split == "train")
        for split, (texts, names) in splits.items()
    )
    ids = keras.Input((None,), dtype="int64")
    hidden = keras.layers.Embedding(vectorize.vocabulary_size(), UNITS, mask_zero=True)(ids)
    hidden = keras.layers.Dropout(0.2)(hidden)
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True))(hidden)
    hidden = keras.layers.Dropout(0.2)(keras.layers.GlobalMaxPooling1D()(hidden))
    model = keras.Model(ids, keras.layers.Dense(len(labels))(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
    model.fit(train, validation_data=validation, epochs=epochs, callbacks=[Seconds()], verbose=2)
    print("test accuracy", model.evaluate(test, verbose=0)[1])
    text = keras.Input((), dtype="string")
    keras.Model(text, model(vectorize(text))).export(output, verbose=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
