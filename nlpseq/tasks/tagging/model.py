"""Tagging: a text or its tokens in, one tag a token out."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.errors import in_range, one_of
from nlpseq.layers import CRF
from nlpseq.tasks.base import ENCODE_BATCH, Task, as_texts, in_batches, in_own_precision, recurrent_layers
from nlpseq.tasks.objectives import SequenceLikelihood, SmoothedCrossEntropy, TokenAccuracy
from nlpseq.tasks.tagging.characters import ConvolvedCharacters, RecurrentCharacters
from nlpseq.text import PADDING, UNKNOWN

CHARACTERS = {"rnn": RecurrentCharacters, "cnn": ConvolvedCharacters, "none": None}
OUTPUTS = ("crf", "softmax")


@keras.saving.register_keras_serializable("nlpseq")
class TokenTagger(Task):
    """A recurrent tagger of tokens that owns its text path.

        c_t = last states of BiRNN(characters of word t), or the maximum of filters over them
        x_t = [E w_t ; c_t]
        h_t = BiRNN(x_1 ... x_T)_t                one layer or more
        e_t = W_he h_t + b_e                      one score a tag
        P(y | x) = softmax over each e_t, or a CRF over all of them

    as in Lample et al. 2016 (characters by RNN) and Ma and Hovy 2016 (by convolution).
    In training, words that occur once are replaced by the unknown word at a rate, so
    that what stands in for unseen words is learnt.

    Args:
        encoder: `nlpseq.text.TokenEncoder`.
        labels: Names of the tags.
        scheme: "bio", "iob1" or "bioes" where tags mark spans: with the CRF no
            sequence comes out that breaks it. Default None.
        output: "crf" or "softmax". Default "crf".
        cell: "rnn", "lstm" or "gru"; or a subclass of `nlpseq.cells.RecurrentCell`, registered
            with Keras. Default "lstm".
        units: Size of the state in each direction. Default 128.
        layers: Number of recurrent layers. Default 1.
        bidirectional: Whether each layer runs in both directions. Default True.
        embedding_size: Size of a word's vector. Default 100.
        characters: "rnn", "cnn" or "none", how characters are read. Default "rnn".
        character_units: Size of what characters give: state in each direction, or
            filters of each width. Default 32.
        character_embedding_size: Size of a character's vector. Default 32.
        dropout: Rate of dropped inputs of the recurrent layers. Default 0.3.
        output_dropout: Rate of dropped features under the output. Default 0.3.
        recurrent_dropout: Rate of dropped recurrent inputs. Default 0.
        word_dropout: Rate of words that are replaced by the unknown word in
            training. Default 0.
        singleton_dropout: The same of words that occur once in training. Default 0.5.

    Call arguments:
        inputs: string tensor `(batch,)` of texts, string `tf.RaggedTensor`
            `(batch, None)` of tokens, or int32 ids `(batch, time, columns)` of the
            encoder, 0 = padding.
        training: Whether dropout applies. Default False.

    Returns:
        Emissions e, float32 `(batch, time, tags)`.

    Raises:
        InputError: `cell`, `characters` or `output` is unknown; a tag does not fit
            the scheme.

    Example:

    >>> tokens = tf.ragged.constant([["a", "book"], ["book", "it"]])
    >>> encoder = nlpseq.text.TokenEncoder.learn(tokens)
    >>> task = TokenTagger(encoder, ["DET", "NOUN", "VERB", "PRON"], units=4)
    >>> task.predict_text(["a book"])["tokens"]
    [['a', 'book']]
    """

    kind = "tagging"
    purpose = "Takes a text, or its tokens, and gives each token one tag and a score."
    warmup_texts = ("", "one short text", "a longer text " * 20)

    @in_own_precision
    def __init__(
        self,
        encoder,
        labels,
        scheme=None,
        output="crf",
        cell="lstm",
        units=128,
        layers=1,
        bidirectional=True,
        embedding_size=100,
        characters="rnn",
        character_units=32,
        character_embedding_size=32,
        dropout=0.3,
        output_dropout=0.3,
        recurrent_dropout=0.0,
        word_dropout=0.0,
        singleton_dropout=0.5,
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
            "scheme": scheme,
            "output": one_of("output", output, OUTPUTS),
            "embedding_size": in_range("embedding_size", embedding_size, 1),
            "characters": one_of("characters", characters, CHARACTERS),
            "character_units": in_range("character_units", character_units, 1),
            "character_embedding_size": in_range("character_embedding_size", character_embedding_size, 1),
            "dropout": dropout,
            "output_dropout": output_dropout,
            "word_dropout": in_range("word_dropout", word_dropout, 0, 1),
            "singleton_dropout": in_range("singleton_dropout", singleton_dropout, 0, 1),
        }
        super().__init__(encoder, labels, settings, **kwargs)
        uniform = keras.initializers.RandomUniform(-0.1, 0.1)
        self.embedding = keras.layers.Embedding(len(encoder.vocabulary), embedding_size, uniform)
        self.character_feature = None
        if CHARACTERS[characters] is not None:
            self.character_feature = CHARACTERS[characters](
                len(encoder.characters), character_embedding_size, character_units, cell
            )
        self.seed_generator = keras.random.SeedGenerator()
        self.input_dropout = keras.layers.Dropout(dropout)
        self.recurrent = recurrent_layers(**recurrent)
        self.output_dropout = keras.layers.Dropout(output_dropout)
        self.head = keras.layers.Dense(len(self.labels), dtype="float32")
        self.crf = CRF(self.labels, scheme, dtype="float32") if output == "crf" else None
        signatures = self.signatures()
        self._answer, self._answer_tokens = signatures["serving_default"], signatures["tag_tokens"]

    def call(self, inputs, training=False):
        ids = self._ids(inputs)
        mask = tf.not_equal(ids[..., 0], PADDING)
        features = [self.embedding(self._dropped(ids[..., 0], mask) if training else ids[..., 0])]
        if self.character_feature is not None:
            features.append(self.character_feature(ids[..., 1:], training=training))
        hidden = tf.concat(features, axis=-1)
        for layer in self.recurrent:
            hidden = self.input_dropout(hidden, training=training)
            hidden = layer(hidden, mask=mask, training=training)
        emissions = self.head(self.output_dropout(hidden, training=training))
        return emissions if self.crf is None else self.crf(emissions)

    def _ids(self, inputs):
        """The ids `(batch, time, columns)` of texts, tokens, or of themselves."""
        if inputs.dtype != tf.string:
            return inputs
        tokens = inputs if len(inputs.shape) == 2 else self.encoder.tokenize(inputs)
        return pad(self.encoder(tokens), self.buckets)

    def _dropped(self, words, mask):
        """The words of a training step, some replaced by the unknown word."""
        chosen = self.settings
        singleton = words >= len(self.encoder.vocabulary) - self.encoder.singletons
        rate = tf.where(singleton, chosen["singleton_dropout"], chosen["word_dropout"])
        drawn = keras.random.uniform(tf.shape(words), seed=self.seed_generator)
        return tf.where(mask & (drawn < rate), UNKNOWN, words)

    def build(self, input_shape=None):
        self.embedding.build((None, None))
        width = self.settings["embedding_size"]
        if self.character_feature is not None:
            self.character_feature.build((None, None, self.encoder.max_characters))
            width += self.character_feature.size
        shape = (None, None, width)
        for layer in self.recurrent:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.head.build(shape)
        if self.crf is not None:
            self.crf.build((None, None, len(self.labels)))
        self.built = True

    def _encoded(self, sentences):
        batches = tf.data.Dataset.from_tensor_slices(sentences.ragged()).batch(ENCODE_BATCH)
        return batches.map(lambda tokens, tags: (self.encoder(tokens), self.encoder.truncate(tags)))

    def default_loss(self):
        """The negative log-likelihood of the tags, a token."""
        return SmoothedCrossEntropy() if self.crf is None else SequenceLikelihood(self.crf)

    def default_metrics(self):
        """Accuracy of the decoded tags, a token."""
        return [TokenAccuracy(self.decide)]

    def decide(self, emissions, mask):
        """The tags, int32 `(batch, time)`: the best sequence of the CRF, or each step's best tag."""
        if self.crf is not None:
            return self.crf.decode(emissions, mask)[0]
        return tf.argmax(emissions, axis=-1, output_type=tf.int32)

    def marginals(self, emissions, mask):
        """`P(y_t = i | x)`, `(batch, time, tags)`."""
        if self.crf is not None:
            return self.crf.marginals(emissions, mask)
        return tf.nn.softmax(emissions)

    def answer(self, text):
        """What the export serves: `text` `(batch,)` ->

        `tokens` and `tags`, strings `(batch, longest)`, "" after the end; `length`, int32
        `(batch,)`; `scores`, the probability of each tag, float32 `(batch, longest)`.
        """
        return self._tagged(self.encoder.tokenize(text))

    def answer_tokens(self, tokens):
        """The same for `tokens`, strings `(batch, longest)` with "" after the end of a row."""
        return self._tagged(self.encoder.truncate(tf.RaggedTensor.from_tensor(tokens, padding="")))

    def _tagged(self, tokens):
        emissions = self(tokens, training=False)
        length = tf.cast(tokens.row_lengths(), tf.int32)
        mask = tf.sequence_mask(length, tf.shape(emissions)[1])
        tags = self.decide(emissions, mask)
        scores = tf.gather(self.marginals(emissions, mask), tags, batch_dims=2)
        tokens = tokens.to_tensor("")
        longest = tf.shape(tokens)[1]
        mask, tags, scores = (each[:, :longest] for each in (mask, tags, scores))
        return {
            "tokens": tokens,
            "tags": tf.where(mask, tf.gather(tf.constant(self.labels), tags), ""),
            "length": length,
            "scores": tf.where(mask, scores, 0.0),
        }

    def predict_text(self, texts, batch_size=64):
        """Tags strings.

        Args:
            texts: a string, or a sequence of strings (str or bytes).
            batch_size: how many to run at a time.

        Returns:
            A dict of lists, one item a text: "tokens" and "tags", lists of strings;
            "scores", the probability of each tag, float32 `(tokens,)`.
        """
        texts = tf.constant(as_texts(texts), tf.string)
        return _rows(in_batches(self._answer, texts, batch_size))

    def predict_tokens(self, sentences, batch_size=64):
        """Tags sentences that are lists of tokens already; returns as `predict_text`."""

        def answer(batch):
            return self._answer_tokens(tf.ragged.constant(batch, tf.string, ragged_rank=1).to_tensor(""))

        return _rows(in_batches(answer, list(sentences), batch_size))

    def signatures(self):
        """The functions that an export serves, by name, not yet traced."""
        tokens = tf.TensorSpec([None, None], tf.string, name="tokens")
        return {
            **super().signatures(),
            "tag_tokens": tf.function(self.answer_tokens, input_signature=[tokens]),
        }

    def details(self):
        """The scheme of the tags, which tells a reader of the answers what marks a span."""
        return {"scheme": self.settings["scheme"]}

    def limits(self):
        """What a user should know that the model cannot do, in sentences."""
        legal = self.crf is not None or self.settings["scheme"] is None
        return [
            f"It tags the first {self.encoder.max_tokens:,} tokens of a text and leaves out the rest.",
            f"It knows {len(self.encoder.vocabulary.words):,} words, those of its training sentences; "
            "of others it sees "
            + ("only that they are unknown." if self.character_feature is None else "the characters."),
            "It splits texts into tokens by rules; where the training sentences were split "
            "otherwise, the signature `tag_tokens` takes tokens as they are.",
            *([] if legal else ["Its tags can break their scheme: an I- may follow an O."]),
        ]


def _rows(answers):
    """Answers in batches as a dict of lists, without what comes after the end of a row."""
    rows = {"tokens": [], "tags": [], "scores": []}
    for answer in answers:
        for tokens, tags, scores, length in zip(*(answer[name] for name in (*rows, "length"))):
            rows["tokens"].append([_text(token) for token in tokens[:length]])
            rows["tags"].append([_text(tag) for tag in tags[:length]])
            rows["scores"].append(np.array(scores[:length], np.float32))
    return rows


def _text(value):
    return value.decode("utf-8", "replace")
