"""What a preprocessor does, as plain JSON, for programs without TensorFlow: settings, vocabulary, character tables.

`nlpseq.runtime.text` makes the same preprocessor in pure Python. The classes of characters and the lower case
are those that the ops of the graph know, and not those of the Unicode version of that Python.
"""

import functools
import re
from typing import Any

import keras
import tensorflow as tf

from nlpseq.text import cleaning, tokenizer
from nlpseq.text.case import DOT, lowercase
from nlpseq.text.subwords import splitting

CLASS = re.compile(r"\\p(?:\{\w+\}|\w)")
PATTERNS = {
    "invisible": f"[{cleaning.INVISIBLE}]+",
    "invisible_or_joiner": f"[{cleaning.INVISIBLE}{cleaning.JOINERS}]+",
    "dotted": f"([iIİ]){DOT}+",
    "markup": tokenizer.MARKUP,
    "blank": tokenizer.BLANK,
    "single": tokenizer.SINGLE_CHARACTER_WORDS,
    "contraction": tokenizer.CONTRACTION,
    "address": "|".join(tokenizer.ADDRESSES),
    "around": f"[ {tokenizer.ADDRESS}]+",
    "control": r"\pC",
    "number": r"\pN",
    "subword_blank": splitting.BLANK,
    "subword_word": splitting.WORD,
    "subword_not_blank": splitting.NOT_BLANK,
    "blank_in_line": splitting.BLANK_IN_LINE,
    "long_word": f"[^{splitting.SEPARATOR}]{{{splitting.LONGEST_WORD}}}",
}


NUMBERS = {
    "long_token": tokenizer.LONG_TOKEN,
    "longest_word": splitting.LONGEST_WORD,
    "look_ahead": splitting.LOOK_AHEAD,
    "address_mark": tokenizer.ADDRESS,
}


def describe(preprocessor: Any) -> dict[str, Any]:
    """A preprocessor as JSON values.

    Returns:
        `preprocessor`, nested dicts of `class_name` and `config`; `patterns`, regular expressions of RE2 by name;
        `classes`, the ranges of code points of each class of characters in them; `lowercase`, the runs
        `[first, last, step, difference]` of code points that change; `numbers`, other constants by name.
    """
    described = _bare(keras.saving.serialize_keras_object(preprocessor))
    patterns = {**PATTERNS, **_tokens(preprocessor)}
    names = sorted({name for pattern in patterns.values() for name in CLASS.findall(pattern)})
    return {
        "preprocessor": described,
        "patterns": patterns,
        "classes": {name: _members(name) for name in names},
        "lowercase": _lower_case(),
        "numbers": NUMBERS,
    }


def _bare(value):
    """A serialized object without what only Keras needs."""
    if isinstance(value, dict):
        keys = ("class_name", "config") if {"class_name", "config"} <= set(value) else value
        return {name: _bare(value[name]) for name in keys}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _tokens(preprocessor):
    words = getattr(preprocessor, "tokenizer", None)
    return {"token": words.token_pattern} if isinstance(words, tokenizer.WordTokenizer) else {}


@functools.cache
def _every_character():
    return [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]


@functools.cache
def _members(name):
    """The ranges `[first, last]` of code points in a class."""
    text = tf.strings.regex_replace("".join(_every_character()), f"[^{name}]+", "").numpy().decode()
    ranges = []
    for point in map(ord, text):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return ranges


@functools.cache
def _lower_case():
    characters = [character for character in _every_character() if character not in "\n\0"]
    text = lowercase(tf.constant(["\n".join(characters)]))[0].numpy().decode()
    pairs = [(ord(a), ord(b)) for a, b in zip(characters, text.split("\n"), strict=True) if len(b) == 1 and a != b]
    return _runs(pairs)


def _runs(pairs):
    """Pairs of code points as runs `[first, last, step, difference]`, the step 1 or 2."""
    runs = []
    for point, lower in pairs:
        first, last, step, difference = runs[-1] if runs else (0, 0, 0, None)
        if difference == lower - point and (point - last == step or (first == last and point - last in (1, 2))):
            runs[-1] = [first, point, point - last, difference]
        else:
            runs.append([point, point, 1, lower - point])
    return runs
