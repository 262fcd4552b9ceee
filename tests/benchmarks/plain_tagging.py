"""A tagger as a user of Keras writes it, which `first_run` times beside `recipes/tagging.py`.

    python tests/benchmarks/plain_tagging.py TRAIN VALIDATION TEST ENCODING EPOCHS OUTPUT

The files are CoNLL columns: the token first, the tag last, a blank line after each sentence. The model is
that of the recipe with a softmax, as Keras has no CRF: embeddings of words and a BiLSTM over the
characters of each, then a BiLSTM over the words.
"""

import collections
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tests.benchmarks.plain_sentiment import Seconds

BATCH = 32
LONGEST = 16  # characters of a word
UNITS, CHARACTER_UNITS = 64, 32


def read(path, encoding):
    sentences = [[]]
    for line in Path(path).read_text(encoding=encoding).split("\n"):
        columns = line.split()
        if columns:
            sentences[-1].append((columns[0], columns[-1]))
        elif sentences[-1]:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def numbered(items):
    """The items by number, from 2 on, frequent ones first; 0 is padding and 1 is unknown."""
    return {item: number for number, (item, _) in enumerate(collections.Counter(items).most_common(), 2)}


def encode(sentence, words, characters, tags):
    tokens = [words.get(word.lower(), 1) for word, _ in sentence]
    letters = np.zeros((len(sentence), LONGEST), np.int32)
    for row, (word, _) in zip(letters, sentence):
        numbers = [characters.get(character, 1) for character in word[:LONGEST]]
        row[: len(numbers)] = numbers
    return np.array(tokens, np.int32), letters, np.array([tags.get(tag, 0) for _, tag in sentence], np.int32)


def batches(sentences, tables, shuffle=False):
    encoded = [encode(sentence, *tables) for sentence in sentences]
    specs = [tf.TensorSpec([None], "int32"), tf.TensorSpec([None, LONGEST], "int32"), tf.TensorSpec([None], "int32")]
    dataset = tf.data.Dataset.from_generator(lambda: encoded, output_signature=tuple(specs)).cache()
    if shuffle:
        dataset = dataset.shuffle(len(encoded))
    dataset = dataset.padded_batch(BATCH, padding_values=(0, 0, -1))
    dataset = dataset.map(lambda words, letters, tags: ((words, letters), tags))
    count = tf.data.experimental.assert_cardinality(-(-len(encoded) // BATCH))
    return dataset.apply(count).prefetch(tf.data.AUTOTUNE)


class Spelling(keras.layers.Layer):
    """A BiLSTM over the characters of each word."""

    def __init__(self, characters):
        super().__init__()
        self.embedding = keras.layers.Embedding(characters, CHARACTER_UNITS, mask_zero=True)
        self.read = keras.layers.Bidirectional(keras.layers.LSTM(CHARACTER_UNITS))

    def call(self, letters):
        words = self.embedding(tf.reshape(letters, [-1, LONGEST]))
        return tf.reshape(self.read(words), [-1, tf.shape(letters)[1], 2 * CHARACTER_UNITS])


def build(words, characters, tags):
    ids, letters = keras.Input((None,), dtype="int32"), keras.Input((None, LONGEST), dtype="int32")
    embedded = keras.layers.Embedding(words, UNITS, mask_zero=True)(ids)
    hidden = keras.layers.Concatenate()([embedded, Spelling(characters)(letters)])
    hidden = keras.layers.Dropout(0.3)(hidden)
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True))(hidden)
    model = keras.Model((ids, letters), keras.layers.Dense(tags)(keras.layers.Dropout(0.3)(hidden)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile(keras.optimizers.Adam(2e-3, global_clipnorm=1.0), loss)
    return model


def main(paths, encoding, epochs, output):
    train, validation, test = (read(path, encoding) for path in paths)
    tags = {tag: number for number, tag in enumerate(sorted({tag for sentence in train for _, tag in sentence}))}
    words = numbered(word.lower() for sentence in train for word, _ in sentence)
    characters = numbered(character for sentence in train for word, _ in sentence for character in word)
    tables = words, characters, tags
    model = build(len(words) + 2, len(characters) + 2, len(tags))
    model.fit(
        batches(train, tables, shuffle=True),
        validation_data=batches(validation, tables),
        epochs=epochs,
        callbacks=[Seconds()],
        verbose=2,
    )
    right = total = 0
    for inputs, expected in batches(test, tables):
        real = expected >= 0
        right += int(np.sum((model.predict_on_batch(inputs).argmax(-1) == expected) & real))
        total += int(np.sum(real))
    print("test accuracy", right / total)
    model.export(output, verbose=False)


if __name__ == "__main__":
    main(sys.argv[1:4], sys.argv[4], int(sys.argv[5]), sys.argv[6])
