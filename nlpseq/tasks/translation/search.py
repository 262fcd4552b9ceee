"""Translations by beam search, in the graph: what an exported translator serves."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.tasks.text_task import text_spec
from nlpseq.text import END, PADDING, START, UNKNOWN

if TYPE_CHECKING:
    from nlpseq.tasks.translation.model import Translator

FORBIDDEN = -1e9  # the logit of a token that no translation holds


class TranslationSearch:
    """Searches for translations with a `Translator`.

    Args:
        task: The translator, of which it uses `preprocessor`, `settings`, `buckets`, `encode`,
            `initial_states`, `step` and `logits`.
    """

    def __init__(self, task: "Translator"):
        self.task = task

    def __call__(self, texts: tf.Tensor, beam_size: int | None = None, n_best: int = 1):
        """Translates `texts` `(batch,)` by beam search, or greedily with a `beam_size` of 1.

        Greedy search has no penalties: its scores are log-probabilities.

        Returns:
            `(nlpseq.decoding.Decoded, sources)`, the latter the ids that were read.
        """
        return self._search(self.task.preprocessor.source(texts), beam_size, n_best)

    def _search(self, tokens, beam_size=None, n_best=1):
        """The same for tokenized texts, ragged `(batch, None)`."""
        task, settings = self.task, self.task.settings
        beam_size = max(n_best, settings.beam_size if beam_size is None else beam_size)
        sources = pad(task.preprocessor.append_end(tokens), task.buckets)
        memory = task.encode(sources)
        length = tf.reduce_sum(tf.cast(memory.mask, tf.float32), axis=1)
        longest = tf.minimum(10 + settings.length_ratio * length, float(task.preprocessor.max_tokens))

        def step(tokens, states):
            output, states, weights = task.step(memory, task.target_embedding(tokens), *states)
            return decoding.Step(self.without_special(task.logits(output)), (output, states), weights)

        penalties = {"length_penalty": settings.length_penalty, "coverage_penalty": settings.coverage_penalty}
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
        """Logits in which tokens that no translation holds are forbidden."""
        special = tf.one_hot([PADDING, UNKNOWN, START], len(self.task.preprocessor.target))
        return logits + FORBIDDEN * tf.reduce_sum(special, axis=0)

    def answer(self, text: tf.Tensor, beam_size: int | None = None) -> dict[str, tf.Tensor]:
        """What "serving_default" gives: `text` `(batch,)` ->

        `translation`, string, and `score`, by which the search ranks, float32;
        `truncated`, whether the text was longer than what is read; all `(batch,)`.
        """
        preprocessor = self.task.preprocessor
        tokens = preprocessor.source(text)
        decoded, _ = self._search(tokens, beam_size)
        return {
            "translation": preprocessor.target.decode(decoded.ids[:, 0]),
            "score": decoded.scores[:, 0],
            "truncated": preprocessor.is_truncated(tokens),
        }

    def answer_nbest(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The `beam_size` best: `translations`, string, and `scores`, `(batch, beam_size)`."""
        decoded, _ = self(text, n_best=self.task.settings.beam_size)
        return {"translations": self.task.preprocessor.target.decode(decoded.ids), "scores": decoded.scores}

    def answer_attention(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same, with the attention of the translations.

        `source_tokens` `(batch, source)` and `target_tokens` `(batch, beam_size, target)`, ""
        after the end; `attention` `(batch, beam_size, target, source)`, of each target token.
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

    def signatures(self) -> dict:
        """The functions that an export serves, by name, not yet traced."""
        functions = {"serving_default": self.answer, "translate_nbest": self.answer_nbest}
        if self.task.attention is not None:
            functions["translate_attention"] = self.answer_attention
        spec = [text_spec("text")]
        return {name: tf.function(function, input_signature=spec) for name, function in functions.items()}


def attention_samples(task: "Translator", texts, count: int = 3, longest: int = 16) -> list[tuple]:
    """What translations attend to, of the first sentences of up to `longest` tokens.

    Returns:
        A list of `(source tokens, target tokens, weights (target, source))`, without
        translations that are empty or twice as long; empty for a task without attention.
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
    """The tokens of ids as strings, "" for padding."""
    return tf.gather(tf.constant(["", *tokenizer.pieces[1:]]), ids)
