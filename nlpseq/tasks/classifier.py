"""Text classification: strings in, label and scores out."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import evaluation_batches, length_buckets, pad, training_batches
from nlpseq.errors import one_of
from nlpseq.layers import GRU, LSTM, Bidirectional, Pooling, SimpleRNN
from nlpseq.layers.pooling import POOLINGS
from nlpseq.text import PADDING, UNKNOWN, Vocabulary, WordTokenizer

CELLS = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
ENCODE_BATCH = 512  # texts that are tokenized together


@keras.saving.register_keras_serializable("nlpseq")
class TextClassifier(keras.Model):
    """A recurrent classifier of texts that owns its text path.

        x_t = E[w_t]                               embedding of word t
        h_t = BiRNN(x_1 ... x_T)_t                 one layer or more
        p = pool_t h_t                             last state, max, mean or attention
        y = softmax(W_hy p + b_y)                  one score a class

    It takes raw strings, or padded int32 ids as `encode` and `prepare` make them.

    Args:
        vocabulary: `nlpseq.text.Vocabulary`.
        labels: Names of the classes.
        tokenizer: `nlpseq.text.WordTokenizer`. Default a lowercasing one.
        cell: "rnn", "lstm" or "gru". Default "lstm".
        units: Size of the state in each direction. Default 64.
        layers: Number of recurrent layers. Default 1.
        bidirectional: Whether each layer runs in both directions. Default True.
        embedding_size: Size of a word's vector. Default 64.
        pooling: "last", "max", "mean" or "attention". Default "max".
        dropout: Rate of dropped embeddings, and of dropped pooled features.
            Default 0.3.
        recurrent_dropout: Rate of dropped recurrent inputs. Default 0.
        word_dropout: Rate of words replaced by the unknown word in training.
            Default 0.1.
        max_tokens: Longer texts are cut to this many words. Default 400.

    Call arguments:
        inputs: string tensor `(batch,)`, or int32 ids `(batch, time)`, 0 = padding.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, classes)`.

    Raises:
        InputError: `cell` or `pooling` is unknown.

    Example:

    >>> words = Vocabulary.learn([WordTokenizer()(["good film", "bad film"])])
    >>> task = TextClassifier(words, ["negative", "positive"], units=4, embedding_size=4)
    >>> tuple(task.predict_text(["a good film"])["scores"].shape)
    (1, 2)
    """

    kind = "classification"
    purpose = "Takes a text, gives one of several labels and a score for each."
    warmup_texts = ("", "one short text", "a longer text " * 20)

    def __init__(
        self,
        vocabulary,
        labels,
        tokenizer=None,
        cell="lstm",
        units=64,
        layers=1,
        bidirectional=True,
        embedding_size=64,
        pooling="max",
        dropout=0.3,
        recurrent_dropout=0.0,
        word_dropout=0.1,
        max_tokens=400,
        **kwargs,
    ):
        super().__init__(**kwargs)
        one_of("cell", cell, CELLS)
        one_of("pooling", pooling, ("last", *POOLINGS))
        self.vocabulary = vocabulary
        self.labels = list(labels)
        self.tokenizer = tokenizer or WordTokenizer()
        self.settings = {
            "cell": cell,
            "units": units,
            "layers": layers,
            "bidirectional": bidirectional,
            "embedding_size": embedding_size,
            "pooling": pooling,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "word_dropout": word_dropout,
            "max_tokens": max_tokens,
        }
        self.max_tokens = max_tokens
        self.buckets = length_buckets(max_tokens)
        self.embedding = keras.layers.Embedding(len(vocabulary), embedding_size)
        self.word_dropout = keras.layers.Dropout(word_dropout)
        self.input_dropout = keras.layers.Dropout(dropout)
        self.recurrent = [self._recurrent_layer(top=i == layers - 1) for i in range(layers)]
        self.pooling = None if pooling == "last" else Pooling(pooling)
        self.output_dropout = keras.layers.Dropout(dropout)
        self.head = keras.layers.Dense(len(self.labels), dtype="float32")
        self._answer = self.signatures()["serving_default"]

    @classmethod
    def for_texts(
        cls, texts, labels, vocabulary_size=30_000, min_count=1, lowercase=True, **settings
    ):
        """A classifier that knows the words of some texts; settings as above."""
        tokenizer = WordTokenizer(lowercase)
        batches = (texts[i : i + ENCODE_BATCH] for i in range(0, len(texts), ENCODE_BATCH))
        tokens = (tokenizer(tf.constant(list(batch), tf.string)) for batch in batches)
        vocabulary = Vocabulary.learn(tokens, vocabulary_size, min_count)
        return cls(vocabulary, labels, tokenizer, **settings)

    def _recurrent_layer(self, top):
        chosen = self.settings
        layer = CELLS[chosen["cell"]](
            chosen["units"],
            return_sequences=not (top and chosen["pooling"] == "last"),
            recurrent_dropout=chosen["recurrent_dropout"],
        )
        return Bidirectional(layer) if chosen["bidirectional"] else layer

    def call(self, inputs, training=False):
        ids = self.encode(inputs) if inputs.dtype == tf.string else inputs
        if isinstance(ids, tf.RaggedTensor):
            ids = pad(ids, self.buckets)
        mask = tf.not_equal(ids, PADDING)
        kept = self.word_dropout(tf.ones(tf.shape(ids)), training=training) > 0
        ids = tf.where(mask & ~kept, UNKNOWN, ids)
        hidden = self.input_dropout(self.embedding(ids), training=training)
        for layer in self.recurrent:
            hidden = layer(hidden, mask=mask, training=training)
        if self.pooling is not None:
            hidden = self.pooling(hidden, mask=mask)
        return self.head(self.output_dropout(hidden, training=training))

    def build(self, input_shape=None):
        shape = (None, None)
        stack = [self.embedding, *self.recurrent, self.pooling, self.head]
        for layer in filter(None, stack):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def encode(self, texts):
        """Strings `(batch,)` to a ragged tensor of word ids, at most `max_tokens` each."""
        return self.vocabulary(self.tokenizer(texts)[:, : self.max_tokens])

    def prepare(self, examples, batch_size=64, training=False, seed=0):
        """`nlpseq.data.Examples` to batches of `(ids, labels)`.

        In training the batches are shuffled, all of one size and in few lengths;
        otherwise they keep the order of the examples. Tokenizing is done once.
        """
        encoded = examples.dataset().batch(ENCODE_BATCH)
        encoded = encoded.map(lambda text, label: (self.encode(text), label))
        encoded = encoded.unbatch().cache()
        if training:
            return training_batches(encoded, len(examples), batch_size, self.buckets, seed)
        return evaluation_batches(encoded, len(examples), batch_size, self.buckets)

    def compile(self, optimizer="adam", loss=None, metrics=None, jit_compile=False, **kwargs):
        """As in Keras; by default cross-entropy over the classes, and accuracy.

        `jit_compile` is off: the loops over time are compiled by themselves.
        """
        loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metrics = ["accuracy"] if metrics is None else metrics
        super().compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile, **kwargs)

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
        texts = [texts] if isinstance(texts, (str, bytes)) else list(texts)
        answers = [
            self._answer(tf.constant(texts[start : start + batch_size]))
            for start in range(0, len(texts), batch_size)
        ]
        scores = [answer["scores"].numpy() for answer in answers]
        labels = [label.decode() for answer in answers for label in answer["label"].numpy()]
        empty = np.zeros((0, len(self.labels)), np.float32)
        return {"label": labels, "scores": np.concatenate([empty, *scores])}

    def signatures(self):
        """The functions that an export serves, by name, not yet traced."""
        text = tf.TensorSpec([None], tf.string, name="text")
        return {"serving_default": tf.function(self.answer, input_signature=[text])}

    def limits(self):
        """What a user should know that the model cannot do, in sentences."""
        return [
            f"It reads the first {self.max_tokens} words and marks of a text; the rest is cut off.",
            f"It knows {len(self.vocabulary.words):,} words, those of its training texts; others "
            "count as unknown.",
            "It always chooses one of its labels, whatever the text; scores are not calibrated.",
        ]

    def resources(self):
        """The lookup tables that an export must hold beside the variables."""
        return [self.vocabulary.table]

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": keras.saving.serialize_keras_object(self.vocabulary),
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "labels": self.labels,
            **self.settings,
        }

    @classmethod
    def from_config(cls, config):
        for part in ("vocabulary", "tokenizer"):
            config[part] = keras.saving.deserialize_keras_object(config[part])
        return cls(**config)
