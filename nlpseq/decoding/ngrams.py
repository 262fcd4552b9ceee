"""N-grams of tokens as an automaton, for shallow fusion."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.decoding.contract import Step
from nlpseq.decoding.ctc import Fusion
from nlpseq.errors import in_range

MOST_CELLS = 2**24  # probabilities of a model: 64 MB, and as much for the contexts that follow


class NgramModel:
    """Probabilities of the next token after the last `order - 1` ones, smoothed as by Witten and Bell (1991).

        P(w | h) = (c(h w) + T(h) P(w | h')) / (c(h) + T(h))

    c counts, T(h) is the number of different tokens that follow h, and h' is h without its first token; the shortest
    context is followed by each token alike. Every context that occurs is a state of an automaton.

    Args:
        scores: log P, float32 `(contexts, tokens)`.
        following: The context after each token, int32 `(contexts, tokens)`; the first one is that of an empty text.
        end: The token of the end of a text, or None.

    Example:

    >>> model = NgramModel.learn([[1, 2], [1, 2], [1, 1]], tokens=3, order=2, end=0)
    >>> int(model.scores[model.following[0, 1]].argmax())
    2
    """

    def __init__(self, scores: np.ndarray, following: np.ndarray, end: int | None = None):
        self.scores, self.following, self.end = np.asarray(scores), np.asarray(following), end

    @classmethod
    def learn(cls, texts: Iterable[Sequence[int]], tokens: int, order: int = 3, end: int | None = None) -> "NgramModel":
        """The n-grams of texts; only the most frequent contexts where there would be over `MOST_CELLS` probabilities.

        Args:
            texts: Sequences of tokens.
            tokens: Number of different tokens.
            order: Most tokens of an n-gram, 1 or more. Default 3.
            end: A token that follows every text. Default None.
        """
        in_range("order", order, 1)
        counts: dict[tuple, Counter] = defaultdict(Counter)
        for text in texts:
            text = [*text, *([] if end is None else [end])]
            for at, token in enumerate(text):
                for size in range(min(order - 1, at) + 1):
                    counts[tuple(text[at - size : at])][token] += 1
        contexts = sorted(_most_frequent(counts, max(1, MOST_CELLS // tokens)), key=len)
        numbers = {context: number for number, context in enumerate(contexts)}
        probabilities = np.zeros((len(contexts), tokens), np.float32)
        following = np.zeros((len(contexts), tokens), np.int32)
        for context, number in numbers.items():
            seen = counts[context]
            places, times = list(seen), list(seen.values())
            shorter = numbers[context[1:]]  # which comes before, with the contexts after tokens that are not seen here
            row = probabilities[shorter] if context else np.full(tokens, 1 / tokens)
            probabilities[number] = len(seen) * row / (seen.total() + len(seen)) if seen else row
            probabilities[number, places] += np.array(times) / (seen.total() + len(seen)) if seen else 0.0
            following[number] = following[shorter]
            for token in places:
                if (after := numbers.get((*context, token))) is not None:
                    following[number, token] = after
        return cls(np.log(probabilities), following, end)

    def log_probability(self, text: Sequence[int]) -> float:
        """log P of tokens, from the start of a text."""
        context, total = 0, 0.0
        for token in text:
            total += float(self.scores[context, token])
            context = self.following[context, token]
        return total

    def step(self, tokens: tf.Tensor, states: tf.Tensor) -> Step:
        """The step function of a search: states are contexts, int32 `(rows,)`."""
        place = states * self.scores.shape[1] + tokens
        states = tf.gather(tf.constant(self.following.reshape(-1)), place)
        return Step(tf.gather(tf.constant(self.scores), states), states)

    def fusion(self, batch: Any, weight: float, bonuses: Any = None) -> Fusion:
        """For `nlpseq.decoding.ctc_beam_search`, where tokens are its classes.

        Args:
            batch: Number of sequences.
            weight: Of the log-probabilities.
            bonuses: As of `Fusion`. Default None.
        """
        states = tf.zeros([batch], tf.int32)
        logits = tf.gather(tf.constant(self.scores), states)
        return Fusion(self.step, states, logits, tf.range(self.scores.shape[1]), weight, bonuses, self.end)


def _most_frequent(counts, most):
    """At most so many contexts, the empty one among them; with each also the shorter ones that it ends with."""
    if len(counts) <= most:
        return counts.keys() | {()}
    # A shorter context occurs as often, and is before the longer one in this order.
    order = sorted(counts, key=lambda context: (-counts[context].total(), len(context), context))
    return {(), *order[:most]}
