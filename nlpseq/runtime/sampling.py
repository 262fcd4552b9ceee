"""Tokens sampled as `nlpseq.decoding.sample` does, by the same random numbers."""

import numpy as np

from nlpseq.errors import InputError

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
STEPS = (0x9E3779B9, 0xBB67AE85)
KEY = (0x3EC8F720, 0x02461E29)  # with which TensorFlow mixes the two numbers of a stateless seed
WORD = 0xFFFFFFFF


def check_temperature(value: float) -> None:
    """Raises an `InputError` for a temperature outside its range."""
    if not np.finfo(np.float32).tiny <= value < np.inf:
        raise InputError(
            f"`temperature` must be above 0 and finite, got {value}: for the most probable tokens use greedy search."
        )


def check_top_p(value: float) -> None:
    """Raises an `InputError` for a `top_p` outside its range."""
    if not 0 < value <= 1:
        raise InputError(f"`top_p` must be above 0 and at most 1, got {value}: 1 keeps all tokens.")


def uniform(seed: int, number: int) -> float:
    """The first random number of `tf.random.stateless_uniform` with the seed `[seed, number]`, in [0, 1).

    Example:

    >>> 0 <= uniform(0, 3) < 1
    True

    Source: Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3: Philox of four 32-bit words, ten rounds.
    """
    counter = (seed & WORD, seed >> 32 & WORD, number & WORD, number >> 32 & WORD)
    mixed = _philox(counter, KEY)
    (word, *_) = _philox((0, 0, *mixed[2:]), mixed[:2])
    return float((np.array([word & 0x7FFFFF | 0x3F800000], np.uint32).view(np.float32) - np.float32(1))[0])


def _philox(counter, key):
    a, b, c, d = counter
    for _ in range(10):
        low, high = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = high >> 32 ^ b ^ key[0], high & WORD, low >> 32 ^ d ^ key[1], low & WORD
        key = tuple(part + step & WORD for part, step in zip(key, STEPS))
    return a, b, c, d


def sample(logits: np.ndarray, number: float, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> int:
    """The token that a uniform number selects.

    Args:
        logits: float32 `(tokens,)`, minus infinity for those that must not occur.
        number: In [0, 1).
        temperature, top_k, top_p: As of `nlpseq.decoding.sample`.
    """
    scaled = (logits - logits.max()) / np.float32(temperature)
    tokens = np.arange(len(scaled))
    if top_k or top_p < 1:
        tokens = np.argsort(-scaled, kind="stable")[: top_k or None]
    probabilities = np.exp(scaled[tokens] - scaled[tokens].max())
    probabilities /= probabilities.sum()
    reached = np.cumsum(probabilities, dtype=np.float32)
    before = np.concatenate([np.zeros(1, np.float32), reached[:-1]])
    mass = reached[(before < top_p) & (probabilities > 0)].max()
    return int(tokens[np.count_nonzero(reached <= np.float32(number) * mass)])
