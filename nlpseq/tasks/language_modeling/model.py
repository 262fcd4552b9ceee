"""Language models: what comes next in a running text."""

import keras
import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.segments import continuous_segments, shifted_segments, mark_first
from nlpseq.errors import InputError, in_range
from nlpseq.tasks.base import Task, in_own_precision, recurrent_layers
from nlpseq.tasks.embeddings import ScaledEmbedding, piece_logits
from nlpseq.tasks.language_modeling.generation import LanguageAnswers
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.text import END


@keras.saving.register_keras_serializable("nlpseq")
class LanguageModel(LanguageAnswers, Task):
    """A recurrent language model, with the regularisers of Merity et al. (2018).

        x_t = sqrt(size) E w_t
        h^1_t, s^1_t = RNN(x_t, s^1_{t-1}),  h^k_t, s^k_t = RNN(h^{k-1}_t, s^k_{t-1})
        o_t = dropped(h^L_t), or W_o of it where its size is not that of the embeddings
        P(w_{t+1} | w_1 ... w_t) = softmax(E o_t + b)

    The embeddings of input and output are tied, as in Inan et al. (2017) and Press and
    Wolf (2017); untied, the output has ones of its own, of the size of h^L_t.

    A text is learnt in segments of `steps` (truncated backpropagation through time,
    Williams and Peng 1990): each row of a batch goes on where it stood in the last
    one, and its states are carried over. The context of the first word is the end of a
    line.

    Dropout, in training: of whole words ("embedding"); of features, with one mask a
    segment (Gal and Ghahramani 2016), of the input, between layers, and of the output h^L; of
    entries of the recurrent kernels, with one mask a batch. The loss grows by

        activation * mean(dropped(h^L)^2) + temporal_activation * mean((h^L_t - h^L_{t-1})^2)

    Args:
        encoder: `nlpseq.text.LineEncoder`.
        cell: "rnn", "lstm" or "gru"; or a subclass of `nlpseq.cells.RecurrentCell`, registered
            with Keras. Default "lstm".
        units: Size of the state. Default 512.
        layers: Number of recurrent layers. Default 2.
        embedding_size: Size of a piece's vector. Default 256.
        tied: Whether input and output share their embeddings. Default True.
        steps: Steps of a segment in training. Default 35.
        dropout: Rate of dropped features of the input. Default 0.3.
        hidden_dropout: Rate of dropped features between layers. Default 0.3.
        output_dropout: Rate of dropped features of h^L. Default 0.3.
        embedding_dropout: Rate of dropped words, in a whole batch. Default 0.
        weight_dropout: Rate of dropped entries of the recurrent kernels. Default 0.
        recurrent_dropout: Rate of dropped recurrent inputs. Default 0.
        activation_regularization: `activation` above. Default 0.
        temporal_activation_regularization: `temporal_activation` above. Default 0.

    Call arguments:
        inputs: int32 ids `(batch, time)`; or `(ids, first)` with a bool `first`: whether
            the text begins here, rather than goes on where the last batch of this
            size ended; training and inference keep separate states.
        training: Whether dropout applies. Default False.

    Returns:
        Logits of the next id at each step, float32 `(batch, time, pieces)`.

    Raises:
        InputError: `cell` is unknown; a number is out of its range.

    Example:

    >>> encoder = nlpseq.text.LineEncoder.learn(["the cat sat", "the dog sat"], kind="word")
    >>> task = LanguageModel(encoder, units=8, embedding_size=4)
    >>> scores = task.score_text(["the dog"])
    >>> scores["tokens"], scores["log_probabilities"][0].shape
    ([['the', 'dog']], (2,))
    """

    kind = "language_model"
    purpose = "Takes a text and gives its probability, or goes on with it."
    warmup_texts = ("", "one short text", "a longer text " * 5)
    metric, metric_mode = "loss", "min"

    @in_own_precision
    def __init__(
        self,
        encoder,
        cell="lstm",
        units=512,
        layers=2,
        embedding_size=256,
        tied=True,
        steps=35,
        dropout=0.3,
        hidden_dropout=0.3,
        output_dropout=0.3,
        embedding_dropout=0.0,
        weight_dropout=0.0,
        recurrent_dropout=0.0,
        activation_regularization=0.0,
        temporal_activation_regularization=0.0,
        labels=(),
        **kwargs,
    ):
        recurrent = {
            "cell": cell,
            "units": units,
            "layers": layers,
            "recurrent_dropout": recurrent_dropout,
            "weight_dropout": weight_dropout,
        }
        settings = {
            **recurrent,
            "embedding_size": embedding_size,
            "tied": tied,
            "steps": steps,
            "dropout": dropout,
            "hidden_dropout": hidden_dropout,
            "output_dropout": output_dropout,
            "embedding_dropout": embedding_dropout,
            "activation_regularization": activation_regularization,
            "temporal_activation_regularization": temporal_activation_regularization,
        }
        for name, value in settings.items():
            if name.endswith("dropout"):
                in_range(name, value, 0, 0.95)
            elif name.endswith("regularization"):
                in_range(name, value, 0)
            elif name in ("embedding_size", "steps"):
                in_range(name, value, 1)
        super().__init__(encoder, labels, settings, **kwargs)
        self.embedding = ScaledEmbedding(len(encoder), embedding_size)
        self.embedding_dropout = keras.layers.Dropout(embedding_dropout)
        self.input_dropout = keras.layers.SpatialDropout1D(dropout)
        self.hidden_dropout = keras.layers.SpatialDropout1D(hidden_dropout)
        self.output_dropout = keras.layers.SpatialDropout1D(output_dropout)
        self.recurrent = recurrent_layers(**recurrent, bidirectional=False, return_state=True)
        self.state_sizes = [tf.nest.flatten(layer.cell.state_size) for layer in self.recurrent]
        self.readout, self.output_embedding = None, self.embedding
        if not tied:
            self.output_embedding = ScaledEmbedding(len(encoder), units)
        elif units != embedding_size:
            self.readout = keras.layers.Dense(embedding_size, use_bias=False)
        self._carried = {}
        self._functions = {}

    def build(self, input_shape=None):
        units, size = self.settings["units"], self.settings["embedding_size"]
        self.embedding.build((None, None))
        for number, layer in enumerate(self.recurrent):
            layer.build((None, None, units if number else size))
        if self.readout is not None:
            self.readout.build((None, None, units))
        self.output_embedding.build((None, None))
        self.bias = self.add_weight(name="bias", shape=(len(self.encoder),), dtype="float32", autocast=False)
        self.built = True

    def call(self, inputs, training=False):
        ids, first = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        if first is None:
            hidden, _ = self._read(ids, training=training)
            return self._logits(hidden, training)
        carried = self._states_carried(training, ids.shape[0])
        states = [[tf.where(first, tf.zeros_like(state), state) for state in each] for each in carried]
        hidden, states = self._read(ids, states, training=training)
        for variable, state in zip(tf.nest.flatten(carried), tf.nest.flatten(states)):
            variable.assign(tf.stop_gradient(tf.cast(state, variable.dtype)))
        return self._logits(hidden, training)

    def _states_carried(self, training, streams):
        """Variables with the states after the last batch of so many streams."""
        key = f"{'training' if training else 'inference'} {streams}"
        if key not in self._carried:
            if streams is None:
                raise InputError("states are carried between batches of a size that is known: got None.")
            with tf.init_scope():
                self._carried[key] = [
                    [tf.Variable(tf.zeros([streams, size]), trainable=False) for size in sizes]
                    for sizes in self.state_sizes
                ]
        return self._carried[key]

    def _read(self, ids, states=None, mask=None, training=False):
        """The outputs h^L `(batch, time, units)`, and the final states of each layer."""
        self.ensure_built()
        hidden, finals = self._embed(ids, training), []
        for number, layer in enumerate(self.recurrent):
            dropout = self.hidden_dropout if number else self.input_dropout
            hidden = dropout(hidden, training=training)
            start = None if states is None else states[number]
            hidden, *final = layer(hidden, initial_state=start, mask=mask, training=training)
            finals.append(final)
        return hidden, finals

    def _embed(self, ids, training=False):
        vectors = self.embedding(ids)
        if not (training and self.settings["embedding_dropout"]):
            return vectors
        kept = self.embedding_dropout(tf.ones([len(self.encoder), 1], vectors.dtype), training=True)
        return vectors * tf.gather(kept, ids)

    def _logits(self, hidden, training=False):
        """Logits `(..., pieces)` of outputs `(..., units)`."""
        outputs = hidden
        if training:
            outputs = self.output_dropout(hidden, training=True)
            self._regularize(hidden, outputs)
        if self.readout is not None:
            outputs = self.readout(outputs)
        return piece_logits(outputs, self.output_embedding, self.bias, training)

    def _regularize(self, hidden, dropped):
        """Adds the activation regularisers to the loss."""
        chosen, hidden, dropped = self.settings, *(tf.cast(each, tf.float32) for each in (hidden, dropped))
        if chosen["activation_regularization"]:
            self.add_loss(chosen["activation_regularization"] * tf.reduce_mean(tf.square(dropped)))
        if chosen["temporal_activation_regularization"]:
            squares = tf.square(hidden[:, 1:] - hidden[:, :-1])
            count = tf.cast(tf.maximum(tf.size(squares), 1), tf.float32)  # none in a segment of one step
            self.add_loss(chosen["temporal_activation_regularization"] * tf.reduce_sum(squares) / count)

    def _step(self, tokens, states):
        """One step of rows `(n,)`: `nlpseq.decoding.Step`."""
        hidden, found = self.embedding(tokens), []
        for layer, state in zip(self.recurrent, states):
            hidden, state = layer.cell(hidden, list(state))
            found.append(list(state))
        return decoding.Step(self._logits(hidden), found)

    def prepare(self, examples, batch_size=20, training=False, seed=0):
        """`nlpseq.data.Lines` to batches of `((ids, first), labels)`, `batch_size` streams of the text.

        The labels are the ids one step later. In training the segments begin elsewhere in each
        pass, and what does not fill whole ones is left out of it. Otherwise the last one may
        be shorter, and counts as much in Keras's mean of the loss; what does not fill a whole
        stream is left out: with a `batch_size` of 1, nothing. A text shorter than that has as
        many streams as tokens.
        """
        ids = tf.concat([[END], self.encoder.encode_corpus(examples.lines)], axis=0)
        if training:
            return shifted_segments(ids, batch_size, self.settings["steps"], seed)
        streams = min(batch_size, len(ids) - 1)
        return mark_first(continuous_segments(ids, streams, self.settings["steps"]))

    def default_loss(self):
        """Cross-entropy, in nats a token."""
        return SmoothedCrossEntropy()

    def default_metrics(self):
        """None: perplexity is exp of the loss, and others would want logits, which training goes without."""
        return []
