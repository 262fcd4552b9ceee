"""Text classification: from strings to a label and scores."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.errors import InputError
from nlpseq.layers import Pooling
from nlpseq.tasks.base import NamedAxis, NumericFunction, in_batches, label_axes
from nlpseq.tasks.classification.linear import NgramLogits
from nlpseq.tasks.classification.settings import ClassifierSettings
from nlpseq.tasks.classification.streaming import ClassifierStream
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.text_task import ENCODE_BATCH, TextTask, as_texts, encode
from nlpseq.text import PADDING, UNKNOWN

LINEAR_DROPOUT = 0.3  # rate of words and n-grams that the linear classifier drops in training


@keras.saving.register_keras_serializable("nlpseq")
class TextClassifier(TextTask):
    """A recurrent text classifier with preprocessing inside the model.

        x_t = [E w_t ; E_2 w_{t-1} w_t ; ...]      embeddings of word t and of the n-grams that end at t
        h_t = BiRNN(x_1 ... x_T)_t                 one or more layers
        p = pool_t h_t                             last output, max, mean or attention
        z = W_hy [p ; pool_t x_t] + b_y            a logit for each class; x with `skip` only
        y = softmax((z + u) / 2)                   a probability for each class; without `linear`, y = softmax(z)

    u are the logits of a linear classifier over words and n-grams, `NgramLogits`. Both classifiers have a
    loss of their own in training; `adapt` starts the linear one as naive Bayes.

    Inputs are raw strings, or padded ids as `prepare` returns them.

    Args:
        preprocessor: `nlpseq.text.WordPreprocessor`.
        labels: Names of the classes.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.classification.settings.ClassifierSettings`,
            which documents their meaning, range and default: cell, units, layers, bidirectional,
            embedding_size, ngram_embedding_size, pooling, skip, linear, dropout, output_dropout,
            recurrent_dropout, word_dropout.

    Call arguments:
        inputs: string tensor `(batch,)`, or int32 ids `(batch, time, columns)` of
            the preprocessor, 0 = padding.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, classes)`; with `linear`, in training, those of both classifiers,
        `(batch, 2, classes)`.

    Raises:
        InputError: a setting is unknown or outside its range.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = TextClassifier(preprocessor, ["negative", "positive"], units=4, embedding_size=4)
    >>> tuple(task.predict_text(["a good film"])["scores"].shape)
    (1, 2)
    """

    kind = "classification"
    purpose = "Assigns one of several labels to a text, with a score for every label."
    settings_class = ClassifierSettings
    settings: ClassifierSettings

    def make_layers(self):
        settings, sizes = self.settings, self.preprocessor.sizes
        uniform: Any = keras.initializers.RandomUniform(-0.1, 0.1)
        self.embeddings = [keras.layers.Embedding(sizes[0], settings.embedding_size, uniform)]
        for size in sizes[1:] if settings.ngram_embedding_size else []:  # initially n-grams have no effect
            self.embeddings.append(keras.layers.Embedding(size, settings.ngram_embedding_size, "zeros"))
        self.word_dropout = keras.layers.Dropout(settings.word_dropout)
        self.input_dropout = keras.layers.Dropout(settings.dropout)
        self.recurrent = recurrent_layers(**settings.recurrent(), return_sequences=settings.pooling != "last")
        self.pooling = None if settings.pooling == "last" else Pooling(settings.pooling)
        self.skip_pooling = Pooling("max_mean") if settings.skip else None
        self.output_dropout = keras.layers.Dropout(settings.output_dropout)
        self.head = keras.layers.Dense(len(self.labels), dtype="float32")
        self.linear = None
        if settings.linear != "none":
            self.linear = NgramLogits(sizes, len(self.labels), LINEAR_DROPOUT, dtype="float32")
        self._answer = self.signatures()["serving_default"]

    def call(self, inputs, training=False):
        ids = pad(self.preprocessor(inputs)) if inputs.dtype == tf.string else inputs
        mask = tf.not_equal(ids[..., 0], PADDING)
        embedded = self._embed(ids, mask, training)
        hidden = embedded
        for layer in self.recurrent:
            hidden = layer(hidden, mask=mask, training=training)
        features = [hidden if self.pooling is None else self.pooling(hidden, mask=mask)]
        if self.skip_pooling is not None:
            features.append(self.skip_pooling(embedded, mask=mask))
        features = tf.concat(features, axis=-1)
        logits = self.head(self.output_dropout(features, training=training))
        if self.linear is None:
            return logits
        logits = tf.stack([logits, self.linear(ids, training=training)], axis=1)
        return logits if training else tf.reduce_mean(logits, axis=1)

    def _embed(self, ids, mask, training):
        """The concatenated embeddings of words and n-grams, `(batch, time, features)`."""
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
        if self.linear is not None:
            self.linear.build()
        self.built = True

    def named_axes(self):
        axes = label_axes(self.head, self.labels)
        weights = [[embedding.embeddings for embedding in self.embeddings]]
        if self.linear is not None:
            weights.append(self.linear.kernels)
            axes += [NamedAxis(kernel, 1, "labels", self.labels) for kernel in self.linear.kernels]
            axes.append(NamedAxis(self.linear.bias, 0, "labels", self.labels))
        for columns in weights:
            for number, (weight, names) in enumerate(zip(columns, self.preprocessor.names())):
                axes.append(NamedAxis(weight, 0, "n-grams" if number else "words", names))
        return axes

    def usable(self, examples):
        if examples.labels.ndim == 2:
            raise InputError(
                "the texts have several labels each, and a `TextClassifier` gives one: choose another `label`, or keep "
                "one label a text."
            )
        return examples.known(len(self.labels))

    def adapt(self, examples: Any) -> None:
        """Starts the linear classifier, if there is one, as naive Bayes on training examples."""
        if self.linear is not None:
            self.ensure_built()
            ids, labels = self.encode_examples(examples)
            starts = range(0, len(labels), ENCODE_BATCH)
            self.linear.adapt((ids[i : i + ENCODE_BATCH], labels[i : i + ENCODE_BATCH]) for i in starts)

    def encode_examples(self, examples):
        return encode(self.preprocessor, tf.constant(examples.texts, tf.string)), examples.labels

    def default_loss(self):
        """Cross-entropy over the classes."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """As in Keras; the mean of the losses of both classifiers in training."""
        heads = tf.unstack(y_pred, axis=1) if len(y_pred.shape) == 3 else [y_pred]
        loss = super().compute_loss
        return sum(loss(x, y, head, sample_weight, training) for head in heads) / len(heads)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        mean = tf.reduce_mean(y_pred, axis=1) if len(y_pred.shape) == 3 else y_pred
        return super().compute_metrics(x, y, mean, sample_weight)

    def default_metrics(self):
        """Accuracy."""
        return ["accuracy"]

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default" for `text` `(batch,)`.

        Returns:
            `label`, string `(batch,)`, and `scores`, float32 `(batch, classes)`.
        """
        scores = self.scores(text)["scores"]
        return {"label": tf.gather(tf.constant(self.labels), tf.argmax(scores, 1)), "scores": scores}

    def scores(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """`scores`, float32 `(batch, classes)`, for ids, or for strings, as in `call`."""
        return {"scores": tf.nn.softmax(self(ids, training=False))}

    def signatures(self):
        """Also "init" and "step" for a classifier that reads forward; see `ClassifierStream`."""
        stream = self.built and ClassifierStream.can_stream(self)
        return {**super().signatures(), **(ClassifierStream(self).signatures() if stream else {})}

    def validation_sample(self, examples, count):
        examples = self.usable(examples).select(slice(count))
        return [(text.decode(), self.labels[label]) for text, label in zip(examples.texts, examples.labels)]

    def numeric_functions(self):
        columns = len(self.preprocessor.sizes)
        return {"classify": NumericFunction(self.scores, {"ids": tf.TensorSpec([None, None, columns], tf.int32)})}

    def predict_text(self, texts: str | bytes | Sequence | np.ndarray, batch_size: int = 64) -> dict[str, Any]:
        """Classifies strings.

        Args:
            texts: A string, or a sequence of strings (str or bytes).
            batch_size: Maximum number of texts in a batch. Default 64.

        Returns:
            A dict of "label", a list of names, and "scores", float32 `(texts, classes)`.
        """
        answers = list(in_batches(self._answer, tf.constant(as_texts(texts), tf.string), batch_size))
        labels = [label.decode() for answer in answers for label in answer["label"]]
        empty = np.zeros((0, len(self.labels)), np.float32)
        return {"label": labels, "scores": np.concatenate([empty, *(answer["scores"] for answer in answers)])}

    def limits(self):
        preprocessor = self.preprocessor
        return [
            f"It reads at most {preprocessor.max_tokens:,} words and punctuation marks of a text; of a longer text the "
            f"{preprocessor.truncation} is ignored.",
            f"Its vocabulary has {len(preprocessor.vocabulary.words):,} words from its training texts; all others are "
            "unknown words.",
            "It assigns one of its labels to any text, even an unrelated one; scores are not calibrated.",
        ]
