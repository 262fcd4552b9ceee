"""Lower case, inside the graph and whatever the locale of the process."""

import functools

import numpy as np
import tensorflow as tf

from nlpseq.text.letters import RUNS

DOT = "\N{COMBINING DOT ABOVE}"
MARK = b"\xff"  # a byte that valid UTF-8 does not contain
PAGE = 256  # code points in a row of the table


def lowercase(texts: tf.Tensor) -> tf.Tensor:
    r"""Texts in lower case: the simple case folding of Unicode, with "i" for "İ".

    Folding makes one letter of each letter, and lets all forms of a word meet: capitals, "ſ" and "s",
    the final sigma "ς" and "σ". "ß" and the dotless "ı" stay. An "i" loses a combining dot above, which
    other software leaves when it converts "İ". The locale of the process has no influence, unlike on
    `tf.strings.lower(texts, encoding="utf-8")`.

    Args:
        texts: String `(n,)`, valid UTF-8.

    Returns:
        String `(n,)`.

    Example:

    >>> [text.decode() for text in lowercase(tf.constant(["BİR Straße", "ΟΔΟΣ"])).numpy()]
    ['bir straße', 'οδοσ']

    Source: The Unicode Standard 14.0, section 3.13, and its `CaseFolding.txt`, statuses C and S.
    """
    texts = tf.strings.lower(texts)  # without an encoding, of ASCII letters only
    marked = tf.strings.regex_replace(texts, f"[{_letters()}]+", MARK + rb"\0" + MARK)
    parts = tf.strings.split(marked, MARK)  # the second, fourth, ... parts of a text are such letters
    changing = tf.where(tf.ragged.range(parts.row_lengths()).flat_values % 2 == 1)
    changed = _changed(tf.gather_nd(parts.flat_values, changing))
    parts = parts.with_flat_values(tf.tensor_scatter_nd_update(parts.flat_values, changing, changed))
    return tf.strings.regex_replace(tf.strings.reduce_join(parts, axis=-1), f"i{DOT}+", "i")


def _changed(letters):
    """Strings `(n,)` with every letter replaced."""
    pages, differences = _pages()
    characters = tf.strings.unicode_decode(letters, "UTF-8")
    points = characters.flat_values
    pages = tf.gather(pages, points // PAGE)
    points += tf.gather(differences, pages * PAGE + points % PAGE)
    return tf.strings.unicode_encode(characters.with_flat_values(points), "UTF-8")


@functools.cache
def _letters():
    """The letters above ASCII that change, as the inside of a character class."""
    return "".join(chr(point) for first, last, step, _ in RUNS for point in range(first, last + 1, step))


@functools.cache
def _pages():
    """The difference to its lower case of every code point, in pages of which equal ones are stored once.

    Returns:
        int32 `(0x110000 / 256,)`, the page of the code points from 256 n, and `(pages * 256,)`.
    """
    differences = np.zeros(0x110000, np.int32)
    for first, last, step, difference in RUNS:
        differences[first : last + 1 : step] = difference
    distinct, pages = np.unique(differences.reshape(-1, PAGE), axis=0, return_inverse=True)
    return pages.reshape(-1).astype(np.int32), distinct.reshape(-1)
