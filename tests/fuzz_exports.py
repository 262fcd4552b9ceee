"""Random strings to exports, alone and in batches: `python -m tests.fuzz_exports [EXPORT ...] --count 3000`.

Without an export, tiny ones of every kind are made, with random weights. Prints, for each export, the number of errors,
of strings whose labels or tokens differ, and the largest difference of a score, and ends with status 1 if there is an
error, a difference of labels, or one of scores above 1e-5 (relative to scores above 1).
"""

import argparse
import random
import sys

import numpy as np
import tensorflow as tf

from nlpseq.serving import Export

TOLERANCE = 1e-5
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


def compare(signature, texts: list[bytes], batch_size: int = 32) -> tuple[int, int, float]:
    """The number of errors, that of texts whose strings and numbers differ, and the largest difference of a score.

    Args:
        signature: A signature of an export with one input, strings `(batch,)`.
        texts: Compared alone and in batches in this order.
        batch_size: Size of a batch.
    """
    (name,) = signature.structured_input_signature[1]
    errors = different = 0
    largest = 0.0
    for start in range(0, len(texts), batch_size):
        batch = texts[start : start + batch_size]
        together = _answer(signature, name, batch)
        for row, text in enumerate(batch):
            alone = _answer(signature, name, [text])
            if together is None or alone is None:
                errors += 1
                continue
            equal, difference = differences({key: value[0] for key, value in alone.items()},
                                             {key: value[row] for key, value in together.items()})  # fmt: skip
            different += not equal
            largest = max(largest, difference)
    return errors, different, largest


def _answer(signature, name, texts):
    try:
        return {key: value.numpy() for key, value in signature(**{name: tf.constant(texts)}).items()}
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
    print("| export | signature | strings | errors | different | largest difference |\n|---|---|---|---|---|---|")
    for path in options.exports or _tiny_exports():
        for name, signature in Export(path).signatures.items():
            if len(signature.structured_input_signature[1]) != 1 or name == "tag_tokens":
                continue
            errors, different, largest = compare(signature, texts)
            print(f"| {path} | {name} | {len(texts):,} | {errors} | {different} | {largest:.1e} |", flush=True)
            failed |= bool(errors or different or not largest <= TOLERANCE)
    sys.exit(failed)


def _tiny_exports():
    from tests.tasks import tiny

    return [tiny.exported(kind)[1] for kind in tiny.EXPORTED]


if __name__ == "__main__":
    main()
