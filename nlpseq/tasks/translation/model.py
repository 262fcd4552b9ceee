"""Translation: a text in, a text of another language, and of another length, out."""

from typing import NamedTuple

import keras
import tensorflow as tf

from nlpseq.data.batching import length_buckets
from nlpseq.errors import InputError, in_range, one_of
from nlpseq.layers import BahdanauAttention, LuongAttention
from nlpseq.tasks.base import ENCODE_BATCH, Task, in_own_precision, recurrent_layers
from nlpseq.tasks.embeddings import ScaledEmbedding, piece_logits
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.tasks.translation.search import TranslationAnswers
from nlpseq.text import PADDING, START

ATTENTIONS = ("bahdanau", "general", "dot", "scaled", "none")
SHORTEST_BUCKET = 8  # sentences are short: finer buckets leave less padding


class Memory(NamedTuple):
    """What the decoder knows of the sources.

    Attributes:
        states: m `(batch, source, features)`.
        mask: bool `(batch, source)`, True = real.
        keys: m as the attention projects it, or None without attention.
        summary: [forward m_S ; backward m_1], `(batch, features)`.
    """

    states: tf.Tensor
    mask: tf.Tensor
    keys: tf.Tensor | None
    summary: tf.Tensor


@keras.saving.register_keras_serializable("nlpseq")
class Translator(TranslationAnswers, Task):
    """An encoder and a decoder with attention (Bahdanau et al. 2015, Luong et al. 2015).

        m_1 ... m_S = BiRNN(E_x x_1 ... x_S sqrt(size))       the memory
        s_0 = tanh(W_0 [forward m_S ; backward m_1] + b_0)    the bridge
        s_t = RNN(E_y y_{t-1} sqrt(size), s_{t-1})            the lowest layer of the decoder
        c_t = attention(s_t, m)
        s'_t = RNN([s_t ; c_t], s'_{t-1})                     each further layer
        o_t = tanh(W_o [s'_t ; c_t] + b_o)
        P(y_t | y_<t, x) = softmax(E_y o_t + b)               tied embeddings

    Embeddings start at a variance of 1 / size, which suits the output, and are scaled by
    sqrt(size) where they are read (Vaswani et al. 2017, section 3.4).

    The lowest layer alone asks the attention, as in Wu et al. 2016, and the layers above
    read what it found, so that every layer runs over a whole sentence at once in
    training. Without attention c_t is the summary [forward m_S ; backward m_1] at every
    step (Cho et al. 2014).

    With `input_feeding` the decoder reads [E_y y_{t-1} ; o_{t-1}] (Luong et al. 2015,
    section 3.3). Each step then waits for the output of the last, and training runs the
    decoder step by step, which takes about one and a half times as long.

    Args:
        encoder: `nlpseq.text.PairEncoder`.
        cell: "rnn", "lstm" or "gru"; or a subclass of `nlpseq.cells.RecurrentCell`, registered
            with Keras. Default "gru".
        units: Size of the state of the decoder; half of it in each direction of the
            encoder. Default 512.
        layers: Number of recurrent layers of the encoder. Default 1.
        decoder_layers: Number of those of the decoder. Default 2.
        embedding_size: Size of a piece's vector, and of o. Default 256.
        attention: "bahdanau", "general", "dot", "scaled" or "none". Default "bahdanau".
        input_feeding: Whether o_{t-1} is fed back. Default False.
        dropout: Rate of dropped embeddings and inputs of layers. Default 0.3.
        output_dropout: Rate of dropped features of o. Default 0.3.
        recurrent_dropout: Rate of dropped recurrent inputs. Default 0.
        label_smoothing: Share of the target that goes to all pieces alike. Default 0.1.
        scheduled_sampling: Rate of the decoder's inputs that are its own guesses in
            training, from a first pass over the true ones (Mihaylova and Martins 2019).
            Default 0.
        beam_size, length_penalty, coverage_penalty: Of the beam search that translates;
            see `nlpseq.decoding.beam_search`; a beam of 1 is greedy search, without penalties.
            Default 5, 1 and 0.
        length_ratio: A translation has at most `10 + length_ratio * source` pieces, and no
            more than the `max_tokens` of the encoder. Default 2.

    Call arguments:
        inputs: int32 ids `(sources, targets)`, each `(batch, time)`, 0 = padding; the
            targets begin with the start symbol.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, target time, pieces)`.

    Raises:
        InputError: `cell` or `attention` is unknown; a number is out of its range.

    Example:

    >>> encoder = nlpseq.text.PairEncoder.learn(["a b", "b"], ["c d", "d"], "word", 10)
    >>> task = Translator(encoder, units=8, embedding_size=4)
    >>> len(task.predict_text(["b a"])["translation"])
    1
    """

    kind = "translation"
    purpose = "Takes a text and gives its translation, found by beam search, and a score."
    warmup_texts = ("", "one short text", "a longer text " * 5)
    metric, metric_mode = "loss", "min"

    @in_own_precision
    def __init__(
        self,
        encoder,
        cell="gru",
        units=512,
        layers=1,
        decoder_layers=2,
        embedding_size=256,
        attention="bahdanau",
        input_feeding=False,
        dropout=0.3,
        output_dropout=0.3,
        recurrent_dropout=0.0,
        label_smoothing=0.1,
        scheduled_sampling=0.0,
        beam_size=5,
        length_penalty=1.0,
        coverage_penalty=0.0,
        length_ratio=2.0,
        labels=(),
        **kwargs,
    ):
        settings = {
            "cell": cell,
            "units": in_range("units", units, 2),
            "layers": layers,
            "decoder_layers": in_range("decoder_layers", decoder_layers, 1),
            "embedding_size": in_range("embedding_size", embedding_size, 1),
            "attention": one_of("attention", attention, ATTENTIONS),
            "input_feeding": input_feeding,
            "dropout": in_range("dropout", dropout, 0, 0.95),
            "output_dropout": in_range("output_dropout", output_dropout, 0, 0.95),
            "recurrent_dropout": in_range("recurrent_dropout", recurrent_dropout, 0, 0.95),
            "label_smoothing": in_range("label_smoothing", label_smoothing, 0, 1),
            "scheduled_sampling": in_range("scheduled_sampling", scheduled_sampling, 0, 1),
            "beam_size": in_range("beam_size", beam_size, 1),
            "length_penalty": in_range("length_penalty", length_penalty, 0),
            "coverage_penalty": in_range("coverage_penalty", coverage_penalty, 0),
            "length_ratio": in_range("length_ratio", length_ratio, 0),
        }
        if attention == "none" and coverage_penalty:
            raise InputError("coverage_penalty is of attention, and there is none: leave it at 0, or choose one.")
        if attention in ("dot", "scaled") and units % 2:
            raise InputError(f"attention {attention!r} needs an even number of units, got {units}: take one more.")
        super().__init__(encoder, labels, settings, **kwargs)
        self.buckets = length_buckets(encoder.max_tokens, SHORTEST_BUCKET)
        self.target_embedding = ScaledEmbedding(len(encoder.target), embedding_size)
        self.source_embedding = self.target_embedding
        if not encoder.joint:
            self.source_embedding = ScaledEmbedding(len(encoder.source), embedding_size)
        recurrent = {"cell": cell, "recurrent_dropout": recurrent_dropout}
        self.reader = recurrent_layers(**recurrent, units=units // 2, layers=layers)
        one_way = {**recurrent, "units": units, "layers": 1, "bidirectional": False}
        self.writer = [recurrent_layers(**one_way)[0] for _ in range(decoder_layers)]
        self.state_sizes = [_state_sizes(layer) for layer in self.writer]
        self.bridge = keras.layers.Dense(sum(sum(sizes) for sizes in self.state_sizes), "tanh")
        self.attention = _attention(attention, units)
        self.input_dropout = keras.layers.Dropout(dropout)
        self.readout = keras.layers.Dense(embedding_size, "tanh")
        self.output_dropout = keras.layers.Dropout(output_dropout)
        self.seed_generator = keras.random.SeedGenerator()
        self._functions = {}

    def build(self, input_shape=None):
        chosen = self.settings
        size, units, memory = chosen["embedding_size"], chosen["units"], 2 * (chosen["units"] // 2)
        self.source_embedding.build((None, None))
        self.target_embedding.build((None, None))
        width = size
        for layer in self.reader:
            layer.build((None, None, width))
            width = memory
        self.bridge.build((None, memory))
        fed = size if chosen["input_feeding"] else 0
        for number, layer in enumerate(self.writer):
            layer.build((None, None, size + fed if number == 0 else units + memory))
        if self.attention is not None:
            self.attention.build((None, None, units), (None, None, memory))
        self.readout.build((None, None, units + memory))
        self.bias = self.add_weight(name="bias", shape=(len(self.encoder.target),), dtype="float32", autocast=False)
        self.built = True

    def call(self, inputs, training=False):
        sources, targets = inputs
        memory = self._read(sources, training)
        if training and self.settings["scheduled_sampling"]:
            targets = self._with_guesses(memory, targets)
        return self._logits(self._write(memory, targets, training), training)

    def _read(self, sources, training=False):
        """The memory of sources `(batch, time)`."""
        self.ensure_built()
        mask = tf.not_equal(sources, PADDING)
        hidden = self.source_embedding(sources)
        for layer in self.reader:
            hidden = self.input_dropout(hidden, training=training)
            hidden = layer(hidden, mask=mask, training=training)
        half, last = hidden.shape[-1] // 2, tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1
        read = tf.gather(hidden[..., :half], tf.maximum(last, 0), batch_dims=1)  # the last real step
        summary = tf.concat([read, hidden[:, 0, half:]], axis=-1)
        keys = None if self.attention is None else self.attention.project(hidden)
        return Memory(hidden, mask, keys, summary)

    def _first_states(self, memory):
        """The states of every layer of the decoder before the first step."""
        states = tf.split(self.bridge(memory.summary), [n for sizes in self.state_sizes for n in sizes], axis=-1)
        return [[states.pop(0) for _ in sizes] for sizes in self.state_sizes]

    def _attend(self, query, memory):
        """Context and weights for queries `(batch, steps, units)`."""
        if self.attention is None:
            steps = tf.shape(query)[1]
            return tf.repeat(memory.summary[:, tf.newaxis], steps, axis=1), None
        return self.attention(query, memory.states, mask=memory.mask, keys=memory.keys, return_weights=True)

    def _write(self, memory, targets, training=False):
        """o `(batch, time, embedding_size)` of targets `(batch, time)`, the sentence at once."""
        embedded = self.input_dropout(self.target_embedding(targets), training=training)
        if self.settings["input_feeding"]:
            return self._write_by_steps(memory, embedded, training)
        states = self._first_states(memory)
        hidden = self.writer[0](embedded, initial_state=states[0], training=training)
        context, _ = self._attend(hidden, memory)
        for layer, state in zip(self.writer[1:], states[1:]):
            inputs = self.input_dropout(tf.concat([hidden, context], axis=-1), training=training)
            hidden = layer(inputs, initial_state=state, training=training)
        return self.readout(tf.concat([hidden, context], axis=-1))

    def _write_by_steps(self, memory, embedded, training):
        """The same, where each step reads the output of the last."""
        outputs, states = tf.zeros_like(embedded[:, 0]), self._first_states(memory)
        masks = [  # of each cell, the same at every step
            {"masks": layer.cell.draw_masks(embedded[:, 0], first, training)}
            for layer, first in zip(self.writer, states)
        ]
        carry = (outputs, states)

        def step(carry, embedded):
            output, states = carry
            output, states, _ = self._step(memory, embedded, output, states, training, masks)
            return output, states

        found, _ = tf.scan(step, tf.transpose(embedded, [1, 0, 2]), carry)
        return tf.transpose(found, [1, 0, 2])

    def _step(self, memory, embedded, output, states, training=False, masks=None):
        """One step of rows `(batch * n, ...)`: o, the states, and the weights of the attention."""
        fed = [embedded, output] if self.settings["input_feeding"] else [embedded]
        hidden, context, found = tf.concat(fed, axis=-1), None, []
        weights = None
        for layer, state, options in zip(self.writer, states, masks or [{}] * len(states)):
            if context is not None:
                hidden = tf.concat([hidden, context], axis=-1)
                hidden = self.input_dropout(hidden, training=training)
            hidden, state = layer.cell(hidden, state, training=training, **options)
            found.append(list(state))
            if context is None:
                rows, batch = tf.shape(hidden)[0], tf.shape(memory.states)[0]
                query = tf.reshape(hidden, [batch, -1, hidden.shape[-1]])
                context, weights = self._attend(query, memory)
                context = tf.reshape(context, [rows, context.shape[-1]])
        if weights is not None:
            weights = tf.reshape(weights, [rows, tf.shape(memory.states)[1]])
        return self.readout(tf.concat([hidden, context], axis=-1)), found, weights

    def _logits(self, outputs, training=False):
        outputs = self.output_dropout(outputs, training=training)
        return piece_logits(outputs, self.target_embedding, self.bias, training)

    def _with_guesses(self, memory, targets):
        """Targets, some replaced by the likeliest piece after the true ones before it."""
        logits = self._writable(self._logits(self._write(memory, targets)))
        guesses = tf.argmax(logits, axis=-1, output_type=tf.int32)
        guesses = tf.concat([targets[:, :1], guesses[:, :-1]], axis=1)
        drawn = keras.random.uniform(tf.shape(targets), seed=self.seed_generator)
        chosen = (drawn < self.settings["scheduled_sampling"]) & (targets != PADDING)
        return tf.stop_gradient(tf.where(chosen, guesses, targets))

    def _encoded(self, pairs):
        batches = pairs.dataset().batch(ENCODE_BATCH)
        return batches.map(lambda source, target: (self.encoder(source), self.encoder.targets(target)))

    def prepare(self, examples, batch_size=64, training=False, seed=0):
        """`nlpseq.data.Pairs` to batches of `((sources, targets), labels)`.

        The labels are the target ids, -1 for padding; the targets are those one step later,
        after the start symbol. Otherwise as in the other tasks.
        """
        batches = super().prepare(examples, batch_size, training, seed)
        return batches.map(lambda sources, labels: ((sources, _shifted(labels)), labels))

    def default_loss(self):
        """Cross-entropy with label smoothing, a token."""
        return SmoothedCrossEntropy(self.settings["label_smoothing"])

    def default_metrics(self):
        """None: they would want logits, which training goes without."""
        return []


def _attention(name, units):
    """The layer of a name, or None for "none"."""
    if name == "none":
        return None
    return BahdanauAttention(units) if name == "bahdanau" else LuongAttention(name)


def _state_sizes(layer):
    """The sizes of the states of a layer, a list."""
    return tf.nest.flatten(layer.cell.state_size)


def _shifted(labels):
    """What the decoder reads: the start symbol, and the labels but for the last."""
    start = tf.fill([tf.shape(labels)[0], 1], START)
    return tf.concat([start, tf.where(labels[:, :-1] < 0, PADDING, labels[:, :-1])], axis=1)
