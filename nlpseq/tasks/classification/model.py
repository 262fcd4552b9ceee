"""Text classification: from strings to a label, or several, and scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.data.prepared import PreparedExamples
from nlpseq.errors import InputError, one_of
from nlpseq.layers import Pooling
from nlpseq.tasks import decisions
from nlpseq.tasks.base import Look, NamedAxis, NumericFunction, in_batches, label_axes, log_odds, served
from nlpseq.tasks.classification.labelling import Labelling
from nlpseq.tasks.classification.linear import NgramLogits
from nlpseq.tasks.classification.settings import ClassifierSettings
from nlpseq.tasks.classification.streaming import ClassifierStream
from nlpseq.tasks.classification.svm import MarginLogits
from nlpseq.tasks.labels import with_labels
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.text_task import ENCODE_BATCH, as_texts, encode, strings, text_spec
from nlpseq.tasks.vectors import VECTOR_SCALE, VectorTask, word_axes
from nlpseq.text import PADDING, UNKNOWN

ANSWERED = 64  # texts that are classified together
EQUAL = 0.5  # share of each of two classifiers


@keras.saving.register_keras_serializable("nlpseq")
class TextClassifier(Labelling, VectorTask):
    """A recurrent text classifier with preprocessing inside the model.

        x_t = [E w_t ; E_2 w_{t-1} w_t ; ...]      embeddings of word t and of the n-grams that end at t
        h_t = BiRNN(x_1 ... x_T)_t                 one or more layers
        p = pool_t h_t                             last output, max, mean or attention
        z = W_hy [p ; pool_t x_t] + b_y            a logit for each class; x with `skip` only
        y = softmax((s z + (1 - s) u) / T)         a probability for each class; without `linear`, y = softmax(z / T)

    u are the logits of a linear classifier over words and n-grams: `NgramLogits`, which `adapt` starts as naive Bayes
    and which has a loss of its own in training; or `MarginLogits`, which `adapt` fits before. The share s is 1/2, or
    beside `MarginLogits` 1, so that the recurrent classifier is trained and validated alone, until `choose_share` sets
    it. The temperature T is 1 until `calibrate` fits it.

    With `multi_label` a text has any number of labels: y_c = sigmoid(z_c / T), and those labels are assigned
    whose logit reaches their threshold, which `choose_thresholds` finds.

    Inputs are raw strings, or padded ids as `prepare` returns them.

    Args:
        preprocessor: `nlpseq.text.WordPreprocessor`.
        labels: Names of the classes.
        multi_label: Whether texts have several labels, or none. Default False.
        calibration: Attributes of `nlpseq.tasks.decisions.Calibration`. Default None, not calibrated.
        thresholds: With `multi_label`, the logit from which each label is assigned, `(classes,)`. Default 0.
        vectors, vectors_training, frozen_epochs: As in `nlpseq.tasks.vectors.VectorTask`.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.classification.settings.ClassifierSettings`,
            which documents their meaning, range and default: cell, units, layers, bidirectional,
            embedding_size, ngram_embedding_size, pooling, skip, linear, class_weights, dropout,
            output_dropout, recurrent_dropout, word_dropout, linear_dropout.

    Call arguments:
        inputs: string tensor `(batch,)`, or int32 ids `(batch, time, columns)` of
            the preprocessor, 0 = padding.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, classes)`; in training with `linear` "bayes" those of both classifiers,
        `(batch, 2, classes)`, and with "svm" those of the recurrent one.

    Raises:
        InputError: a setting is unknown or outside its range.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = TextClassifier(preprocessor, ["negative", "positive"], units=4, embedding_size=4)
    >>> tuple(task.predict_text(["a good film"])["scores"].shape)
    (1, 2)
    """

    kind = "classification"
    purpose = "Assigns labels to a text, one or several as in its training texts, with a score for every label."
    settings_class = ClassifierSettings
    settings: ClassifierSettings

    def __init__(
        self,
        preprocessor: Any,
        labels: Sequence[str] = (),
        multi_label: bool = False,
        calibration: Mapping[str, Any] | None = None,
        thresholds: Sequence[float] | None = None,
        **kwargs: Any,
    ):
        super().__init__(preprocessor, labels, multi_label, thresholds, calibration=calibration, **kwargs)
        self._read = served(self._read_text, text_spec("text"))
        self._answer = self.signatures()["serving_default"]

    def make_layers(self):
        settings, sizes = self.settings, self.preprocessor.sizes
        uniform: Any = keras.initializers.RandomUniform(-0.1, 0.1)
        words = keras.layers.Embedding(sizes[0], settings.embedding_size, uniform)
        self.embeddings = [self.word_embedding(self.preprocessor.vocabulary.names, words, VECTOR_SCALE)]
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
            seen = [sizes[0] - self.preprocessor.vocabulary.others, *sizes[1:]]  # words of the training texts
            if self.has_margins:
                self.linear = MarginLogits(seen, len(self.labels), dtype="float32")
            else:
                self.linear = NgramLogits(seen, len(self.labels), settings.linear_dropout, dtype="float32")

    @property
    def has_margins(self) -> bool:
        """Whether the linear classifier is fitted once, before training."""
        return self.settings.linear == "svm"

    @property
    def fitted(self):
        return self.linear.weights if self.has_margins else []

    def call(self, inputs, training=False):
        heads = self.heads(inputs, training)
        if len(heads) == 1:
            return heads[0]
        return tf.stack(heads, axis=1) if training else self.mixed(*heads)

    def heads(self, inputs: tf.Tensor, training: bool = False) -> list[tf.Tensor]:
        """The logits of the recurrent classifier, with `linear` also of the linear one, `(batch, classes)` each.

        In training without those of a linear classifier that is fitted already.
        """
        if inputs.dtype == tf.string and not training:
            ids, features = self._read(inputs)
        else:
            ids = pad(self.preprocessor(inputs)) if inputs.dtype == tf.string else inputs
            features = self._features(ids, training)
        logits = self.head(self.output_dropout(features, training=training))
        alone = self.linear is None or (training and self.has_margins)
        return [logits] if alone else [logits, self.linear(ids, training=training)]

    def mixed(self, recurrent: tf.Tensor, linear: tf.Tensor) -> tf.Tensor:
        """The logits of both classifiers as those of one."""
        return self.share * recurrent + (1 - self.share) * linear

    def vectors(self, text):
        """The inputs of the output layer: the pooled outputs of the recurrent layer, and with `skip` the embeddings."""
        return self._read(text)[1]

    def _read_text(self, text):
        ids = pad(self._encode(text))
        return ids, self._features(ids)

    def _features(self, ids, training=False):
        """The inputs of the output layer, `(batch, features)`."""
        mask = tf.not_equal(ids[..., 0], PADDING)
        embedded = self._embed(ids, mask, training)
        hidden = embedded
        for layer in self.recurrent:
            hidden = layer(hidden, mask=mask, training=training)
        features = [hidden if self.pooling is None else self.pooling(hidden, mask=mask)]
        if self.skip_pooling is not None:
            features.append(self.skip_pooling(embedded, mask=mask))
        return tf.concat(features, axis=-1)

    def _embed(self, ids, mask, training):
        """The concatenated embeddings of words and n-grams, `(batch, time, features)`."""
        factors = self.word_dropout(tf.ones(tf.shape(ids)), training=training)  # 0, or 1 / (1 - rate)
        words = tf.where(mask & (factors[..., 0] == 0), UNKNOWN, ids[..., 0])
        parts = [self.embeddings[0](words)]
        for column, embedding in enumerate(self.embeddings[1:], start=1):
            vectors = embedding(ids[..., column])
            weights = tf.where(ids[..., column] > 0, factors[..., column], 0.0)
            parts.append(vectors * tf.cast(weights, vectors.dtype)[..., tf.newaxis])
        return self.input_dropout(tf.concat(parts, axis=-1), training=training)

    def word_features(self, ids, mask, training):
        """What the recurrent layer reads of each word alone, without n-grams, `(batch, time, features)`."""
        return self._embed(tf.concat([ids[..., :1], tf.zeros_like(ids[..., 1:])], axis=-1), mask, training)

    @property
    def word_layers(self) -> list[keras.layers.Layer]:
        """The layers of `word_features`, the word embeddings first."""
        return self.embeddings[:1]

    @property
    def features(self) -> int:
        """The number of features of a word."""
        return sum(embedding.output_dim for embedding in self.embeddings)

    @property
    def input_shapes(self):
        return (None, None, len(self.preprocessor.sizes))

    def build(self, input_shape=None):
        for embedding in self.embeddings:
            embedding.build((None, None))
        shape = embedded = (None, None, self.features)
        for layer in filter(None, [*self.recurrent, self.pooling]):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        features = shape[-1]
        if self.skip_pooling is not None:
            self.skip_pooling.build(embedded)
            features += self.skip_pooling.compute_output_shape(embedded)[-1]
        self.head.build((None, features))
        if self.linear is not None:
            if not self.linear.built:  # an ensemble has one of all networks
                self.linear.build()
            start = keras.initializers.Constant(1.0 if self.has_margins else EQUAL)
            self.share = self.add_weight((), start, name="share", trainable=False, dtype="float32")
        self.built = True

    def named_axes(self):
        axes = label_axes(self.head, self.labels)
        words, *ngrams = self.preprocessor.names()
        axes += word_axes(self.embeddings[0], "words", words)
        axes += [NamedAxis(layer.embeddings, 0, "n-grams", names) for layer, names in zip(self.embeddings[1:], ngrams)]
        if self.linear is not None:
            axes.append(NamedAxis(self.linear.bias, 0, "labels", self.labels))
            for number, (kernel, names) in enumerate(
                zip(self.linear.kernels, [words[: self.linear.sizes[0]], *ngrams])
            ):
                axes.append(NamedAxis(kernel, 1, "labels", self.labels))
                axes.append(NamedAxis(kernel, 0, "n-grams" if number else "words", names))
        return axes

    def look(self, example: str, answer: str | None = None) -> Look:
        """A text as `nlpseq.diagnostics` examines it; the score is the log-odds of a label.

        Args:
            example: The text.
            answer: The label. Default the one with the highest score.

        Raises:
            InputError: the label is unknown.
        """
        text = tf.constant(as_texts(example), tf.string)
        ids = pad(self._encode(text))
        words = strings(self.preprocessor.tokens(text))
        if answer is None:
            answer = self.labels[int(np.argmax(self(ids)[0]))]
        number = self.labels.index(one_of("answer", answer, self.labels))

        def score(logits):
            return tf.cast(logits[:, number], tf.float32) if self.multi_label else log_odds(logits, number)

        return Look(ids, words, answer, score, self.reads())

    def reads(self):
        return [(self, "_embed"), *([] if self.linear is None else [(self.linear, "votes")])]

    def combined(self, others):
        from nlpseq.tasks.classification.ensemble import ClassifierEnsemble

        return ClassifierEnsemble.of([self, *others])

    def usable(self, examples: Any) -> Any:
        if (examples.labels.ndim == 2) != self.multi_label:
            few, many = ("one label", "several") if self.multi_label else ("several labels", "one")
            raise InputError(
                f"the texts have {few} each, and this `TextClassifier` gives {many}: set `multi_label` to "
                f"{not self.multi_label}, or give other examples."
            )
        return with_labels(examples, self.labels)

    def adapt(self, examples: Any) -> None:
        """Counts training examples for balanced class weights, and fits or starts the linear classifier."""
        is_prepared = isinstance(examples, PreparedExamples)
        if self.settings.class_weights == "balanced":
            parts = [labels for _, labels in examples.blocks()] if is_prepared else [self.usable(examples).labels]
            self.balance(np.concatenate(parts))
        if self.linear is not None:
            self.ensure_built()
            blocks = examples.blocks() if is_prepared else [self.encode_examples(self.usable(examples))]
            batches = (
                (ids[start : start + ENCODE_BATCH], labels[start : start + ENCODE_BATCH])
                for ids, labels in blocks
                for start in range(0, len(labels), ENCODE_BATCH)
            )
            self.linear.adapt(batches, **({"class_weights": self.class_weights} if self.has_margins else {}))

    def encode_examples(self, examples):
        return self.encode_texts(examples.texts), examples.labels

    def encode_texts(self, texts: Sequence) -> tf.RaggedTensor:
        """The ids of texts, ragged `(texts, None, columns)`."""
        return encode(self._encode, tf.constant(list(texts), tf.string))

    def texts_of_lines(self, lines: Sequence[str]) -> Sequence:
        """Lines of text as `encode_texts` takes them."""
        return lines

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """As in Keras; the mean of the losses of both classifiers, where both are trained."""
        heads = tf.unstack(y_pred, axis=1) if len(y_pred.shape) == 3 else [y_pred]
        loss = super().compute_loss
        return sum(loss(x, y, head, sample_weight, training) for head in heads) / len(heads)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        one = self.mixed(*tf.unstack(y_pred, axis=1)) if len(y_pred.shape) == 3 else y_pred
        return super().compute_metrics(x, y, one, sample_weight)

    def calibrate(self, examples: Any) -> decisions.Calibration | None:
        """Fits the temperature of the scores on validation examples; labels do not change.

        Args:
            examples: `nlpseq.data.Examples`.

        Returns:
            The temperature, and the expected calibration error before and after; None, and no temperature, if
            no example has a label that training shows.
        """
        calibration = self.fit_temperature(*self._logits(examples))
        self._answer = self.signatures()["serving_default"]
        return calibration

    def choose_share(self, examples: Any) -> float | None:
        """Sets the share of the recurrent classifier beside the linear one: 1/2, or as of `decisions.best_share`.

        Args:
            examples: `nlpseq.data.Examples` for validation.

        Returns:
            The share; None without `linear`, or if it is 1/2 because there are fewer than `decisions.ENOUGH` examples.
        """
        examples = self.usable(examples)
        if self.linear is None:
            return None
        if len(examples) < decisions.ENOUGH:
            self.share.assign(EQUAL)
            return None
        logits, labels = self._logits(examples, lambda text: tf.stack(self.heads(text), axis=1))
        self.share.assign(decisions.best_share(logits[:, 0], logits[:, 1], labels))
        return float(self.share)

    def choose_thresholds(self, examples: Any) -> None:
        """Sets the threshold of each label to the one with the best F1 on validation examples; with `multi_label`."""
        logits, labels = self._logits(examples)
        if len(logits):
            self.thresholds = decisions.best_thresholds(logits, labels)
            self._answer = self.signatures()["serving_default"]

    def _logits(self, examples, function=None):
        """Logits of the usable examples, `(texts, classes)` or what a function of texts gives; and their labels."""
        examples, of = self.usable(examples).by_length(), function or self
        function = tf.function(lambda text: {"logits": of(text)}, [text_spec("text")], autograph=False)
        texts = tf.constant(examples.texts, tf.string)
        parts = [answer["logits"] for answer in in_batches(function, texts, ANSWERED)]
        return np.concatenate(parts or [np.zeros((0, len(self.labels)), np.float32)]), examples.labels

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default" for `text` `(batch,)`.

        Returns:
            `label`, string `(batch,)`, and `scores`, float32 `(batch, classes)`; with `multi_label` instead of
            `label`: `labels`, string `(batch, classes)`, those that are assigned in the order of their scores,
            padded with "".
        """
        return self.answer_of(self(text, training=False))

    def signatures(self):
        """Also "init" and "step" for a classifier that reads forward; see `ClassifierStream`."""
        stream = self.built and ClassifierStream.can_stream(self)
        return {**super().signatures(), **(ClassifierStream(self).signatures() if stream else {})}

    def validation_sample(self, examples, count):
        examples = self.usable(examples).select(slice(count))
        if self.multi_label:
            right = [[self.labels[number] for number in np.flatnonzero(row)] for row in examples.labels]
        else:
            right = [self.labels[label] for label in examples.labels]
        return list(zip((text.decode() for text in examples.texts), right))

    def numeric_functions(self):
        ids = tf.TensorSpec([None, None, len(self.preprocessor.sizes)], tf.int32)
        return {"classify": NumericFunction(lambda ids: self.decided(self(ids, training=False)), {"ids": ids})}

    def predict_text(self, texts: str | bytes | Sequence | np.ndarray, batch_size: int = ANSWERED) -> dict[str, Any]:
        """Classifies strings.

        Args:
            texts: A string, or a sequence of strings (str or bytes).
            batch_size: Maximum number of texts in a batch. Default 64.

        Returns:
            A dict of "label", a list of names, and "scores", float32 `(texts, classes)`; with `multi_label`
            instead of "label": "labels", a list of lists of names.
        """
        answers = list(in_batches(self._answer, tf.constant(as_texts(texts), tf.string), batch_size))
        empty = np.zeros((0, len(self.labels)), np.float32)
        scores = {"scores": np.concatenate([empty, *(answer["scores"] for answer in answers)])}
        if self.multi_label:
            rows = [row for answer in answers for row in answer["labels"].tolist()]
            return {"labels": [[name.decode() for name in row if name] for row in rows], **scores}
        return {"label": [label.decode() for answer in answers for label in answer["label"]], **scores}

    def limits(self):
        preprocessor = self.preprocessor
        return [
            f"It reads at most {preprocessor.max_tokens:,} words and punctuation marks of a text; of a longer text the "
            f"{preprocessor.truncation} is ignored.",
            f"Its vocabulary has {len(preprocessor.vocabulary.words):,} words from its training texts"
            + (" and its word vectors" if self.vector_size else "")
            + "; all others are unknown words.",
            "It assigns its labels to any text, even an unrelated one"
            + (", and only those of its training texts." if self.multi_label else ": one to each text."),
            decisions.about_scores(self.calibration, self.settings.class_weights != "none"),
        ]
