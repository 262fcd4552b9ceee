"""Text classification: strings in, label and scores out."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.errors import one_of
from nlpseq.layers import Pooling
from nlpseq.layers.pooling import POOLINGS
from nlpseq.tasks.base import ENCODE_BATCH, Task, as_texts, in_batches, in_own_precision, recurrent_layers
from nlpseq.text import PADDING, UNKNOWN


@keras.saving.register_keras_serializable("nlpseq")
class TextClassifier(Task):
    """A recurrent classifier of texts that owns its text path.

        x_t = [E w_t ; E_2 w_{t-1} w_t ; ...]      embeddings of word t and of the runs it ends
        h_t = BiRNN(x_1 ... x_T)_t                 one layer or more
        p = pool_t h_t                             last state, max, mean or attention
        y = softmax(W_hy [p ; pool_t x_t] + b_y)   one score a class; x with `skip` only

    It takes raw strings, or padded ids as `prepare` makes them.

    Args:
        encoder: `nlpseq.text.WordEncoder`.
        labels: Names of the classes.
        cell: "rnn", "lstm" or "gru"; or a subclass of `nlpseq.cells.RecurrentCell`, registered
            with Keras. Default "lstm".
        units: Size of the state in each direction. Default 64.
        layers: Number of recurrent layers. Default 1.
        bidirectional: Whether each layer runs in both directions. Default True.
        embedding_size: Size of a word's vector. Default 64.
        ngram_embedding_size: Size of the vector of a run of words. Default 16.
        pooling: "last", "max", "mean", "max_mean" or "attention". Default "max".
        skip: Whether the embeddings, max- and mean-pooled, join the pooled states
            under the output. Default False.
        dropout: Rate of dropped embeddings. Default 0.3.
        output_dropout: Rate of dropped features under the output. Default 0.3.
        recurrent_dropout: Rate of dropped recurrent inputs. Default 0.
        word_dropout: Rate of words replaced by the unknown word, and of runs
            left out, in training. Default 0.1.

    Call arguments:
        inputs: string tensor `(batch,)`, or int32 ids `(batch, time, columns)` of
            the encoder, 0 = padding.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, classes)`.

    Raises:
        InputError: `cell` or `pooling` is unknown.

    Example:

    >>> encoder = nlpseq.text.WordEncoder.learn(["good film", "bad film"])
    >>> task = TextClassifier(encoder, ["negative", "positive"], units=4, embedding_size=4)
    >>> tuple(task.predict_text(["a good film"])["scores"].shape)
    (1, 2)
    """

    kind = "classification"
    purpose = "Takes a text, gives one of several labels and a score for each."
    warmup_texts = ("", "one short text", "a longer text " * 20)

    @in_own_precision
    def __init__(
        self,
        encoder,
        labels,
        cell="lstm",
        units=64,
        layers=1,
        bidirectional=True,
        embedding_size=64,
        ngram_embedding_size=16,
        pooling="max",
        skip=False,
        dropout=0.3,
        output_dropout=0.3,
        recurrent_dropout=0.0,
        word_dropout=0.1,
        **kwargs,
    ):
        recurrent = {
            "cell": cell,
            "units": units,
            "layers": layers,
            "bidirectional": bidirectional,
            "recurrent_dropout": recurrent_dropout,
        }
        settings = {
            **recurrent,
            "embedding_size": embedding_size,
            "ngram_embedding_size": ngram_embedding_size,
            "pooling": one_of("pooling", pooling, ("last", *POOLINGS)),
            "skip": skip,
            "dropout": dropout,
            "output_dropout": output_dropout,
            "word_dropout": word_dropout,
        }
        super().__init__(encoder, labels, settings, **kwargs)
        uniform = keras.initializers.RandomUniform(-0.1, 0.1)
        self.embeddings = [keras.layers.Embedding(encoder.sizes[0], embedding_size, uniform)]
        for size in encoder.sizes[1:]:  # at first a run of words changes nothing
            self.embeddings.append(keras.layers.Embedding(size, ngram_embedding_size, "zeros"))
        self.word_dropout = keras.layers.Dropout(word_dropout)
        self.input_dropout = keras.layers.Dropout(dropout)
        self.recurrent = recurrent_layers(**recurrent, return_sequences=pooling != "last")
        self.pooling = None if pooling == "last" else Pooling(pooling)
        self.skip_pooling = Pooling("max_mean") if skip else None
        self.output_dropout = keras.layers.Dropout(output_dropout)
        self.head = keras.layers.Dense(len(self.labels), dtype="float32")
        self._answer = self.signatures()["serving_default"]

    def call(self, inputs, training=False):
        ids = pad(self.encoder(inputs), self.buckets) if inputs.dtype == tf.string else inputs
        mask = tf.not_equal(ids[..., 0], PADDING)
        embedded = self._embed(ids, mask, training)
        hidden = embedded
        for layer in self.recurrent:
            hidden = layer(hidden, mask=mask, training=training)
        features = [hidden if self.pooling is None else self.pooling(hidden, mask=mask)]
        if self.skip_pooling is not None:
            features.append(self.skip_pooling(embedded, mask=mask))
        features = tf.concat(features, axis=-1)
        return self.head(self.output_dropout(features, training=training))

    def _embed(self, ids, mask, training):
        """The vectors of words and runs, `(batch, time, features)`."""
        kept = self.word_dropout(tf.ones(tf.shape(ids)), training=training)  # 0, or 1 / (1 - rate)
        words = tf.where(mask & (kept[..., 0] == 0), UNKNOWN, ids[..., 0])
        parts = [self.embeddings[0](words)]
        for column, embedding in enumerate(self.embeddings[1:], start=1):
            vectors = embedding(ids[..., column])
            weights = tf.where(ids[..., column] > 0, kept[..., column], 0.0)
            parts.append(vectors * tf.cast(weights, vectors.dtype)[..., tf.newaxis])
        return self.input_dropout(tf.concat(parts, axis=-1), training=training)

    def build(self, input_shape=None):
        for embedding in self.embeddings:
            embedding.build((None, None))
        width = sum(embedding.output_dim for embedding in self.embeddings)
        shape, embedded = (None, None, width), (None, None, width)
        for layer in filter(None, [*self.recurrent, self.pooling]):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        features = shape[-1]
        if self.skip_pooling is not None:
            self.skip_pooling.build(embedded)
            features += self.skip_pooling.compute_output_shape(embedded)[-1]
        self.head.build((None, features))
        self.built = True

    def _encoded(self, examples):
        batches = examples.dataset().batch(ENCODE_BATCH)
        return batches.map(lambda text, label: (self.encoder(text), label))

    def default_loss(self):
        """Cross-entropy over the classes."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def default_metrics(self):
        """Accuracy."""
        return ["accuracy"]

    def answer(self, text):
        """What the export serves: `text` `(batch,)` -> `label` `(batch,)`, `scores` `(batch, classes)`."""
        scores = tf.nn.softmax(self(text, training=False))
        return {"label": tf.gather(tf.constant(self.labels), tf.argmax(scores, 1)), "scores": scores}

    def predict_text(self, texts, batch_size=64):
        """Classifies strings.

        Args:
            texts: a string, or a sequence of strings (str or bytes).
            batch_size: how many to run at a time.

        Returns:
            A dict: "label", a list of names; "scores", float32 `(texts, classes)`.
        """
        answers = list(in_batches(self._answer, tf.constant(as_texts(texts), tf.string), batch_size))
        labels = [label.decode() for answer in answers for label in answer["label"]]
        empty = np.zeros((0, len(self.labels)), np.float32)
        return {"label": labels, "scores": np.concatenate([empty, *(a["scores"] for a in answers)])}

    def limits(self):
        """What a user should know that the model cannot do, in sentences."""
        return [
            f"It reads {self.encoder.max_tokens:,} words and marks of a text at most; the "
            f"{self.encoder.truncation} of a longer one is cut out.",
            f"It knows {len(self.encoder.vocabulary.words):,} words, those of its training texts; "
            "others count as unknown.",
            "It always chooses one of its labels, whatever the text; scores are not calibrated.",
        ]
