"""Random strings to exports, alone and in batches: `python -m tests.fuzz_exports [EXPORT ...] --count 3000`.

Without an export, tiny ones of every kind are made, with random weights. Prints, for each export, the number of errors,
of strings whose labels or tokens differ, of near-ties, and the largest difference of a score, relative to scores above
1. Ends with status 1 if there is an error, a difference of labels, more than 1 % near-ties, or a difference of scores
above 1e-5 for each 1,000 bytes of the string: the states of a recurrent layer pass their rounding on, and a cell whose
forget gate is near 1 adds it up. States, which have no scale, are not compared.

A near-tie is a string whose labels in the batch are not those alone, but those of a batch of copies of it, so that no
neighbour has a part in it: TensorFlow rounds the products of few and of many rows differently, by about 1e-6 in a
logit, and where two hypotheses of a beam are as close as that, it decides which one is dropped, and so all that comes
after it. With logits in float32 no search can exclude it. Of 3,000 strings, one was a near-tie of a translator that was
hardly trained, and none of one that was.
"""

import argparse
import random
import sys
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.serving import Export

TOLERANCE, FEW = 1e-5, 0.01  # of a score; share of near-ties
ALPHABETS = [
    "abc xyz .",
    "the cat met Ada a good bad film , not dull",
    "éÄßİıΣς e\u0301",
    "世界 ไทย हिन्दी می\u200cخواهم",
    "😀👩\u200d👧❤\ufe0f\U0001f3fd",
    "a1.,:/-'@+<>!?()[]{}\"",
    "\0\x07\t\r\n \u00a0\u200b\u2028\ufeff\u00ad",
]
BYTES = bytes(range(256))


def random_texts(count: int, seed: int = 0, longest: int = 400) -> list[bytes]:
    """Texts of words and characters of several scripts, odd characters and invalid bytes; most of them are short."""
    rng = random.Random(seed)
    return [_random_text(rng, int(longest ** rng.random()) - 1) for _ in range(count)]


def _random_text(rng, length):
    alphabet = rng.choice([*ALPHABETS, BYTES, "".join(ALPHABETS)])
    if isinstance(alphabet, bytes):
        return bytes(rng.choices(alphabet, k=length))
    units = alphabet.split(" ") if rng.random() < 0.5 else alphabet
    return (" " if rng.random() < 0.5 else "").join(rng.choices(units, k=length)).encode()


class Compared(NamedTuple):
    """What differs between answers alone and in batches, near-ties apart.

    Attributes:
        errors, different, near_ties: Numbers of texts.
        largest: The largest difference of a score.
        largest_by_length: The largest one for each 1,000 bytes of a text, of shorter ones as it is.
    """

    errors: int = 0
    different: int = 0
    near_ties: int = 0
    largest: float = 0.0
    largest_by_length: float = 0.0


def compare(signature, texts: list[bytes], batch_size: int = 32) -> Compared:
    """Compares the answers to texts alone with those in batches.

    Args:
        signature: A signature of an export with one input, strings `(batch,)`.
        texts: Compared alone and in batches in this order.
        batch_size: Size of a batch.
    """
    (name,) = signature.structured_input_signature[1]
    total = Compared()
    for start in range(0, len(texts), batch_size):
        batch = texts[start : start + batch_size]
        together = _answer(signature, name, batch)
        for row, text in enumerate(batch):
            alone = _answer(signature, name, [text])
            if together is None or alone is None:
                total = total._replace(errors=total.errors + 1)
                continue
            in_batch = _row(together, row)
            equal, difference = differences(_row(alone, 0), in_batch)
            if not equal:
                copies = _answer(signature, name, [text] * len(batch))
                if copies is not None and _close(_row(copies, row), in_batch):
                    total = total._replace(near_ties=total.near_ties + 1)
                    continue
            by_length = difference / max(1.0, len(text) / 1000)
            total = total._replace(
                different=total.different + (not equal),
                largest=max(total.largest, difference),
                largest_by_length=max(total.largest_by_length, by_length),
            )
    return total


def _row(answer, row):
    return {key: value[row] for key, value in answer.items()}


def _close(one, other):
    equal, difference = differences(one, other)
    return equal and difference <= TOLERANCE


def _answer(signature, name, texts):
    try:
        answer = signature(**{name: tf.constant(texts)})
        return {key: value.numpy() for key, value in answer.items() if not key.startswith("state_")}
    except tf.errors.OpError as error:
        print(f"{texts[:1]!r}: {error}", file=sys.stderr)
        return None


def differences(alone, together):
    """Whether strings and integers are equal, and the largest difference of floats, relative to those above 1."""
    equal, largest = True, 0.0
    for key, value in alone.items():
        other = np.asarray(together[key])
        part = other[tuple(slice(size) for size in np.shape(value))]
        padded = np.size(other) - np.size(value)
        blank = b"" if other.dtype == object else 0
        equal &= int(np.sum(other == blank) - np.sum(part == blank)) == padded  # what is longer is padding
        if other.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                gaps = np.abs(value - part) / np.maximum(np.abs(value), 1)
            largest = max(largest, float(np.max(np.where(value == part, 0, gaps), initial=0)))
        else:
            equal &= bool(np.all(value == part))
    return equal, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exports", nargs="*", help="folders of exports")
    parser.add_argument("--count", type=int, default=3000, help="number of strings")
    parser.add_argument("--longest", type=int, default=400, help="greatest number of words or characters")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    texts = random_texts(options.count, options.seed, options.longest)
    failed = False
    print("| export | signature | strings | errors | different | near-ties | largest difference | a 1,000 bytes |")
    print("|---" * 8 + "|")
    for path in options.exports or _tiny_exports():
        for name, signature in Export(path).signatures.items():
            if len(signature.structured_input_signature[1]) != 1 or name == "tag_tokens":
                continue
            result = compare(signature, texts)
            numbers = f"{result.errors} | {result.different} | {result.near_ties}"
            scores = f"{result.largest:.1e} | {result.largest_by_length:.1e}"
            print(f"| {path} | {name} | {len(texts):,} | {numbers} | {scores} |", flush=True)
            failed |= bool(result.errors or result.different or not result.largest_by_length <= TOLERANCE)
            failed |= result.near_ties > FEW * len(texts)
    sys.exit(failed)


def _tiny_exports():
    from tests.tasks import tiny

    return [tiny.exported(kind)[1] for kind in tiny.EXPORTED]


if __name__ == "__main__":
    main()
