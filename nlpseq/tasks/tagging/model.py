"""Token tagging: from a text, or its tokens, to a tag for each token."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.errors import InputError, one_of
from nlpseq.layers import CRF, Pooling
from nlpseq.tasks.base import Look, NamedAxis, NumericFunction, in_batches, label_axes, log_odds, served
from nlpseq.tasks.labels import with_labels
from nlpseq.tasks.objectives import SequenceLikelihood, SmoothedCrossEntropy, TokenAccuracy
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.tagging.characters import ConvolvedCharacters, RecurrentCharacters
from nlpseq.tasks.tagging.linear import FeatureEmissions
from nlpseq.tasks.tagging.metrics import SpanF1
from nlpseq.tasks.tagging.reading import shortened
from nlpseq.tasks.tagging.settings import TaggerSettings
from nlpseq.tasks.tagging.streaming import TaggerStream
from nlpseq.tasks.text_task import as_texts, encode, encoder, strings
from nlpseq.tasks.vectors import VECTOR_SCALE, VectorTask, word_axes
from nlpseq.text import PADDING, UNKNOWN

MOST_TAGS = 10_000  # of a CRF: the scores of their pairs, and what an optimizer keeps of each, take 1.2 GB
CHARACTERS = {"rnn": RecurrentCharacters, "cnn": ConvolvedCharacters, "none": None}


@keras.saving.register_keras_serializable("nlpseq")
class TokenTagger(VectorTask):
    """A recurrent token tagger with preprocessing inside the model.

        c_t = final states of BiRNN(characters of word t), or max-pooled convolutions over them
        x_t = [E w_t ; c_t]                       with `vectors` [E w_t ; V w_t ; c_t]
        h_t = BiRNN(x_1 ... x_T)_t                one or more layers
        e_t = W_he h_t + b_e                      a score for each tag; with `linear`, + W_f f_t
        P(y | x) = prod_t softmax(e_t), or a CRF with emissions e

    as in Lample et al. 2016 (recurrent characters) and Ma and Hovy 2016 (convolutional characters).
    f_t are features of the words around, as linear CRFs read them (`nlpseq.tasks.tagging.linear`).
    In training, words that occur only once are replaced by the unknown word with probability
    `singleton_dropout`, so that its embedding is trained.

    Args:
        preprocessor: `nlpseq.text.TokenPreprocessor`.
        labels: Names of the tags.
        scheme: "bio", "iob1" or "bioes" if the tags follow a span scheme: the CRF then decodes
            no sequence that violates it. Default None.
        vectors, vectors_training, frozen_epochs: As in `nlpseq.tasks.vectors.VectorTask`.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.tagging.settings.TaggerSettings`, which documents their
            meaning, range and default: model, cell, units, layers, bidirectional,
            embedding_size, characters, character_units, character_embedding_size, linear, dropout,
            output_dropout, recurrent_dropout, word_dropout, linear_dropout, singleton_dropout.

    Call arguments:
        inputs: string tensor `(batch,)` of texts, string `tf.RaggedTensor`
            `(batch, None)` of tokens, or int32 ids `(batch, time, columns)` of the
            preprocessor, 0 = padding.
        training: Whether dropout applies. Default False.

    Returns:
        Emissions e, float32 `(batch, time, tags)`.

    Raises:
        InputError: a setting is unknown or outside its range; a tag does not fit the scheme.

    Example:

    >>> tokens = tf.ragged.constant([["a", "book"], ["book", "it"]])
    >>> preprocessor = nlpseq.text.TokenPreprocessor.learn(tokens)
    >>> task = TokenTagger(preprocessor, ["DET", "NOUN", "VERB", "PRON"], units=4)
    >>> task.predict_text(["a book"])["tokens"]
    [['a', 'book']]
    """

    kind = "tagging"
    purpose = "Assigns a tag and a score to each token of a text."
    settings_class = TaggerSettings
    sized_by_vectors, vectors_beside = False, True
    settings: TaggerSettings

    def __init__(self, preprocessor: Any, labels: Sequence[str] = (), scheme: str | None = None, **kwargs: Any):
        self.scheme = scheme
        super().__init__(preprocessor, labels, **kwargs)
        if self.settings.model == "crf" and len(self.labels) > MOST_TAGS:
            raise InputError(
                f"a CRF has a score for each pair of tags, and {len(self.labels):,} tags are more than the "
                f"{MOST_TAGS:,} that it takes: set `model` to softmax."
            )
        self.crf = CRF(self.labels, scheme, dtype="float32") if self.settings.model == "crf" else None
        tokens = tf.RaggedTensorSpec([None, None], tf.string, ragged_rank=1)
        self._encode = encoder(preprocessor, tokens)
        self._read, self._tag = served(self._read_tokens, tokens), served(self._tagged, tokens)
        self._answer = self.signatures()["serving_default"]

    def make_layers(self):
        settings, preprocessor = self.settings, self.preprocessor
        uniform: Any = keras.initializers.RandomUniform(-0.1, 0.1)
        words = keras.layers.Embedding(len(preprocessor.vocabulary), settings.embedding_size, uniform)
        self.embedding = self.word_embedding(preprocessor.vocabulary.names, words, VECTOR_SCALE)
        self.character_feature = None
        if CHARACTERS[settings.characters] is not None:
            self.character_feature = CHARACTERS[settings.characters](
                len(preprocessor.characters),
                settings.character_embedding_size,
                settings.character_units,
                settings.cell,
            )
        self.seed_generator = keras.random.SeedGenerator()
        self.input_dropout = keras.layers.Dropout(settings.dropout)
        self.recurrent = recurrent_layers(**settings.recurrent())
        self.pooling = Pooling("mean")  # of `vectors`
        self.output_dropout = keras.layers.Dropout(settings.output_dropout)
        self.head = keras.layers.Dense(len(self.labels), dtype="float32")
        self.linear = None
        if settings.linear != "none":
            names, words = preprocessor.characters.names, len(preprocessor.vocabulary)
            self.linear = FeatureEmissions(
                names, words, len(self.labels), settings.bidirectional, settings.linear_dropout, dtype="float32"
            )

    def call(self, inputs, training=False):
        ragged = isinstance(inputs, tf.RaggedTensor) and not training
        hidden, _, ids = self._read(inputs) if ragged else self._hidden(self._ids(inputs), training)
        emissions = self.emissions(self.output_dropout(hidden, training=training), ids, training)
        return emissions if self.crf is None else self.crf(emissions)

    def emissions(self, hidden, ids, training=False):
        """A score for each tag, `(batch, time, tags)`, of outputs of the recurrent layers and ids."""
        emissions = self.head(hidden)
        return emissions if self.linear is None else emissions + self.linear(ids, training=training)

    def vectors(self, text):
        """The mean output of the recurrent layers over the tokens."""
        hidden, mask, _ = self._read(self.preprocessor.tokenize(text))
        return self.pooling(hidden, mask=mask)

    def _read_tokens(self, tokens):
        return self._hidden(self._ids(tokens))

    def _hidden(self, ids, training=False):
        """The outputs of the recurrent layers `(batch, time, features)`, the mask `(batch, time)`, and the ids."""
        mask = tf.not_equal(ids[..., 0], PADDING)
        hidden = self.word_features(ids, mask, training)
        for number, layer in enumerate(self.recurrent):
            hidden = self.input_dropout(hidden, training=training) if number else hidden
            hidden = layer(hidden, mask=mask, training=training)
        return hidden, mask, ids

    def word_features(self, ids, mask, training):
        """What the first recurrent layer reads of each word, `(batch, time, features)`."""
        features = [self.embedding(self._dropped(ids[..., 0], mask) if training else ids[..., 0])]
        if self.character_feature is not None:
            features.append(self.character_feature(ids[..., 1:], training=training))
        return self.input_dropout(tf.concat(features, axis=-1), training=training)

    @property
    def word_layers(self) -> list[keras.layers.Layer]:
        """The layers of `word_features`, the word embeddings first."""
        return [self.embedding, *([] if self.character_feature is None else [self.character_feature])]

    @property
    def features(self) -> int:
        """The number of features of a word."""
        return self.embedding.output_dim + (self.character_feature.size if self.character_feature else 0)

    def _ids(self, inputs):
        """The ids `(batch, time, columns)` of texts or tokens; ids are returned unchanged."""
        if inputs.dtype != tf.string:
            return inputs
        tokens = inputs if len(inputs.shape) == 2 else self.preprocessor.tokenize(inputs)
        return pad(self.preprocessor(tokens))

    def _dropped(self, words, mask):
        """Word ids with some of them, at random, replaced by the unknown word."""
        singleton = words >= len(self.preprocessor.vocabulary) - self.preprocessor.singletons
        rate = tf.where(singleton, self.settings.singleton_dropout, self.settings.word_dropout)
        uniform = keras.random.uniform(tf.shape(words), dtype="float32", seed=self.seed_generator)
        return tf.where(mask & (uniform < rate), UNKNOWN, words)

    @property
    def input_shapes(self):
        return (None, None, 1 + self.preprocessor.max_characters)

    def build(self, input_shape=None):
        self.embedding.build((None, None))
        if self.character_feature is not None:
            self.character_feature.build((None, None, self.preprocessor.max_characters))
        shape = (None, None, self.features)
        for layer in self.recurrent:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.head.build(shape)
        if self.linear is not None:
            self.linear.build()
        if self.crf is not None:
            self.crf.build((None, None, len(self.labels)))
        self.built = True

    def named_axes(self):
        axes = word_axes(self.embedding, "words", self.preprocessor.vocabulary.names)
        if self.character_feature is not None:
            characters = self.preprocessor.characters.names
            axes.append(NamedAxis(self.character_feature.embedding.embeddings, 0, "characters", characters))
        if self.linear is not None:
            axes.append(NamedAxis(self.linear.kernels["word"], 0, "words", self.preprocessor.vocabulary.names))
            axes += [NamedAxis(kernel, 2, "labels", self.labels) for kernel in self.linear.kernels.values()]
        if self.crf is not None:
            axes += [NamedAxis(weight, axis, "labels", self.labels)
                     for weight in self.crf.weights for axis in range(len(weight.shape))]  # fmt: skip
        return [*axes, *label_axes(self.head, self.labels)]

    def look(self, example: str, answer: str | None = None) -> Look:
        """A text as `nlpseq.diagnostics` examines it; the score is the log-odds of a tag before the CRF.

        Args:
            example: The text.
            answer: A token and its tag, as "Paris/B-LOC", or a tag, of the token where it is most probable. Default
                the tag of the first token that has another one than "O", else of the last token.

        Raises:
            InputError: the tag is unknown, or the token does not occur.
        """
        text = tf.constant(as_texts(example), tf.string)
        ragged = self.preprocessor.tokenize(text)
        tokens, ids = strings(ragged), self._ids(ragged)
        emissions = self(ids)
        token, _, tag = (answer or "").rpartition("/")
        if answer is None:
            mask = tf.not_equal(ids[..., 0], PADDING)
            tags = [self.labels[number] for number in self.decide(emissions, mask)[0].numpy()]
            at = next((place for place, name in enumerate(tags) if name != "O"), len(tags) - 1)
            tag = tags[at]
        number = self.labels.index(one_of("tag of `answer`", tag, self.labels))
        if token:
            at = tokens.index(one_of("token of `answer`", token, tokens))
        elif answer is not None:
            at = int(np.argmax(tf.nn.log_softmax(emissions)[0, :, number]))
        chosen = f"{tokens[at]}/{tag}"
        return Look(ids, tokens, chosen, lambda outputs: log_odds(outputs[:, at], number), self.reads())

    def reads(self):
        return [(self, "word_features")]

    def combined(self, others):
        from nlpseq.tasks.tagging.ensemble import TaggerEnsemble

        return TaggerEnsemble.of([self, *others])

    @property
    def least_labels(self):
        return 1

    def usable(self, examples):
        return with_labels(examples, self.labels)

    def encode_examples(self, sentences):
        options = self.labels, self.scheme, self.preprocessor.max_tokens
        sentences = replace(sentences, tags=[shortened(tags, *options) for tags in sentences.tags])
        tokens, tags = sentences.ragged()
        return encode(self._encode, tokens), self.preprocessor.truncate(tags)

    def encode_texts(self, texts: Sequence) -> tf.RaggedTensor:
        """The ids of sentences, lists of tokens, ragged `(sentences, None, columns)`."""
        return encode(self._encode, tf.ragged.constant(list(texts), tf.string, ragged_rank=1))

    def texts_of_lines(self, lines: Sequence[str]) -> Sequence:
        """Lines of text as `encode_texts` takes them."""
        return self.preprocessor.tokenize(tf.constant(list(lines), tf.string)).to_list() if lines else []

    def default_loss(self):
        """The negative log-likelihood of the tags, per token."""
        return SmoothedCrossEntropy() if self.crf is None else SequenceLikelihood(self.crf)

    def default_metrics(self):
        """F1 of the spans of the decoded tags if they follow a scheme, else accuracy per token."""
        return [TokenAccuracy(self.decide) if self.scheme is None else SpanF1(self.labels, self.decide)]

    @property
    def metric(self) -> str:
        """F1 of spans if the tags follow a scheme, else accuracy."""
        return "accuracy" if self.scheme is None else "f1"

    def decide(self, emissions: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """The predicted tags, int32 `(batch, time)`: the best sequence of the CRF, or the best tag at each step."""
        if self.crf is not None:
            return self.crf.decode(emissions, mask)[0]
        return tf.argmax(emissions, axis=-1, output_type=tf.int32)

    def marginals(self, emissions: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """`P(y_t = i | x)`, `(batch, time, tags)`."""
        if self.crf is not None:
            return self.crf.marginals(emissions, mask)
        return tf.nn.softmax(emissions)

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default" for `text`, string `(batch,)`.

        Returns:
            A dict of `tokens` and `tags`, string `(batch, longest)`, padded with ""; `length`,
            int32 `(batch,)`; `scores`, the probability of each tag, float32 `(batch, longest)`.
        """
        return self._tag(self.preprocessor.tokenize(text))

    def answer_tokens(self, tokens: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "tag_tokens", as that of `answer`, for `tokens`, string `(batch, longest)`, padded with "".

        An empty token before another one is a token, those at the end are padding.
        """
        return self._tag(tf.RaggedTensor.from_tensor(tf.ensure_shape(tokens, [None, None]), padding=""))

    def _tagged(self, tokens):
        tokens = self.preprocessor.truncate(tokens)
        emissions = self(tokens, training=False)
        length = tf.cast(tokens.row_lengths(), tf.int32)
        mask = tf.sequence_mask(length, tf.shape(emissions)[1])
        if self.crf is None:
            tags, shares = self.decide(emissions, mask), tf.nn.softmax(emissions)
        else:
            tags, shares = self.crf.decode_with_marginals(emissions, length)
        scores = tf.gather(shares, tags, batch_dims=2)
        tokens = tokens.to_tensor("")
        longest = tf.shape(tokens)[1]
        mask, tags, scores = (tensor[:, :longest] for tensor in (mask, tags, scores))
        return {
            "tokens": tokens,
            "tags": tf.where(mask, tf.gather(tf.constant(self.labels), tags), ""),
            "length": length,
            "scores": tf.where(mask, scores, 0.0),
        }

    def predict_text(self, texts: str | bytes | Sequence | np.ndarray, batch_size: int = 64) -> dict[str, list]:
        """Tags the tokens of texts.

        Args:
            texts: A string, or a sequence of strings (str or bytes).
            batch_size: Maximum number of texts in a batch. Default 64.

        Returns:
            A dict of lists with an item for each text: "tokens" and "tags", lists of strings;
            "scores", the probability of each tag, float32 `(tokens,)`.
        """
        texts = tf.constant(as_texts(texts), tf.string)
        return _rows(in_batches(self._answer, texts, batch_size))

    def predict_tokens(self, sentences: Iterable[Sequence], batch_size: int = 64) -> dict[str, list]:
        """As `predict_text`, for sentences that are given as lists of tokens.

        Every token has a tag, an empty one too, up to `max_tokens` of the preprocessor.

        Raises:
            InputError: a sentence is not a list of strings.
        """
        if isinstance(sentences, (str, bytes)) or not isinstance(sentences, Iterable):
            raise InputError(f"expected a list of sentences, got {sentences!r}: use `predict_text` for texts.")
        sentences = list(sentences)
        for sentence in sentences:
            if isinstance(sentence, (str, bytes)):
                raise InputError(
                    f"a sentence must be a list of tokens, got {sentence!r}: use `predict_text` for texts."
                )

        def answer(batch):
            batch = [as_texts(sentence) for sentence in batch]
            return self._tag(tf.ragged.constant(batch, tf.string, ragged_rank=1))

        return _rows(in_batches(answer, sentences, batch_size))

    def signatures(self):
        tokens = tf.TensorSpec([None, None], tf.string, name="tokens")
        return {
            **super().signatures(),
            "tag_tokens": tf.function(self.answer_tokens, [tokens], autograph=False),
            **(TaggerStream(self).signatures() if self.built and TaggerStream.can_stream(self) else {}),
        }

    def validation_sample(self, examples, count):
        """Sentences as texts, whose tokens have a blank between them."""
        examples = self.usable(examples).select(slice(count))
        names = [[self.labels[tag] for tag in tags] for tags in examples.tags]
        return list(zip(map(" ".join, examples.tokens), names))

    def numeric_functions(self):
        columns = 1 + self.preprocessor.max_characters
        ids = tf.TensorSpec([None, None, columns], tf.int32)
        return {"tag": NumericFunction(lambda ids: {"emissions": self(ids, training=False)}, {"ids": ids})}

    def client_options(self):
        """The `potentials` of the CRF, None in the place of minus infinity; or None without a CRF."""
        if self.crf is None:
            return {"potentials": None}
        return {"potentials": [_without_infinity(np.asarray(part).tolist()) for part in self.crf.potentials()]}

    def details(self):
        """The span scheme of the tags, or None."""
        return {"scheme": self.scheme}

    def get_config(self):
        return {**super().get_config(), "scheme": self.scheme}

    def limits(self):
        legal = self.crf is not None or self.scheme is None
        return [
            f"It tags the first {self.preprocessor.max_tokens:,} tokens of a text and ignores the rest.",
            f"Its vocabulary has {len(self.preprocessor.vocabulary.words):,} words from its training sentences; "
            + (
                "all others are unknown words."
                if self.settings.characters == "none"
                else "of others it reads the characters."
            ),
            "Texts are split into tokens by fixed rules; if the training data were tokenized differently, use the "
            "signature `tag_tokens`, which takes tokens.",
            *([] if legal else ["Its tags can violate their scheme: an I- may follow an O."]),
        ]


def _rows(answers):
    """Batches of answers as a dict of lists, without padding."""
    rows = {"tokens": [], "tags": [], "scores": []}
    for answer in answers:
        for tokens, tags, scores, length in zip(*(answer[name] for name in (*rows, "length"))):
            rows["tokens"].append([_text(token) for token in tokens[:length]])
            rows["tags"].append([_text(tag) for tag in tags[:length]])
            rows["scores"].append(np.array(scores[:length], np.float32))
    return rows


def _without_infinity(values):
    """Nested lists with None in the place of minus infinity, which JSON does not know."""
    if isinstance(values, list):
        return [_without_infinity(value) for value in values]
    return None if values == -np.inf else values


def _text(value):
    return value.decode("utf-8", "replace")
