"""Language models: the probability of a text, and its continuation."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.data.prepared_text import PreparedText
from nlpseq.data.segments import continuous_segments, mark_first, shifted_segments
from nlpseq.decoding.sampling import check_options
from nlpseq.errors import InputError, in_range, of_type, one_of, whole
from nlpseq.tasks.base import Look, NamedAxis, NumericFunction, in_batches
from nlpseq.tasks.embeddings import FactoredLogits, ScaledEmbedding, token_logits
from nlpseq.tasks.language_modeling.carried import CarriedStates
from nlpseq.tasks.language_modeling.checking import checked_step
from nlpseq.tasks.language_modeling.dynamic import DynamicEvaluation, adapted_scores
from nlpseq.tasks.language_modeling.generation import METHODS, SPECIAL, Generator
from nlpseq.tasks.language_modeling.parts import read_in_parts
from nlpseq.tasks.language_modeling.scoring import Scorer
from nlpseq.tasks.language_modeling.settings import MOST_ADDED, LanguageModelSettings
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.tasks.recurrent import recurrent_layers, state_sizes
from nlpseq.tasks.text_task import TextTask, TracedFunctions, as_texts, text_spec
from nlpseq.text import END

STATIC = ("beam_size",)  # options that determine shapes in the graph


@keras.saving.register_keras_serializable("nlpseq")
class LanguageModel(TextTask):
    """A recurrent language model, with the regularizers of Merity et al. (2018).

        x_t = sqrt(size) E w_t
        h^1_t, s^1_t = RNN(x_t, s^1_{t-1}),  h^k_t, s^k_t = RNN(h^{k-1}_t, s^k_{t-1})
        o_t = dropout(h^L_t), or W_o dropout(h^L_t) if its size differs from that of E
        P(w_{t+1} | w_1 ... w_t) = softmax(E o_t + b)

    Input and output share their embeddings E, as in Inan et al. (2017) and Press and Wolf (2017).
    If they are not tied, the output has separate embeddings of the size of h^L_t.

    The model is trained on segments of `steps` tokens (truncated backpropagation through time,
    Williams and Peng 1990): each row of a batch continues the same row of the previous batch, and
    its states are carried over. The context of the first token is a line end.

    Dropout in training applies to whole words (`embedding_dropout`); to features of the input,
    between layers and of the output h^L, with one mask per segment (Gal and Ghahramani 2016); and
    to entries of the recurrent kernels, with one mask per batch (`weight_dropout`). The activation
    regularizers add to the loss

        activation * mean(dropout(h^L)^2) + temporal_activation * mean((h^L_t - h^L_{t-1})^2)

    Args:
        preprocessor: `nlpseq.text.LinePreprocessor`.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.language_modeling.settings.LanguageModelSettings`,
            which documents their meaning, range and default: cell, units, layers, embedding_size,
            tied, steps, dropout, hidden_dropout, output_dropout, embedding_dropout,
            weight_dropout, recurrent_dropout, activation_regularization (`activation` above),
            temporal_activation_regularization.

    Call arguments:
        inputs: int32 ids `(batch, time)`; or `(ids, first)`, where `first`, bool or int, a number
            or `(batch,)`, says whether the text of a row begins with this batch, or continues the
            previous batch of this size, whose states are then used. Training and inference keep
            separate states, and so does each replica of a `tf.distribute` strategy.
        training: Whether dropout applies. Default False.

    Returns:
        Logits of the next id at each step, float32 `(batch, time, tokens)`.

    Raises:
        InputError: a setting is unknown or outside its range.

    Example:

    >>> preprocessor = nlpseq.text.LinePreprocessor.learn(["the cat sat", "the dog sat"], kind="word")
    >>> task = LanguageModel(preprocessor, units=8, embedding_size=4)
    >>> scores = task.score_text(["the dog"])
    >>> scores["tokens"], scores["log_probabilities"][0].shape
    ([['the', 'dog']], (2,))
    """

    kind = "language_model"
    purpose = "Estimates the probability of a text, or continues it."
    settings_class = LanguageModelSettings
    settings: LanguageModelSettings
    warmup_texts = ("", "one short text", "a longer text " * 5)
    metric, metric_mode = "loss", "min"

    def make_layers(self):
        settings, count = self.settings, len(self.preprocessor)
        self.embedding = ScaledEmbedding(count, settings.embedding_size)
        self.embedding_dropout = keras.layers.Dropout(settings.embedding_dropout)
        self.input_dropout = keras.layers.SpatialDropout1D(settings.dropout)
        self.hidden_dropout = keras.layers.SpatialDropout1D(settings.hidden_dropout)
        self.output_dropout = keras.layers.SpatialDropout1D(settings.output_dropout)
        self.recurrent = recurrent_layers(**settings.recurrent(), bidirectional=False, return_state=True)
        self.state_sizes = [state_sizes(layer) for layer in self.recurrent]
        self.readout, self.output_embedding = None, self.embedding
        if not settings.tied:
            self.output_embedding = ScaledEmbedding(count, settings.units)
        elif settings.units != settings.embedding_size:
            self.readout = keras.layers.Dense(settings.embedding_size, use_bias=False)
        self.make_functions()

    def make_functions(self) -> None:
        """What reads texts with the layers, and the states between batches."""
        self.score, self.generate = Scorer(self), Generator(self)
        self.carried = CarriedStates(self.state_sizes)
        self._functions = TracedFunctions()

    @property
    def input_shapes(self):
        return (None, None)

    def build(self, input_shape=None):
        units, size = self.settings.units, self.settings.embedding_size
        self.embedding.build((None, None))
        for number, layer in enumerate(self.recurrent):
            layer.build((None, None, units if number else size))
        if self.readout is not None:
            self.readout.build((None, None, units))
        self.output_embedding.build((None, None))
        self.bias = self.add_weight(name="bias", shape=(len(self.preprocessor),), dtype="float32", autocast=False)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        ids, first = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        if first is None:
            hidden, _ = self.run(ids, training=training)
            return self.logits(hidden, training)
        first, streams = tf.reshape(tf.cast(first, bool), [-1, 1]), ids.shape[0]
        hidden, states = self.run(ids, self.carried.before(first, training, streams), training=training)
        self.carried.assign(states, training, streams)
        return self.logits(hidden, training)

    def combined(self, others):
        from nlpseq.tasks.language_modeling.ensemble import LanguageModelEnsemble

        return LanguageModelEnsemble.of([self, *others])

    def named_axes(self):
        weights = {id(weight): weight for weight in (
            self.embedding.embeddings, self.output_embedding.embeddings, self.bias
        )}  # fmt: skip
        return [NamedAxis(weight, 0, "tokens", self.preprocessor.tokenizer.pieces) for weight in weights.values()]

    def extra_state(self):
        """The carried states."""
        return self.carried.values()

    def restore_extra_state(self, state):
        self.carried.restore(state)

    def look(self, example: str, answer: str | None = None) -> Look:
        """A text as `nlpseq.diagnostics` examines it; the score is the log-probability of the token that follows.

        Args:
            example: The text, of which the last `max_tokens` tokens are read.
            answer: The token that follows, the first one of this text. Default the most probable one.
        """
        ids = self.preprocessor(tf.constant(as_texts(example), tf.string), last=self.preprocessor.max_tokens - 1)
        inputs = tf.concat([[[END]], ids.to_tensor()], axis=1)
        if answer is None:
            token = int(np.argmax(self(inputs)[0, -1]))
        else:
            following = self.preprocessor(tf.constant(as_texts(answer), tf.string)).to_list()[0]
            if not following:
                raise InputError("`answer` has no token: give the one that follows.")
            token = following[0]
        *steps, name = self._names(tf.concat([inputs, [[token]]], axis=1))

        def score(logits):
            return tf.nn.log_softmax(tf.cast(logits[:, -1], tf.float32))[:, token]

        return Look(inputs, steps, name, score, self.reads())

    def _names(self, ids):
        """The strings of ids `(1, time)`, a line end as a backslash and n."""
        names = self.preprocessor.texts(ids)[0].numpy()
        return [name.decode("utf-8", "replace").replace("\n", r"\n") for name in names]

    def reads(self):
        return [(self, "_embed")]

    def run(
        self, ids: tf.Tensor, states: list | None = None, mask: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, list]:
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
        if not (training and self.settings.embedding_dropout):
            return vectors
        factors = self.embedding_dropout(tf.ones([len(self.preprocessor), 1], vectors.dtype), training=True)
        return vectors * tf.gather(factors, ids)

    def logits(self, hidden: tf.Tensor, training: bool = False) -> "tf.Tensor | FactoredLogits":
        """Logits `(..., tokens)` of outputs `(..., units)`."""
        outputs = hidden
        if training:
            outputs = self.output_dropout(hidden, training=True)
            self._regularize(hidden, outputs)
        if self.readout is not None:
            outputs = self.readout(outputs)
        return token_logits(outputs, self.output_embedding, self.bias, training)

    def _regularize(self, hidden, dropped):
        """Adds the activation regularizers to the loss."""
        settings, hidden, dropped = self.settings, tf.cast(hidden, tf.float32), tf.cast(dropped, tf.float32)
        if settings.activation_regularization:
            self.add_loss(settings.activation_regularization * tf.reduce_mean(tf.square(dropped)))
        if settings.temporal_activation_regularization:
            squares = tf.square(hidden[:, 1:] - hidden[:, :-1])
            count = tf.cast(tf.maximum(tf.size(squares), 1), tf.float32)  # none in a segment of one step
            self.add_loss(settings.temporal_activation_regularization * tf.reduce_sum(squares) / count)

    def step(self, tokens: tf.Tensor, states: list) -> decoding.Step:
        """One step for tokens `(rows,)`: logits of the next token, and the states of each layer.

        Args:
            tokens: Ids, integers `(rows,)`.
            states: For each layer a list of its states, `(rows, size)`, of the sizes in `state_sizes`.

        Raises:
            InputError: an id is that of no token; the states are not those of the layers, a row for each token.
                In a graph values raise `tf.errors.InvalidArgumentError`.
        """
        return self.advance(*checked_step(tokens, states, len(self.preprocessor), self.state_sizes))

    def advance(self, tokens: tf.Tensor, states: list) -> decoding.Step:
        """As `step`, without checks: for loops whose tokens and states are its own."""
        hidden, new_states = self.embedding(tokens), []
        for layer, state in zip(self.recurrent, states, strict=True):
            hidden, state = layer.cell(hidden, list(state))
            new_states.append(list(state))
        return decoding.Step(self.logits(hidden), new_states)

    def prepare(self, examples: Any, batch_size: int = 20, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `((ids, first), labels)` of `nlpseq.data.Lines`, in `batch_size` parallel streams of the text.

        The labels are the ids one step later. In training, segments start at a different offset
        in each epoch, and incomplete segments are dropped. Otherwise the last segment may be
        shorter, although Keras's mean loss gives it the same weight, and only ids that do not fill
        the streams are dropped: none with a `batch_size` of 1. A text with fewer tokens than
        `batch_size` has one stream per token. The text of a prepared corpus,
        `nlpseq.data.prepared_text.PreparedText`, is read from disk.
        """
        ids = examples if isinstance(examples, PreparedText) else self.ids_of(examples)
        if training:
            return shifted_segments(ids, batch_size, self.settings.steps, seed)
        streams = min(batch_size, len(ids) - 1)
        return mark_first(continuous_segments(ids, streams, self.settings.steps))

    def ids_of(self, text: Any, most: int | None = None) -> tf.Tensor:
        """The ids of `nlpseq.data.Lines` or of a `PreparedText`, the first `most`, with a line end before them."""
        if isinstance(text, PreparedText):
            return tf.constant(text.beginning(text.size if most is None else most))
        return tf.concat([[END], self.preprocessor.encode_corpus(text.lines)], axis=0)[:most]

    def default_loss(self):
        """Cross-entropy in nats per token."""
        return SmoothedCrossEntropy()

    def answer(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default": scores, as from `nlpseq.tasks.language_modeling.scoring.Scorer`."""
        return self.score(text)

    def vectors(self, text):
        """The mean output h^L over a line end, the context of a text, and the first tokens of the text."""
        tokens = self.preprocessor(text, first=self.preprocessor.max_tokens)
        ids = tf.concat([tf.fill([tokens.nrows(), 1], END), tokens], axis=1)
        lengths = tf.cast(ids.row_lengths(), tf.int32)

        def add(hidden, start, total):
            real = tf.sequence_mask(lengths - start, tf.shape(hidden)[1], tf.float32)
            return total + tf.reduce_sum(tf.cast(hidden, tf.float32) * real[..., tf.newaxis], axis=1)

        total = tf.zeros([tf.shape(lengths)[0], self.settings.units])
        _, total = read_in_parts(self, pad(ids), visit=add, total=total)
        return total / tf.cast(lengths, tf.float32)[:, tf.newaxis]

    def signatures(self):
        score = tf.function(self.score, [text_spec("text")], autograph=False)
        return {**super().signatures(), "serving_default": score, "score": score, **self.generate.signatures()}

    def predict_text(
        self,
        prompts: str | bytes | Sequence,
        length: int = 50,
        batch_size: int = 32,
        method: str = "sample",
        one_line: bool = False,
        **options: Any,
    ) -> dict[str, list]:
        """Completes prompts.

        Samples depend on the seed, but not on `batch_size`.

        Args:
            prompts: A string, or a sequence of strings (str or bytes).
            length: Maximum number of tokens to generate. Default 50.
            batch_size: Maximum number of prompts in a batch. Default 32.
            method: "sample", "greedy" or "beam". Default "sample".
            one_line: Whether to stop at the end of a line. Default False.
            **options: Options of the method, as in
                `nlpseq.tasks.language_modeling.generation.Generator`.

        Returns:
            A dict of lists: "text", the prompts with their completions; "added", the
            completions only; and "log_probability", that of each completion.

        Raises:
            InputError: an option is unknown or outside its range; a prompt is too long.
        """
        _, allowed = METHODS[one_of("method", method, METHODS)]
        for name in options:
            one_of(f"option of method {method!r}", name, allowed)
        if method == "sample":
            check_options(**options)
        whole("length", length, 0, MOST_ADDED)
        whole("batch_size", batch_size, 1)
        of_type("one_line", one_line, bool)
        in_range("length_penalty", options.get("length_penalty", 0), 0)
        prompts = tf.constant(as_texts(prompts), tf.string)
        self.preprocessor.check_length(prompts, "a prompt")
        answers = {"text": [], "added": [], "log_probability": []}
        for start in range(0, len(prompts), batch_size):
            numbers = {"length": length, **options, **({"first_row": start} if method == "sample" else {})}
            tensors = {name: tf.constant(value) for name, value in numbers.items() if name not in STATIC}
            answer = self._traced_generator(method, one_line, numbers)(prompts[start : start + batch_size], **tensors)
            for name in ("text", "added"):
                answers[name] += [text.decode("utf-8", "replace") for text in answer[name].numpy()]
            answers["log_probability"] += answer["log_probability"].numpy().tolist()
        return answers

    def _traced_generator(self, method, one_line, numbers):
        """The traced `tf.function`; numeric options are tensors, except those that determine shapes."""
        static = {name: value for name, value in numbers.items() if name in STATIC}
        key = method, one_line, *numbers, *static.values()
        generate = functools.partial(self.generate, method=method, one_line=one_line, **static)
        return self._functions.get(key, lambda: tf.function(generate, autograph=False, reduce_retracing=True))

    def score_text(
        self,
        texts: str | bytes | Sequence | np.ndarray,
        batch_size: int = 32,
        dynamic: "bool | DynamicEvaluation" = False,
    ) -> dict[str, list]:
        """Scores texts.

        Args:
            texts: A string, or a sequence of strings (str or bytes).
            batch_size: Maximum number of texts in a batch. Default 32.
            dynamic: Whether the model adapts to a text while it reads it; or a `nlpseq.tasks.DynamicEvaluation`
                that says how. Each text begins with the trained weights. Default False.

        Returns:
            A dict of lists: "tokens" and "log_probabilities" without padding, "total",
            "perplexity", "unknown" and "truncated"; see
            `nlpseq.tasks.language_modeling.scoring.Scorer`.
        """
        if not isinstance(dynamic, (bool, DynamicEvaluation)):
            raise InputError(f"`dynamic` must be True, False or a `DynamicEvaluation`, got {dynamic!r}.")
        score = self._functions.get("score", lambda: tf.function(self.score, [text_spec("text")], autograph=False))
        scores = ("total", "perplexity", "unknown", "truncated")
        answers = {name: [] for name in ("tokens", "log_probabilities", *scores)}
        texts = tf.constant(as_texts(texts), tf.string)
        for answer in in_batches(score, texts, batch_size):
            for row, length in enumerate(answer["length"]):
                answers["tokens"].append([token.decode() for token in answer["tokens"][row, :length]])
                answers["log_probabilities"].append(answer["log_probabilities"][row, :length])
                for name in scores:
                    answers[name].append(np.asarray(answer[name][row]).item())
        if dynamic:
            adapting = DynamicEvaluation(self) if dynamic is True else dynamic
            answers |= adapted_scores(adapting, [self.preprocessor(texts[i : i + 1])[0] for i in range(len(texts))])
        return answers

    def read(self, ids: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """Reads a part of each text.

        Args:
            ids, targets: The ids, and those that follow them, int32 `(batch, time)`.
            lengths: How many of them are real, 1 or more, int32 `(batch,)`.
            **states: The states before the part, `state_0`, `state_1`, ..., float32 `(batch, size)`.

        Returns:
            A dict of `log_probabilities` of the targets, float32 `(batch, time)`; `next`, those of all tokens after
            the last id, float32 `(batch, tokens)`; and the states after it, `new_state_0`, ...
        """
        flat = [states[f"state_{number}"] for number in range(len(states))]
        mask = tf.sequence_mask(lengths, tf.shape(ids)[1])
        hidden, new = self.run(ids, tf.nest.pack_sequence_as(self.state_sizes, flat), mask)
        scores = tf.nn.log_softmax(self.logits(hidden))
        after = {f"new_state_{number}": tf.cast(state, tf.float32) for number, state in enumerate(tf.nest.flatten(new))}
        return {
            "log_probabilities": tf.gather(scores, targets, batch_dims=2),
            "next": tf.gather(scores, lengths - 1, batch_dims=1),
            **after,
        }

    def validation_sample(self, examples, count):
        return [(line.decode(), None) for line in examples.lines[:count]]

    def numeric_functions(self):
        ids = tf.TensorSpec([None, None], tf.int32)
        sizes = enumerate(tf.nest.flatten(self.state_sizes))
        states = {f"state_{number}": tf.TensorSpec([None, size], tf.float32) for number, size in sizes}
        inputs = {"ids": ids, "targets": ids, "lengths": tf.TensorSpec([None], tf.int32), **states}
        return {"read": NumericFunction(self.read, inputs)}

    def client_options(self):
        """The sizes of the states."""
        return {"state_sizes": tf.nest.flatten(self.state_sizes)}

    def details(self):
        """The greatest lengths of prompts and completions, and the special token ids."""
        most = {"max_tokens": self.preprocessor.max_tokens, "most_added": MOST_ADDED}
        return {**most, "special": list(SPECIAL), "line_end": END}

    def limits(self):
        most = self.preprocessor.max_tokens
        return [
            f"Its vocabulary has {len(self.preprocessor):,} tokens from its training text; all others are unknown "
            "tokens, which it never generates.",
            f"It scores at most {most:,} tokens of a text and reads at most as many of a prompt.",
            "Generated text is plausible, not necessarily true.",
        ]
