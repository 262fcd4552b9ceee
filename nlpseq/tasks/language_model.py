"""Language models: what comes next in a running text."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.data.segments import continuous_segments, shifted_segments, with_beginnings
from nlpseq.decoding.sampling import check_options
from nlpseq.errors import InputError, in_range, one_of
from nlpseq.tasks.base import Task, as_texts, in_batches, recurrent_layers
from nlpseq.tasks.embeddings import ScaledEmbedding, piece_logits
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.text import END, PADDING, START, UNKNOWN

NEVER = (PADDING, UNKNOWN, START)  # ids that are no text
NO_END = -1  # an id that nothing has: a search for it goes on
MOST_ADDED = 100_000  # the most pieces that are added to a prompt
SCORED_ROWS = 1024  # steps whose distributions are held at a time
# How to generate, and the options of each way.
METHODS = {
    "sample": (decoding.sample, ("temperature", "top_k", "top_p", "seed", "first_row")),
    "greedy": (decoding.greedy, ()),
    "beam": (decoding.beam_search, ("beam_size", "length_penalty")),
}
CHECKED = ("temperature", "top_k", "top_p")
FIXED = ("beam_size",)  # what the shapes of a graph depend on
WHOLE_WORDS = ("word", "wordpiece")  # kinds whose pieces are shown without the space before them


@keras.saving.register_keras_serializable("nlpseq")
class LanguageModel(Task):
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
        cell: "rnn", "lstm" or "gru". Default "lstm".
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
        if chosen["temporal_activation_regularization"] and hidden.shape[1] != 1:
            changes = hidden[:, 1:] - hidden[:, :-1]
            self.add_loss(chosen["temporal_activation_regularization"] * tf.reduce_mean(tf.square(changes)))

    def _step(self, tokens, states):
        """One step of rows `(n,)`: `nlpseq.decoding.Step`."""
        hidden, found = self.embedding(tokens), []
        for layer, state in zip(self.recurrent, states):
            hidden, state = layer.cell(hidden, list(state))
            found.append(list(state))
        return decoding.Step(self._logits(hidden), found)

    # Learning

    def prepare(self, examples, batch_size=20, training=False, seed=0):
        """`nlpseq.data.Lines` to batches of `((ids, first), labels)`, `batch_size` streams of the text.

        The labels are the ids one step later. In training the segments begin elsewhere in each
        pass, and what does not fill whole ones is left out of it. Otherwise the last one may
        be shorter, and what does not fill a whole stream is left out: with a `batch_size` of 1,
        nothing. A text shorter than that has as many streams as tokens.
        """
        ids = tf.concat([[END], self.encoder.running(examples.lines)], axis=0)
        if training:
            return shifted_segments(ids, batch_size, self.settings["steps"], seed)
        streams = min(batch_size, len(ids) - 1)
        return with_beginnings(continuous_segments(ids, streams, self.settings["steps"]))

    def default_loss(self):
        """Cross-entropy, in nats a token."""
        return SmoothedCrossEntropy()

    def default_metrics(self):
        """None: perplexity is exp of the loss, and others would want logits, which training goes without."""
        return []

    # Scoring

    def score(self, text):
        """What the export serves: `text` `(batch,)` ->

        `tokens`, string, and `log_probabilities`, float32, each of the text's pieces given
        those before it, `(batch, longest)`, padded with "" and 0; `total`, their sum;
        `perplexity`, exp(-total / length), 1 for an empty text; `length`, int32; `unknown`,
        how many of the pieces are unknown, int32; and `cut`, whether the text was longer than
        what is read; all four `(batch,)`. A line end is a piece: a text that ends in one is
        scored as whole.
        """
        pieces, cut = self._within_limit(text)
        length = tf.cast(pieces.row_lengths(), tf.int32)
        targets = pad(pieces, self.buckets)
        inputs = tf.concat([tf.fill([tf.shape(targets)[0], 1], END), targets[:, :-1]], axis=1)
        hidden, _ = self._read(inputs)
        longest = tf.reduce_max(tf.concat([length, [0]], axis=0))
        targets, hidden = targets[:, :longest], hidden[:, :longest]
        real = tf.sequence_mask(length, longest)
        found = tf.where(real, self._log_probabilities(hidden, targets), 0.0)
        total = tf.reduce_sum(found, axis=1)
        unknown = tf.reduce_sum(tf.cast(real & (targets == UNKNOWN), tf.int32), axis=1)
        return {
            "tokens": tf.where(real, self._named(targets), ""),
            "log_probabilities": found,
            "total": total,
            "perplexity": tf.exp(-total / tf.cast(tf.maximum(length, 1), tf.float32)),
            "length": length,
            "unknown": unknown,
            "cut": cut,
        }

    def _named(self, ids):
        """What is shown of ids; a line end as a backslash and n."""
        texts = self.encoder.texts(ids)
        texts = tf.strings.strip(texts) if self.encoder.tokenizer.kind in WHOLE_WORDS else texts
        return tf.where(ids == END, r"\n", texts)

    def _log_probabilities(self, hidden, targets):
        """log P of targets `(batch, time)` after outputs `(batch, time, units)`, some rows at a time."""
        rows = tf.size(targets)
        size = tf.clip_by_value(rows, 1, SCORED_ROWS)
        missing = tf.maximum(-(-rows // size), 1) * size - rows  # one part at least
        hidden = tf.pad(tf.reshape(hidden, [rows, hidden.shape[-1]]), [[0, missing], [0, 0]])
        ids = tf.pad(tf.reshape(targets, [rows]), [[0, missing]])

        def scored(part):
            hidden, ids = part
            return -tf.nn.sparse_softmax_cross_entropy_with_logits(ids, self._logits(hidden))

        parts = tf.reshape(hidden, [-1, size, hidden.shape[-1]]), tf.reshape(ids, [-1, size])
        signature = tf.TensorSpec([None], tf.float32)
        found = tf.map_fn(scored, parts, fn_output_signature=signature, parallel_iterations=1)
        return tf.reshape(tf.reshape(found, [-1])[:rows], tf.shape(targets))

    def _within_limit(self, text):
        """The pieces of texts, ragged, up to the limit, and whether some were left out."""
        pieces = self.encoder(text)
        return pieces[:, : self.encoder.max_tokens], pieces.row_lengths() > self.encoder.max_tokens

    # Generation

    def _before_last(self, pieces):
        """The states before the last symbol of prompts, ragged, and that symbol `(batch,)`."""
        symbols = tf.concat([tf.fill([pieces.nrows(), 1], END), pieces], axis=1)
        before = symbols[:, :-1]
        ids = pad(before, self.buckets)
        _, states = self._read(ids, mask=tf.sequence_mask(before.row_lengths(), tf.shape(ids)[1]))
        return states, symbols[:, -1:].values

    def _text_step(self, tokens, states):
        """A step that gives no probability to what is no text."""
        logits, states, _ = self._step(tokens, states)
        never = tf.reduce_any(tf.range(len(self.encoder))[:, tf.newaxis] == tf.constant(NEVER), axis=1)
        return decoding.Step(tf.where(never, float("-inf"), logits), states)

    def generate(self, prompt, length, method="sample", one_line=False, **options):
        """Goes on with prompts, in the graph.

        Args:
            prompt: string `(batch,)`; of at most `encoder.max_tokens` pieces.
            length: the most pieces to add, int or scalar tensor.
            method: "sample", "greedy" or "beam".
            one_line: whether to stop at the end of a line.
            **options: of "sample", `temperature`, `top_k`, `top_p`, `seed` and `first_row` of
                `nlpseq.decoding.sample`; of "beam", `beam_size` and `length_penalty` of
                `nlpseq.decoding.beam_search`.

        Returns:
            A dict of `text`, the prompt as it was read with what was added, and `added`
            alone, strings; `log_probability` of it, float32, among the pieces that are text;
            all `(batch,)`.
        """
        search, _ = METHODS[one_of("method", method, METHODS)]
        pieces = self.encoder(prompt)
        states, last = self._before_last(pieces)
        end = END if one_line else NO_END
        found = search(self._text_step, states, start=last, end=end, max_length=length, **options)
        added = tf.RaggedTensor.from_tensor(found.ids[:, 0], found.lengths[:, 0])
        read, whole = self.encoder.decode(pieces), self.encoder.decode(tf.concat([pieces, added], axis=1))
        return {
            "text": whole,
            "added": tf.strings.substr(whole, tf.strings.length(read), tf.strings.length(whole)),
            "log_probability": found.log_probabilities[:, 0],
        }

    def answer_generate(self, prompt, length, temperature, top_k, top_p, seed):
        """`generate` as the export serves it, with all the numbers as scalar tensors."""
        most = self.encoder.max_tokens
        longest = tf.reduce_max(tf.concat([self.encoder(prompt).row_lengths(), [0]], axis=0))
        checks = (
            (longest <= most, f"a prompt must have at most {most:,} pieces, got", longest),
            ((length >= 0) & (length <= MOST_ADDED), f"length must be between 0 and {MOST_ADDED:,}, got", length),
            ((temperature > 0) & (temperature < math.inf), "temperature must be above 0 and finite, got", temperature),
            (top_k >= 0, "top_k must be at least 0, got", top_k),
            ((top_p > 0) & (top_p <= 1), "top_p must be above 0 and at most 1, got", top_p),
        )
        with tf.control_dependencies([tf.debugging.Assert(right, [text, got]) for right, text, got in checks]):
            options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
            return self.generate(tf.identity(prompt), length, **options)

    def answer_init(self, prompt):
        """What comes after prompts `(batch,)`: `log_probabilities` `(batch, pieces)` of the next
        piece, the states `state_0`, `state_1`, ..., each `(batch, size)`, and `cut`, whether
        the prompt was longer than what is read: then its beginning is left out."""
        pieces = self.encoder(prompt)
        cut = pieces.row_lengths() > self.encoder.max_tokens
        states, last = self._before_last(pieces[:, -self.encoder.max_tokens :])
        return {**self._served_step(last, states), "cut": cut}

    def answer_step(self, token, **states):
        """What comes after one more piece, int32 `(batch,)`, from the states of `init` or `step`;
        as `init`, and `text`, what the piece adds to the text."""
        flat = [states[f"state_{number}"] for number in range(len(states))]
        found = self._served_step(token, tf.nest.pack_sequence_as(self.state_sizes, flat))
        return {**found, "text": self.encoder.texts(token)}

    def _served_step(self, tokens, states):
        logits, states, _ = self._step(tokens, states)
        flat = {f"state_{i}": tf.cast(each, tf.float32) for i, each in enumerate(tf.nest.flatten(states))}
        return {"log_probabilities": tf.nn.log_softmax(logits), **flat}

    def signatures(self):
        """The functions that an export serves, by name."""

        def spec(name, dtype=tf.float32, shape=()):
            return tf.TensorSpec(shape, dtype, name=name)

        score = tf.function(self.score, input_signature=[spec("text", tf.string, [None])])
        prompt = spec("prompt", tf.string, [None])
        numbers = [
            spec("length", tf.int32), spec("temperature"), spec("top_k", tf.int32), spec("top_p"),
            spec("seed", tf.int64),
        ]  # fmt: skip
        states = {
            f"state_{i}": spec(f"state_{i}", shape=[None, size])
            for i, size in enumerate(tf.nest.flatten(self.state_sizes))
        }
        return {
            "serving_default": score,
            "score": score,
            "generate": tf.function(self.answer_generate, input_signature=[prompt, *numbers]),
            "init": tf.function(self.answer_init, input_signature=[prompt]),
            "step": tf.function(self.answer_step).get_concrete_function(
                spec("token", tf.int32, [None]), **states
            ),
        }

    # Answers to lists of strings

    def predict_text(self, prompts, length=50, batch_size=32, method="sample", one_line=False, **options):
        """Goes on with prompts, at most `length` pieces each; see `generate`.

        The same seed gives the same, whatever the `batch_size`.

        Returns:
            A dict of lists: "text", the prompts as they were read with what was added,
            "added" alone, and "log_probability" of it.

        Raises:
            InputError: an option is unknown or out of its range; a prompt is too long.
        """
        _, known = METHODS[one_of("method", method, METHODS)]
        for name in options:
            one_of(f"option of method {method!r}", name, known)
        check_options(**{name: value for name, value in options.items() if name in CHECKED})
        in_range("length", length, 0, MOST_ADDED)
        in_range("length_penalty", options.get("length_penalty", 0), 0)
        prompts = tf.constant(as_texts(prompts), tf.string)
        self.encoder.check_length(prompts, "a prompt")
        found = {"text": [], "added": [], "log_probability": []}
        for start in range(0, len(prompts), batch_size):
            numbers = {"length": length, **options, **({"first_row": start} if method == "sample" else {})}
            answer = self._generator(method, one_line, numbers)(prompts[start : start + batch_size], **{
                name: tf.constant(value) for name, value in numbers.items() if name not in FIXED
            })  # fmt: skip
            for name in ("text", "added"):
                found[name] += [text.decode() for text in answer[name].numpy()]
            found["log_probability"] += answer["log_probability"].numpy().tolist()
        return found

    def _generator(self, method, one_line, numbers):
        """The traced generation; the numbers are tensors, but for what shapes the graph."""
        fixed = {name: value for name, value in numbers.items() if name in FIXED}
        key = method, one_line, *numbers, *fixed.values()
        if key not in self._functions:
            generate = functools.partial(self.generate, method=method, one_line=one_line, **fixed)
            self._functions[key] = tf.function(generate, autograph=False, reduce_retracing=True)
        return self._functions[key]

    def score_text(self, texts, batch_size=32):
        """Scores strings.

        Returns:
            A dict of lists, as of `score`: "tokens" and "log_probabilities", without the
            padding, "total", "perplexity", "unknown" and "cut".
        """
        if "score" not in self._functions:
            self._functions["score"] = tf.function(
                self.score, input_signature=[tf.TensorSpec([None], tf.string)]
            )
        found = {name: [] for name in ("tokens", "log_probabilities", "total", "perplexity", "unknown", "cut")}
        texts = tf.constant(as_texts(texts), tf.string)
        for answer in in_batches(self._functions["score"], texts, batch_size):
            for row, length in enumerate(answer["length"]):
                found["tokens"].append([token.decode() for token in answer["tokens"][row, :length]])
                found["log_probabilities"].append(answer["log_probabilities"][row, :length])
                for name in ("total", "perplexity", "unknown", "cut"):
                    found[name].append(np.asarray(answer[name][row]).item())
        return found

    def details(self):
        """How much of a text is read and added, and what a generator must not choose."""
        most = {"max_tokens": self.encoder.max_tokens, "most_added": MOST_ADDED}
        return {**most, "never": list(NEVER), "line_end": END}

    def limits(self):
        """What a user should know that the model cannot do, in sentences."""
        return [
            f"It knows {len(self.encoder):,} pieces of text, those of its training text; others count as "
            "unknown, and it never says them.",
            f"It scores {self.encoder.max_tokens:,} pieces of a text at most, and takes as many of a prompt.",
            "What it says is likely, not true.",
        ]
