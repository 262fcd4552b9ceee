"""Translation: from a text to a text in another language."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.errors import InputError, whole
from nlpseq.layers import BahdanauAttention, LuongAttention, Pooling
from nlpseq.tasks.base import Look, NamedAxis, NumericFunction, in_batches
from nlpseq.tasks.embeddings import FactoredLogits, ScaledEmbedding, token_logits
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.tasks.recurrent import recurrent_layers, state_sizes
from nlpseq.tasks.text_task import TracedFunctions, as_texts, encode, encoder, text_spec
from nlpseq.tasks.translation.memory import Memory
from nlpseq.tasks.translation.search import TranslationSearch
from nlpseq.tasks.translation.settings import TranslatorSettings
from nlpseq.tasks.vectors import VectorTask, word_axes
from nlpseq.text import PADDING, START


@keras.saving.register_keras_serializable("nlpseq")
class Translator(VectorTask):
    """An encoder and a decoder with attention (Bahdanau et al. 2015, Luong et al. 2015).

        m_1 ... m_S = BiRNN(E_x x_1 ... x_S sqrt(size))       the memory
        s_0 = tanh(W_0 [forward m_S ; backward m_1] + b_0)    the bridge
        s_t = RNN(E_y y_{t-1} sqrt(size), s_{t-1})            the first layer of the decoder
        c_t = attention(s_t, m)
        s'_t = RNN([s_t ; c_t], s'_{t-1})                     each of the other layers
        o_t = tanh(W_o [s'_t ; c_t] + b_o)
        P(y_t | y_<t, x) = softmax(E_y o_t + b)               tied embeddings

    Embeddings are initialized with a variance of 1 / size, which suits the output, and scaled by
    sqrt(size) at the input (Vaswani et al. 2017, section 3.4).

    The query of the attention is the output of the first decoder layer, as in Wu et al. 2016, and
    the other layers read the context. In training, every layer can therefore process a whole
    sentence at once. Without attention c_t is the summary [forward m_S ; backward m_1] at every
    step (Cho et al. 2014).

    With `input_feeding` the decoder reads [E_y y_{t-1} ; o_{t-1}] (Luong et al. 2015,
    section 3.3). Each step then depends on the output of the previous one, and the decoder runs
    step by step in training too, which takes about one and a half times as long.

    Args:
        preprocessor: `nlpseq.text.PairPreprocessor`.
        vectors, vectors_training, frozen_epochs: As in `nlpseq.tasks.vectors.VectorTask`, for words of the
            source; with them `embedding_size` is unchanged, and they are projected to it.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.translation.settings.TranslatorSettings`, which
            documents their meaning, range and default: cell, units, layers, decoder_layers,
            embedding_size, attention, input_feeding, dropout, output_dropout, recurrent_dropout,
            label_smoothing, scheduled_sampling (Mihaylova and Martins 2019), beam_size,
            length_penalty, coverage_penalty (see `nlpseq.decoding.beam_search`), length_ratio.

    Call arguments:
        inputs: int32 ids `(sources, targets)`, each `(batch, time)`, 0 = padding; the
            targets begin with the start symbol.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, target time, tokens)`.

    Raises:
        InputError: a setting is unknown or outside its range.

    Example:

    >>> preprocessor = nlpseq.text.PairPreprocessor.learn(["a b", "b"], ["c d", "d"], "word", 10)
    >>> task = Translator(preprocessor, units=8, embedding_size=4)
    >>> len(task.predict_text(["b a"])["translation"])
    1
    """

    kind = "translation"
    purpose = "Translates a text by beam search, with a score."
    settings_class = TranslatorSettings
    settings: TranslatorSettings
    warmup_texts = ("", "one short text", "a longer text " * 5)
    metric, metric_mode = "loss", "min"
    sized_by_vectors = False  # the embeddings of the target have the same size

    def make_layers(self):
        settings, preprocessor = self.settings, self.preprocessor
        self._encode_targets = encoder(preprocessor.targets)
        self.target_embedding = ScaledEmbedding(len(preprocessor.target), settings.embedding_size)
        self.source_embedding = self.target_embedding
        if not preprocessor.joint:
            words = ScaledEmbedding(len(preprocessor.source), settings.embedding_size)
            self.source_embedding = self.word_embedding(preprocessor.source_words, words, scale=1.0)
        elif self.vector_size:
            raise InputError("`vectors` are those of source words, which a `joint` vocabulary does not tell apart: "
                             "make two vocabularies.")  # fmt: skip
        recurrent = {"cell": settings.cell, "recurrent_dropout": settings.recurrent_dropout}
        self.encoder_layers = recurrent_layers(**recurrent, units=settings.units // 2, layers=settings.layers)
        one_way = {**recurrent, "units": settings.units, "layers": 1, "bidirectional": False}
        self.decoder_layers = [recurrent_layers(**one_way)[0] for _ in range(settings.decoder_layers)]
        self.state_sizes = [state_sizes(layer) for layer in self.decoder_layers]
        self.bridge = keras.layers.Dense(sum(sum(sizes) for sizes in self.state_sizes), "tanh")
        self.attention = _attention_layer(settings.attention, settings.units)
        self.input_dropout = keras.layers.Dropout(settings.dropout)
        self.pooling = Pooling("mean")  # of `vectors`
        self.readout = keras.layers.Dense(settings.embedding_size, "tanh")
        self.output_dropout = keras.layers.Dropout(settings.output_dropout)
        self.seed_generator = keras.random.SeedGenerator()
        self.search = TranslationSearch(self)
        self._functions = TracedFunctions()

    @property
    def input_shapes(self):
        return ((None, None), (None, None))

    def build(self, input_shape=None):
        size, units = self.settings.embedding_size, self.settings.units
        memory = 2 * (units // 2)
        self.source_embedding.build((None, None))
        self.target_embedding.build((None, None))
        width = size
        for layer in self.encoder_layers:
            layer.build((None, None, width))
            width = memory
        self.bridge.build((None, memory))
        fed = size if self.settings.input_feeding else 0
        for number, layer in enumerate(self.decoder_layers):
            layer.build((None, None, size + fed if number == 0 else units + memory))
        if self.attention is not None:
            self.attention.build((None, None, units), (None, None, memory))
        self.readout.build((None, None, units + memory))
        self.bias = self.add_weight(
            name="bias", shape=(len(self.preprocessor.target),), dtype="float32", autocast=False
        )
        self.built = True

    def named_axes(self):
        source, target = self.preprocessor.source.pieces, self.preprocessor.target.pieces
        weights = self.target_embedding.embeddings, self.bias
        axes = [NamedAxis(weight, 0, "target tokens", target) for weight in weights]
        if self.source_embedding is not self.target_embedding:
            axes += word_axes(self.source_embedding, "source tokens", source)
        return axes

    def look(self, example: str, answer: str | None = None) -> Look:
        """A text as `nlpseq.diagnostics` examines it; the score is the log-probability of a translation.

        Args:
            example: The text.
            answer: The translation. Default the one that the task gives.
        """
        text = tf.constant(as_texts(example), tf.string)
        answer = self.predict_text(example)["translation"][0] if answer is None else answer
        sources = pad(self._encode(text))
        labels = pad(self._encode_targets(tf.constant(as_texts(answer), tf.string)))
        names = [self.preprocessor.source.pieces[number] for number in sources[0].numpy()]

        def score(logits):
            logs = tf.nn.log_softmax(tf.cast(logits, tf.float32))
            return tf.reduce_sum(tf.gather(logs, tf.repeat(labels, tf.shape(logs)[0], 0), batch_dims=2), axis=1)

        return Look((sources, _shifted(labels)), names, answer, score, self.reads())

    def reads(self):
        return [(self, "embed_sources")]

    def embed_sources(self, sources: tf.Tensor) -> tf.Tensor:
        """The embeddings of source ids `(batch, time)`."""
        return self.source_embedding(sources)

    def call(self, inputs, training=False):
        sources, targets = inputs
        memory = self.encode(sources, training)
        if training and self.settings.scheduled_sampling:
            targets = self._with_predictions(memory, targets)
        return self.logits(self._decode(memory, targets, training), training)

    def encode(self, sources: tf.Tensor, training: bool = False) -> Memory:
        """Encodes source ids `(batch, time)`."""
        self.ensure_built()
        mask = tf.not_equal(sources, PADDING)
        hidden = self.embed_sources(sources)
        for layer in self.encoder_layers:
            hidden = self.input_dropout(hidden, training=training)
            hidden = layer(hidden, mask=mask, training=training)
        half, last = hidden.shape[-1] // 2, tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1
        forward = tf.gather(hidden[..., :half], tf.maximum(last, 0), batch_dims=1)  # at the last token
        summary = tf.concat([forward, hidden[:, 0, half:]], axis=-1)
        keys = None if self.attention is None else self.attention.project(hidden)
        return Memory(hidden, mask, keys, summary)

    def initial_states(self, memory: Memory) -> list[list[tf.Tensor]]:
        """The initial states of all decoder layers."""
        states = tf.split(self.bridge(memory.summary), [n for sizes in self.state_sizes for n in sizes], axis=-1)
        return [[states.pop(0) for _ in sizes] for sizes in self.state_sizes]

    def _attend(self, query, memory):
        """Context and weights for queries `(batch, steps, units)`."""
        if self.attention is None:
            steps = tf.shape(query)[1]
            return tf.repeat(memory.summary[:, tf.newaxis], steps, axis=1), None
        return self.attention(query, memory.states, mask=memory.mask, keys=memory.keys, return_weights=True)

    def _decode(self, memory, targets, training=False):
        """Outputs o `(batch, time, embedding_size)` for targets `(batch, time)`."""
        embedded = self.input_dropout(self.target_embedding(targets), training=training)
        if self.settings.input_feeding:
            return self._decode_step_by_step(memory, embedded, training)
        states = self.initial_states(memory)
        hidden = self.decoder_layers[0](embedded, initial_state=states[0], training=training)
        context, _ = self._attend(hidden, memory)
        for layer, state in zip(self.decoder_layers[1:], states[1:]):
            inputs = self.input_dropout(tf.concat([hidden, context], axis=-1), training=training)
            hidden = layer(inputs, initial_state=state, training=training)
        return self.readout(tf.concat([hidden, context], axis=-1))

    def _decode_step_by_step(self, memory, embedded, training):
        """As `_decode`, with input feeding: each step reads the output of the previous one."""
        outputs, states = tf.zeros_like(embedded[:, 0]), self.initial_states(memory)
        masks = [  # one set per cell, constant over time
            {"masks": layer.cell.draw_masks(embedded[:, 0], first, training)}
            for layer, first in zip(self.decoder_layers, states)
        ]
        carry = (outputs, states)

        def step(carry, embedded):
            output, states = carry
            output, states, _ = self.step(memory, embedded, output, states, training, masks)
            return output, states

        outputs, _ = tf.scan(step, tf.transpose(embedded, [1, 0, 2]), carry)
        return tf.transpose(outputs, [1, 0, 2])

    def step(
        self,
        memory: Memory,
        embedded: tf.Tensor,
        output: tf.Tensor,
        states: list,
        training: bool = False,
        masks: list[dict] | None = None,
    ) -> tuple[tf.Tensor, list, tf.Tensor | None]:
        """One decoder step.

        Args:
            memory: The encoded sources `(batch, ...)`.
            embedded: Embeddings of the previous tokens `(batch * n, embedding_size)`, n hypotheses
                for each source.
            output: o of the previous step `(batch * n, embedding_size)`.
            states: Previous states of all layers.
            training: Whether dropout applies. Default False.
            masks: Keyword arguments of each cell with its dropout masks. Default None.

        Returns:
            o, the states, and the attention weights `(batch * n, source)` or None.
        """
        fed = [embedded, output] if self.settings.input_feeding else [embedded]
        hidden, context, weights, new_states = tf.concat(fed, axis=-1), None, None, []
        for layer, state, options in zip(self.decoder_layers, states, masks or [{}] * len(states)):
            if context is not None:
                hidden = tf.concat([hidden, context], axis=-1)
                hidden = self.input_dropout(hidden, training=training)
            hidden, state = layer.cell(hidden, state, training=training, **options)
            new_states.append(list(state))
            if context is None:
                rows, batch = tf.shape(hidden)[0], tf.shape(memory.states)[0]
                query = tf.reshape(hidden, [batch, -1, hidden.shape[-1]])
                context, weights = self._attend(query, memory)
                context = tf.reshape(context, [rows, context.shape[-1]])
        if weights is not None:
            weights = tf.reshape(weights, [rows, tf.shape(memory.states)[1]])
        return self.readout(tf.concat([hidden, context], axis=-1)), new_states, weights

    def logits(self, outputs: tf.Tensor, training: bool = False) -> "tf.Tensor | FactoredLogits":
        """Logits `(..., tokens)` of outputs o `(..., embedding_size)`."""
        outputs = self.output_dropout(outputs, training=training)
        return token_logits(outputs, self.target_embedding, self.bias, training)

    def _with_predictions(self, memory, targets):
        """Targets with some of them, at random, replaced by the most probable token given the true prefix."""
        logits = self.search.without_special(self.logits(self._decode(memory, targets)))
        predictions = tf.argmax(logits, axis=-1, output_type=tf.int32)
        predictions = tf.concat([targets[:, :1], predictions[:, :-1]], axis=1)
        uniform = keras.random.uniform(tf.shape(targets), dtype="float32", seed=self.seed_generator)
        replaced = (uniform < self.settings.scheduled_sampling) & (targets != PADDING)
        return tf.stop_gradient(tf.where(replaced, predictions, targets))

    def encode_examples(self, pairs):
        sources, targets = (tf.constant(texts, tf.string) for texts in (pairs.sources, pairs.targets))
        return encode(self._encode, sources), encode(self._encode_targets, targets)

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `((sources, targets), labels)` of `nlpseq.data.Pairs`.

        The labels are the target ids, -1 for padding; the targets are the start symbol and the
        labels delayed by one step. Batching is that of `TextTask.prepare`.
        """
        batches = super().prepare(examples, batch_size, training, seed)
        return batches.map(lambda sources, labels: ((sources, _shifted(labels)), labels))

    def default_loss(self):
        """Cross-entropy with label smoothing, per token."""
        return SmoothedCrossEntropy(self.settings.label_smoothing)

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default"; see `nlpseq.tasks.translation.search.TranslationSearch.answer`."""
        return self.search.answer(text)

    def vectors(self, text):
        """The mean output of the encoder over the source tokens."""
        memory = self.encode(pad(self.preprocessor(text)))
        return self.pooling(memory.states, mask=memory.mask)

    def signatures(self):
        return {**super().signatures(), **self.search.signatures()}

    def predict_text(
        self, texts: str | bytes | Sequence | np.ndarray, batch_size: int = 32, beam_size: int | None = None
    ) -> dict[str, list]:
        """Translates texts.

        Args:
            texts: A string, or a sequence of strings (str or bytes).
            batch_size: Maximum number of texts in a batch; texts of similar length share a batch.
                Default 32.
            beam_size: Beam size of the search, 1 for greedy search. Default that of the settings.

        Returns:
            A dict of lists: "translation", strings, and "score".

        Raises:
            InputError: `beam_size` is below 1.
        """
        beam_size = self.settings.beam_size if beam_size is None else whole("beam_size", beam_size, 1)
        texts = as_texts(texts)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        answers = []
        for answer in in_batches(
            self._traced_search(beam_size), tf.constant([texts[i] for i in order], tf.string), batch_size
        ):
            answers += zip(answer["translation"], answer["score"])
        rows = dict(zip(order, answers))
        return {
            "translation": [rows[i][0].decode() for i in range(len(texts))],
            "score": [float(rows[i][1]) for i in range(len(texts))],
        }

    def _traced_search(self, beam_size):
        """The search with a beam size as a `tf.function`, which is traced once."""
        answer = functools.partial(self.search.answer, beam_size=beam_size)
        return self._functions.get(beam_size, lambda: tf.function(answer, [text_spec("text")], autograph=False))

    def validation_sample(self, examples, count):
        return [(a.decode(), b.decode()) for a, b in zip(examples.sources[:count], examples.targets[:count])]

    def numeric_functions(self):
        return {
            "encode": NumericFunction(self.search.encode_ids, {"ids": tf.TensorSpec([None, None], tf.int32)}),
            "step": self.search.step_function(),
        }

    def client_options(self):
        """The settings of the search."""
        names = ("beam_size", "length_penalty", "coverage_penalty", "length_ratio", "embedding_size")
        return {name: getattr(self.settings, name) for name in names}

    def details(self):
        """The maximum number of tokens of a text, including the end symbol."""
        return {"max_tokens": self.preprocessor.max_tokens}

    def limits(self):
        return [
            f"It reads at most {self.preprocessor.max_tokens - 1:,} tokens of a text and ignores the rest; the output "
            "`truncated` says so.",
            "It translates each text independently, as one sentence.",
            "It produces a translation for any input, even for text in another language or script.",
        ]


def _attention_layer(name, units):
    """The attention layer of a name, or None for "none"."""
    if name == "none":
        return None
    return BahdanauAttention(units) if name == "bahdanau" else LuongAttention(name)


def _shifted(labels):
    """The inputs of the decoder: the start symbol, and all labels except the last."""
    start = tf.fill([tf.shape(labels)[0], 1], START)
    return tf.concat([start, tf.where(labels[:, :-1] < 0, PADDING, labels[:, :-1])], axis=1)
