"""Texts with one example a line: fastText's labels, and a label before the text."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from nlpseq.data.files.table import Table, rows_table

MARK = "__label__"
LABEL = re.compile(rf"(?:(?<=[\s,])|^){MARK}([^\s,]+)[\s,]*")  # fastText takes labels at any place
FIRST = re.compile(r"\s*([^\s,:;|]\S*?)[,:;|]?\s+(\S.*)", re.DOTALL)  # "pos text", "pos: text"
NUMBER_OR_CODE = re.compile(r"[+-]?\d+(\.\d+)?|[A-Z]+(:\w+)?")  # "5"; "NUM:dist" of TREC
TREE = re.compile(r"\(\d+ .*\)")
LEAF = re.compile(r"\(\d+ ([^()\s]+)\)")
BRACKETS = {"-LRB-": "(", "-RRB-": ")"}
MOST_WORDS = 10  # different labels that are ordinary words
OFTEN = 20  # examples of a label that is an ordinary word, on average


def fasttext_table(lines: Sequence[str], place: str) -> Table | None:
    """A table of label and text if most lines have labels as of fastText, else None.

    A line with several labels has a list of them, and a line without one None.
    """
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    labels = [LABEL.findall(line) for _, line in filled]
    if sum(map(bool, labels)) <= len(filled) / 2:
        return None
    rows = [[_one_or_all(names), LABEL.sub("", line).strip()] for names, (_, line) in zip(labels, filled)]
    return _table(place, rows, filled)


def _one_or_all(names):
    return names if len(names) > 1 else next(iter(names), None)


def label_first_table(lines: Sequence[str], place: str) -> Table | None:
    """A table of label and text if the first words of the lines are labels, else None.

    They are if all are numbers or codes in capital letters, or few different words that each occur often.
    """
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    matches = [FIRST.match(line) for _, line in filled]
    if not filled or not all(matches):
        return None
    counts = Counter(match.group(1) for match in matches if match)
    codes = all(NUMBER_OR_CODE.fullmatch(word) for word in counts) and len(counts) <= max(2, len(filled) // 2)
    words = len(counts) <= MOST_WORDS and len(filled) >= OFTEN * len(counts) and min(counts.values()) > 1
    if len(counts) < 2 or not (codes or words):
        return None
    first = ", ".join(word for word, _ in counts.most_common(3))
    note = f"{place}: the label is the first word of each line, such as {first}"
    return _table(place, [[match.group(1), match.group(2).strip()] for match in matches if match], filled, note)


def tree_table(lines: Sequence[str], place: str) -> Table | None:
    """A table of label and text if all lines are trees of the Stanford Sentiment Treebank, else None.

    The label is that of the root: "3" and "Good fun" of "(3 (3 Good) (2 fun))".
    """
    filled = [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    if not filled or not all(TREE.fullmatch(line) and line.count("(") == line.count(")") for _, line in filled):
        return None
    rows = [
        [line[1:].split(None, 1)[0], " ".join(BRACKETS.get(leaf) or leaf for leaf in LEAF.findall(line))]
        for _, line in filled
    ]
    return _table(place, rows, filled, f"{place}: each line is a tree, whose first number is the label")


def _table(place, rows, filled, note=""):
    table = rows_table(place, rows, [number for number, _ in filled], note=note)
    return replace(table, names=("label", "text"), header=True)
