"""Seconds and memory of all preprocessors for hostile and random patterns: `python -m tests.fuzz_tokenizers --help`.

Prints, for each preprocessor and size, the worst processor seconds a megabyte and the worst memory as a multiple of
the input, with their patterns, and ends with status 1 if one exceeds a bound. Memory is the growth of the peak of the
process while it works.
"""

import argparse
import ctypes
import random
import sys
import threading
import time

import tensorflow as tf

from nlpseq.text import LinePreprocessor, PairPreprocessor, TokenPreprocessor, WordPreprocessor

SECONDS, MEMORY = 2.0, 20.0  # a megabyte; times the input
MALLOC = ctypes.CDLL(None)
LINES = ["the cat sat , and the dog sat", "it's here a+b"] * 5
HOSTILE = [
    *("a+", "a.", "a@", "a-", "a+@b.", "a@b.c", "a@b-", "1.", "1:1/", "A.", "http://", "http://,", "<a", "<a>", "</"),
    *("don't ", "xn't", "'s", "’", "'a", ".", "..", "-", "!?", ":-(", " ", "\t ", "\n", "\r\n", " \n", "a", "aA"),
    *(
        "Ä",
        "Äa",
        "İ",
        "i\u0307",
        "I\u0307",
        "ß",
        "世",
        "世a",
        "ไทย",
        "e\u0301",
        "\u0301",
        "\u200d",
        "a\u200d",
        "\u200d ",
    ),
    *("👩\u200d", "\ufe0f", "❤\ufe0f", "\u00ad", "\u200b", "\0", "\x01", "\ufffd", "the cat sat ", "abcdefghij" * 7),
    *(b"\xff", b"\xc3", b"\xe2\x80", b"a\xff"),
]
ALPHABETS = [
    "ab+.@-",
    "a1.,:/-'",
    "<>/a b",
    "aÄİi\u0307Σς",
    "👩❤\u200d\ufe0f\U0001f3fd ",
    "\n\r\t a",
    "世界 a、",
    "'’nts ",
]


def preprocessors():
    """A function from strings to ids for each kind, by name."""
    tokens = TokenPreprocessor.learn(tf.ragged.constant([["do", "n't", "a"]]))
    functions = {
        "words": WordPreprocessor.learn(LINES, ngrams=2),
        "words, middle": WordPreprocessor.learn(LINES, truncation="middle"),
        "tokens of texts": lambda texts: tokens(tokens.tokenize(texts)),
        "tokens": lambda texts: tokens(tf.RaggedTensor.from_tensor(texts[:, tf.newaxis])),
    }
    for kind in ("bpe", "unigram", "wordpiece", "word", "character"):
        functions[f"pairs, {kind}"] = PairPreprocessor.learn(LINES, LINES, kind, 60, lowercase=True)
    functions["pairs, pretokenized"] = PairPreprocessor.learn(LINES, LINES, "word", 60, pretokenized=True)
    for kind in ("bpe", "unigram", "word"):
        lines = LinePreprocessor.learn(LINES, kind, 60)
        functions[f"lines, {kind}, start"] = lambda texts, lines=lines: lines(texts, first=lines.max_tokens + 1)
        functions[f"lines, {kind}, end"] = lambda texts, lines=lines: lines(texts, last=lines.max_tokens + 1)
    spec = [tf.TensorSpec([None], tf.string)]
    return {name: tf.function(function, spec, autograph=False) for name, function in functions.items()}


def patterns(rng, count):
    """Hostile patterns, and `count` random ones."""
    yield from (pattern if isinstance(pattern, bytes) else pattern.encode() for pattern in HOSTILE)
    for _ in range(count):
        yield "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(1, 2000))).encode()


class Peak:
    """The growth of the memory of this process within a `with` block, in bytes, as `growth`."""

    def __enter__(self):
        MALLOC.malloc_trim(0)  # what earlier work has freed would hide the growth
        self.start = self.highest = _resident()
        self.running = True
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while self.running:
            self.highest = max(self.highest, _resident())
            time.sleep(0.002)

    def __exit__(self, *_):
        self.running = False
        self.thread.join()
        self.growth = self.highest - self.start


def _resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def measure(function, pattern, size):
    """Processor seconds a megabyte, and memory as a multiple of the input."""
    text = tf.constant([(pattern * (size // len(pattern) + 1))[:size]])
    with Peak() as peak:
        start = time.process_time()
        function(text)
        seconds = time.process_time() - start
    return seconds * 1e6 / size, peak.growth / size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="*", default=[1e4, 1e5, 1e6, 1e7], help="bytes of a text")
    parser.add_argument("--random", type=int, default=20, help="number of random patterns")
    parser.add_argument("--only", default="", help="part of the names of preprocessors")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = False
    print("| preprocessor | bytes | s a MB | pattern | memory / input | pattern |\n|---|---|---|---|---|---|")
    for name, function in preprocessors().items():
        if options.only not in name:
            continue
        measure(function, b"a. \xc3\x84", 100_000)  # the tables of the patterns are not counted
        for size in map(int, options.sizes):
            rows = [
                (*measure(function, pattern, size), pattern[:12])
                for pattern in patterns(random.Random(options.seed), options.random)
            ]
            (seconds, _, slow), (_, memory, large) = (max(rows, key=lambda row: row[place]) for place in (0, 1))
            print(f"| {name} | {size:,} | {seconds:.2f} | {slow} | {memory:.1f} | {large} |", flush=True)
            failed |= size >= 1e6 and (seconds > SECONDS or memory > MEMORY)
    sys.exit(failed)


if __name__ == "__main__":
    main()
