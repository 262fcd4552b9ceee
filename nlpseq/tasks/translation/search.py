"""Translation by beam search in the graph: the signatures of exported translators."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.tasks.base import NumericFunction
from nlpseq.tasks.text_task import text_spec
from nlpseq.tasks.translation.memory import Memory
from nlpseq.text import END, PADDING, START, UNKNOWN

if TYPE_CHECKING:
    from nlpseq.tasks.translation.model import Translator

FORBIDDEN = -1e9  # logit offset of tokens that must not occur in a translation


class TranslationSearch:
    """Searches for translations with a `Translator`.

    Args:
        task: The translator; its `preprocessor`, `settings`, `encode`,
            `initial_states`, `step` and `logits` are used.
    """

    def __init__(self, task: "Translator"):
        self.task = task

    def __call__(
        self, texts: tf.Tensor, beam_size: int | None = None, n_best: int = 1
    ) -> tuple[decoding.Decoded, tf.Tensor]:
        """Translates texts by beam search, or by greedy search with a `beam_size` of 1.

        Greedy search applies no penalties: its scores are log-probabilities.

        Args:
            texts: String `(batch,)`.
            beam_size: Number of hypotheses. Default that of the settings.
            n_best: Number of translations of each text. Default 1.

        Returns:
            `(nlpseq.decoding.Decoded, sources)`, where `sources` are the ids that were read.
        """
        return self._search(self.task.preprocessor.source_tokens(texts), beam_size, n_best)

    def _search(self, tokens, beam_size=None, n_best=1):
        """As `__call__`, for tokenized texts, ragged `(batch, None)`."""
        task, settings = self.task, self.task.settings
        beam_size = max(n_best, settings.beam_size if beam_size is None else beam_size)
        sources = pad(task.preprocessor.append_end(tokens))
        memory = task.encode(sources)
        length = tf.reduce_sum(tf.cast(memory.mask, tf.float32), axis=1)
        longest = tf.minimum(10 + settings.length_ratio * length, float(task.preprocessor.max_tokens))

        def step(tokens, states):
            output, states, weights = task.step(memory, task.target_embedding(tokens), *states)
            return decoding.Step(self.without_special(task.logits(output)), (output, states), weights)

        penalties: dict[str, Any] = {
            "length_penalty": settings.length_penalty,
            "coverage_penalty": settings.coverage_penalty,
        }
        first = tf.zeros([tf.shape(sources)[0], settings.embedding_size], task.compute_dtype)
        decoded = decoding.beam_search(
            step,
            (first, task.initial_states(memory)),
            start=START,
            end=END,
            max_length=tf.cast(longest, tf.int32),
            beam_size=beam_size,
            n_best=n_best,
            source_mask=memory.mask,
            **(penalties if beam_size > 1 else {}),
        )
        return decoded, sources

    def without_special(self, logits: tf.Tensor) -> tf.Tensor:
        """Logits that exclude padding, the unknown token and the start symbol."""
        special = tf.one_hot([PADDING, UNKNOWN, START], len(self.task.preprocessor.target))
        return logits + FORBIDDEN * tf.reduce_sum(special, axis=0)

    # Numbers to numbers, for clients that search by themselves

    def encode_ids(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """What a step reads of sources `(batch, time)`: `memory`, `keys` or `summary`; and the first states."""
        memory = self.task.encode(ids)
        states = enumerate(tf.nest.flatten(self.task.initial_states(memory)))
        parts = {"memory": memory.states, **self._read_by_steps(memory)}
        return {**parts, **{f"state_{number}": tf.cast(state, tf.float32) for number, state in states}}

    def _read_by_steps(self, memory):
        """The part of a memory, beside its states, that a step reads."""
        return {"summary": memory.summary} if self.task.attention is None else {"keys": memory.keys}

    def step_numbers(
        self, tokens: tf.Tensor, output: tf.Tensor, real: tf.Tensor, memory: tf.Tensor, **others: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """A step of the decoder.

        Args:
            tokens: The previous tokens, int32 `(rows,)`, as many rows for each source.
            output: o of the previous step, float32 `(rows, embedding_size)`.
            real: Which positions of the sources are real, bool `(batch, source)`.
            memory, **others: What `encode_ids` returned, `(batch, ...)`, and the states `(rows, size)`.

        Returns:
            A dict of `logits`, `new_output`, `new_state_0`, ... and, with attention, `attention` `(rows, source)`.
        """
        task = self.task
        flat = [others.pop(f"state_{number}") for number in range(len(tf.nest.flatten(task.state_sizes)))]
        read = Memory(memory, real, others.get("keys"), others.get("summary", memory[:, 0]))
        states = tf.nest.pack_sequence_as(task.state_sizes, flat)
        output, new, weights = task.step(read, task.target_embedding(tokens), output, states)
        after = {f"new_state_{number}": state for number, state in enumerate(tf.nest.flatten(new))}
        attention = {} if weights is None else {"attention": weights}
        return {"logits": self.without_special(task.logits(output)), "new_output": output, **after, **attention}

    def step_function(self) -> NumericFunction:
        """`step_numbers` with the specifications of its inputs."""
        task, spec = self.task, lambda *sizes: tf.TensorSpec(sizes, tf.float32)
        units = 2 * (task.settings.units // 2)
        sizes = enumerate(tf.nest.flatten(task.state_sizes))
        states = {f"state_{number}": spec(None, size) for number, size in sizes}
        read = (
            {"summary": spec(None, units)} if task.attention is None else {"keys": spec(None, None, self._key_size())}
        )
        inputs = {
            "tokens": tf.TensorSpec([None], tf.int32),
            "output": spec(None, task.settings.embedding_size),
            **states,
            "real": tf.TensorSpec([None, None], tf.bool),
            "memory": spec(None, None, units),
            **read,
        }
        return NumericFunction(self.step_numbers, inputs, ("tokens", "output", *states))

    def _key_size(self):
        units = 2 * (self.task.settings.units // 2)
        return self.task.attention.project(tf.zeros([1, 1, units])).shape[-1]

    def answer(self, text: tf.Tensor, beam_size: int | None = None) -> dict[str, tf.Tensor]:
        """The output of "serving_default" for `text`, string `(batch,)`.

        Returns:
            A dict of tensors `(batch,)`: `translation`, string; `score`, float32, by which the
            search ranks; `truncated`, bool, whether the end of the text was ignored.
        """
        preprocessor = self.task.preprocessor
        tokens = preprocessor.source_tokens(text)
        decoded, _ = self._search(tokens, beam_size)
        return {
            "translation": preprocessor.target.decode(decoded.ids[:, 0]),
            "score": decoded.scores[:, 0],
            "truncated": preprocessor.is_truncated(tokens),
        }

    def answer_nbest(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "translate_nbest": `translations`, string, and `scores`, float32, `(batch, beam_size)`."""
        decoded, _ = self(text, n_best=self.task.settings.beam_size)
        return {"translations": self.task.preprocessor.target.decode(decoded.ids), "scores": decoded.scores}

    def answer_attention(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "translate_attention": as `answer_nbest`, with tokens and attention weights.

        Returns:
            Also `source_tokens`, string `(batch, source)`, and `target_tokens`, string
            `(batch, beam_size, target)`, padded with ""; `attention`, float32
            `(batch, beam_size, target, source)`, the weights for each target token.
        """
        preprocessor = self.task.preprocessor
        decoded, sources = self(text, n_best=self.task.settings.beam_size)
        return {
            "translations": preprocessor.target.decode(decoded.ids),
            "scores": decoded.scores,
            "source_tokens": _token_strings(preprocessor.source, sources),
            "target_tokens": _token_strings(preprocessor.target, decoded.ids),
            "attention": decoded.attention,
        }

    def signatures(self) -> dict[str, Callable]:
        """The signatures of an export by name, as functions not traced yet."""
        functions = {"serving_default": self.answer, "translate_nbest": self.answer_nbest}
        if self.task.attention is not None:
            functions["translate_attention"] = self.answer_attention
        spec = [text_spec("text")]
        return {name: tf.function(function, spec, autograph=False) for name, function in functions.items()}


def attention_samples(task: "Translator", texts: Sequence, count: int = 3, longest: int = 16) -> list[tuple]:
    """Attention weights of example translations, for plots.

    Args:
        task: The translator.
        texts: Sentences; the first ones of suitable length are translated.
        count: Maximum number of samples. Default 3.
        longest: Maximum number of source tokens. Default 16.

    Returns:
        A list of `(source tokens, target tokens, weights (target, source))`. Empty translations,
        and those of more than twice `longest` tokens, are left out; without attention the list
        is empty.
    """
    if task.attention is None:
        return []
    lengths = {text: len(task.preprocessor([text])[0]) for text in texts[: 20 * count]}
    fitting = [text for text, length in lengths.items() if length <= longest]
    samples = []
    for text in ([text for text in fitting if lengths[text] > 4] or fitting)[:count]:
        answer = task.search.answer_attention(tf.constant([text]))
        source, target = (
            [token.decode().strip() for token in tokens.numpy() if token]
            for tokens in (answer["source_tokens"][0], answer["target_tokens"][0, 0])
        )
        if 0 < len(target) <= 2 * longest:
            weights = answer["attention"][0, 0, : len(target), : len(source)].numpy()
            samples.append((source, target, weights))
    return samples


def _token_strings(tokenizer, ids):
    """The token strings of ids, "" for padding."""
    return tf.gather(tf.constant(["", *tokenizer.pieces[1:]]), ids)
