"""What a language model answers: scores of texts, and how they go on."""

import functools
import math

import numpy as np
import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.decoding.sampling import check_options
from nlpseq.errors import in_range, one_of
from nlpseq.tasks.base import as_texts, in_batches
from nlpseq.text import END, PADDING, START, UNKNOWN

NEVER = (PADDING, UNKNOWN, START)  # ids that are no text
NO_END = -1  # an id that nothing has: a search for it goes on
MOST_ADDED = 100_000  # the most pieces that are added to a prompt
SCORED_ROWS = 1024  # steps whose distributions are held at a time
# How to generate, and the options of each way.
METHODS = {
    "sample": (decoding.sample, ("temperature", "top_k", "top_p", "seed")),
    "greedy": (decoding.greedy, ()),
    "beam": (decoding.beam_search, ("beam_size", "length_penalty")),
}
FIXED = ("beam_size",)  # what the shapes of a graph depend on
WHOLE_WORDS = ("word", "wordpiece")  # kinds whose pieces are shown without the space before them


class LanguageAnswers:
    """The answers of a `LanguageModel`, in the graph and to lists of strings.

    The model gives `encoder`, `buckets`, `state_sizes`, `_functions`, `_read`, `_step` and `_logits`.
    """

    # Scoring

    def score(self, text):
        """What the export serves: `text` `(batch,)` ->

        `tokens`, string, and `log_probabilities`, float32, each of the text's pieces given
        those before it, `(batch, longest)`, padded with "" and 0; `total`, their sum;
        `perplexity`, exp(-total / length), 1 for an empty text; `length`, int32; `unknown`,
        how many of the pieces are unknown, int32; and `cut`, whether the text was longer than
        what is read; all five `(batch,)`. A line end is a piece: a text that ends in one is
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
            **options: of "sample", those of `nlpseq.decoding.sample`; of "beam", `beam_size` and `length_penalty` of
                `nlpseq.decoding.beam_search`.

        Returns:
            A dict of `text`, the prompt as it was read with what was added, and `added`
            alone, strings; `log_probability` of it, and of the line end where it stopped there,
            float32, among the pieces that are text; all `(batch,)`.
        """
        return self._go_on(self.encoder(prompt), length, method, one_line, **options)

    def _go_on(self, pieces, length, method="sample", one_line=False, **options):
        """The same for prompts that are cut into pieces, ragged `(batch, None)`."""
        search, _ = METHODS[one_of("method", method, METHODS)]
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
        most, pieces = self.encoder.max_tokens, self.encoder(prompt)
        longest = tf.reduce_max(tf.concat([pieces.row_lengths(), [0]], axis=0))
        checks = (
            (longest <= most, f"a prompt must have at most {most:,} pieces, got", longest),
            ((length >= 0) & (length <= MOST_ADDED), f"length must be between 0 and {MOST_ADDED:,}, got", length),
            ((temperature > 0) & (temperature < math.inf), "temperature must be above 0 and finite, got", temperature),
            (top_k >= 0, "top_k must be at least 0, got", top_k),
            ((top_p > 0) & (top_p <= 1), "top_p must be above 0 and at most 1, got", top_p),
        )
        with tf.control_dependencies([tf.debugging.Assert(right, [text, got]) for right, text, got in checks]):
            options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
            return self._go_on(pieces, length, **options)

    def answer_init(self, prompt):
        """What comes after prompts `(batch,)`: `log_probabilities` `(batch, pieces)` of the next
        piece; the states `state_0`, `state_1`, ..., each `(batch, size)`; `cut`, whether the
        prompt was longer than what is read: then its beginning is left out; and `unknown`,
        int32, how many of the pieces that are read are unknown."""
        pieces = self.encoder(prompt)
        cut = pieces.row_lengths() > self.encoder.max_tokens
        pieces = pieces[:, -self.encoder.max_tokens :]
        states, last = self._before_last(pieces)
        unknown = tf.reduce_sum(tf.cast(pieces == UNKNOWN, tf.int32), axis=1)
        return {**self._served_step(last, states), "cut": cut, "unknown": unknown}

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
            "step": tf.function(self.answer_step).get_concrete_function(spec("token", tf.int32, [None]), **states),
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
        if method == "sample":
            check_options(**options)
        in_range("length", length, 0, MOST_ADDED)
        in_range("batch_size", batch_size, 1)
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
            self._functions["score"] = tf.function(self.score, input_signature=[tf.TensorSpec([None], tf.string)])
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
