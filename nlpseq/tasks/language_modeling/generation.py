"""Generation with a language model in the graph: whole completions, or single steps."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.errors import one_of
from nlpseq.tasks.checked import checked
from nlpseq.tasks.language_modeling.parts import read_in_parts
from nlpseq.tasks.language_modeling.settings import MOST_ADDED
from nlpseq.tasks.text_task import text_spec
from nlpseq.text import END, PADDING, START, UNKNOWN

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.model import LanguageModel

SPECIAL = (PADDING, UNKNOWN, START)  # ids that are never generated
NO_END = -1  # not the id of any token: the search never stops early
# The search function and the options of each method.
METHODS = {
    "sample": (decoding.sample, ("temperature", "top_k", "top_p", "seed")),
    "greedy": (decoding.greedy, ()),
    "beam": (decoding.beam_search, ("beam_size", "length_penalty")),
}


class Generator:
    """Completes prompts with a `LanguageModel`.

    Args:
        task: The model; its `preprocessor`, `state_sizes`, `run` and `advance` are used.
    """

    def __init__(self, task: "LanguageModel"):
        self.task = task

    def __call__(
        self, prompt: tf.Tensor, length: int | tf.Tensor, method: str = "sample", one_line: bool = False, **options: Any
    ) -> dict[str, tf.Tensor]:
        """Completes prompts.

        Args:
            prompt: String `(batch,)`, at most `preprocessor.max_tokens` tokens each.
            length: Maximum number of tokens to generate, int or scalar tensor.
            method: "sample", "greedy" or "beam". Default "sample".
            one_line: Whether to stop at the end of a line. Default False.
            **options: For "sample" those of `nlpseq.decoding.sample`; for "beam" `beam_size` and
                `length_penalty` of `nlpseq.decoding.beam_search`.

        Returns:
            A dict of tensors `(batch,)`: `text`, string, the prompt as it was given and the completion;
            `added`, string, the completion only, without a space before it if the prompt ends in
            a blank; `log_probability`, float32, of the completion, including the line end at
            which it stopped, with special tokens excluded.
        """
        return self._complete(prompt, self.task.preprocessor(prompt), length, method, one_line, **options)

    def _complete(self, prompts, tokens, length, method="sample", one_line=False, **options):
        """As `__call__`, for the prompts and their tokens, ragged `(batch, None)`."""
        search, _ = METHODS[one_of("method", method, METHODS)]
        states, last = self._read_prompt(tokens)
        end = END if one_line else NO_END
        decoded = search(self._text_step, states, start=last, end=end, max_length=length, **options)
        added = tf.RaggedTensor.from_tensor(decoded.ids[:, 0], decoded.lengths[:, 0])
        decode = self.task.preprocessor.decode
        prompt, text = decode(tokens), decode(tf.concat([tokens, added], axis=1))
        new = tf.strings.substr(text, tf.strings.length(prompt), tf.strings.length(text))
        after_blank = tf.strings.regex_full_match(prompts, r"\C*[\s\pZ\p{Cc}]")
        new = tf.where(after_blank, tf.strings.regex_replace(new, "^ ", ""), new)
        return {
            "text": tf.strings.join([prompts, new]),
            "added": new,
            "log_probability": decoded.log_probabilities[:, 0],
        }

    def _read_prompt(self, tokens):
        """The states before the last token of ragged prompts, and that token `(batch,)`."""
        symbols = tf.concat([tf.fill([tokens.nrows(), 1], END), tokens], axis=1)
        before = symbols[:, :-1]
        states, _ = read_in_parts(self.task, pad(before), tf.cast(before.row_lengths(), tf.int32))
        return states, symbols[:, -1:].values

    def _text_step(self, tokens, states):
        """A step in which special tokens have probability zero."""
        logits, states, _ = self.task.advance(tokens, states)
        ids = tf.range(len(self.task.preprocessor))[:, tf.newaxis]
        special = tf.reduce_any(ids == tf.constant(SPECIAL), axis=1)
        return decoding.Step(tf.where(special, float("-inf"), logits), states)

    # Signatures of an export

    def answer_generate(
        self,
        prompt: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        top_k: tf.Tensor,
        top_p: tf.Tensor,
        seed: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """The output of "generate": sampled completions, with all options as scalar tensors."""
        most = self.task.preprocessor.max_tokens
        length, temperature, top_k, top_p, seed = (
            tf.ensure_shape(number, []) for number in (length, temperature, top_k, top_p, seed)
        )
        tokens = self.task.preprocessor(prompt, first=most + 1)
        longest = tf.reduce_max(tf.concat([tokens.row_lengths(), [0]], axis=0))
        checks = (
            (longest <= most, f"a prompt must have at most {most:,} tokens, got", longest),
            ((length >= 0) & (length <= MOST_ADDED), f"length must be between 0 and {MOST_ADDED:,}, got", length),
            (
                (temperature >= np.finfo(np.float32).tiny) & (temperature < math.inf),
                "temperature must be above 0 and finite, got",
                temperature,
            ),
            (top_k >= 0, "top_k must be at least 0, got", top_k),
            ((top_p > 0) & (top_p <= 1), "top_p must be above 0 and at most 1, got", top_p),
        )
        with _after(checks):
            options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
            return self._complete(prompt, tokens, length, **options)

    def answer_init(self, prompt: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "init" for prompts, string `(batch,)`.

        Returns:
            A dict of `log_probabilities` of the next token, float32 `(batch, tokens)`; the
            states `state_0`, `state_1`, ..., float32 `(batch, size)`; `truncated`, bool
            `(batch,)`, whether the beginning of a too long prompt was dropped; `unknown`,
            int32 `(batch,)`, the number of unknown tokens that were read.
        """
        most = self.task.preprocessor.max_tokens
        tokens = self.task.preprocessor(prompt, last=most + 1)
        truncated = tokens.row_lengths() > most
        tokens = tokens[:, -most:]
        states, last = self._read_prompt(tokens)
        unknown = tf.reduce_sum(tf.cast(tokens == UNKNOWN, tf.int32), axis=1)
        return {**self._served_step(last, states), "truncated": truncated, "unknown": unknown}

    def answer_step(self, token: tf.Tensor, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "step".

        Args:
            token: The next token, int32 `(batch,)`.
            **states: The states that "init" or "step" returned for the same rows.

        Returns:
            `log_probabilities` and states as from "init", and `text`, string `(batch,)`, the
            text of the token.
        """
        flat, count = [states[f"state_{number}"] for number in range(len(states))], len(self.task.preprocessor)
        is_token = tf.reduce_all((token >= 0) & (token < count))
        with _after([(is_token, f"token must be from 0 to {count - 1}, got", token)]):
            token = tf.identity(token)
            answer = self._served_step(token, tf.nest.pack_sequence_as(self.task.state_sizes, flat))
            return {**answer, "text": self.task.preprocessor.texts(token)}

    def _served_step(self, tokens, states):
        logits, states, _ = self.task.advance(tokens, states)
        flat = {f"state_{i}": tf.cast(state, tf.float32) for i, state in enumerate(tf.nest.flatten(states))}
        return {"log_probabilities": tf.nn.log_softmax(logits), **flat}

    def signatures(self) -> dict[str, Callable]:
        """The signatures "generate", "init" and "step"."""
        options = [
            tf.TensorSpec([], dtype, name=name)
            for name, dtype in {
                "length": tf.int32,
                "temperature": tf.float32,
                "top_k": tf.int32,
                "top_p": tf.float32,
                "seed": tf.int64,
            }.items()
        ]
        states = {
            f"state_{i}": tf.TensorSpec([None, size], tf.float32, name=f"state_{i}")
            for i, size in enumerate(tf.nest.flatten(self.task.state_sizes))
        }
        prompt, token = text_spec("prompt"), tf.TensorSpec([None], tf.int32, name="token")
        step = tf.function(checked(self.answer_step, states), autograph=False)
        return {
            "generate": tf.function(self.answer_generate, [prompt, *options], autograph=False),
            "init": tf.function(self.answer_init, [prompt], autograph=False),
            "step": step.get_concrete_function(token, **states),
        }


def _after(checks):
    """A context whose operations run after the checks `(right, message, value)`, a wrong one of which is an error."""
    return tf.control_dependencies([tf.debugging.Assert(right, [text, value]) for right, text, value in checks])
