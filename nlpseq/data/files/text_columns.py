"""The columns of a table that hold its texts."""

from collections.abc import Sequence
from typing import Any

from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing, text_of

TEXT_NAMES = (
    "text", "texts", "review", "review text", "reviewtext", "review body", "sentence", "utterance",
    "question", "query", "tweet", "comment", "comment text", "message", "sms", "content", "body", "document",
    "phrase", "post", "article", "headline", "title", "description", "abstract", "summary", "input", "sample",
    "news", "utt", "statement", "claim", "passage", "v2",
)  # fmt: skip
PAIRS = (  # two texts of a row
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"), ("question", "sentence"),
    ("question", "passage"), ("text1", "text2"), ("text a", "text b"),
)  # fmt: skip
HEADINGS = (("title", "description"), ("headline", "short description"), ("title", "abstract"))  # of news, without more


def text_columns(names: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of the two texts of a row, such as a premise and a hypothesis, by their usual names, or None."""
    known = {normal(name): name for name in names}
    single = set(TEXT_NAMES[: TEXT_NAMES.index("headline")]) & set(known)
    pairs = PAIRS if single else PAIRS + HEADINGS
    return next((tuple(known[name] for name in pair) for pair in pairs if set(pair) <= set(known)), None)


def text_column(table: Table) -> tuple[int]:
    """The first column most of whose cells have blanks; else the one with the most characters."""
    columns = [list(map(str, table.column(index))) for index in range(len(table.names))]
    several = [
        index for index, cells in enumerate(columns) if 2 * sum(" " in cell.strip() for cell in cells) > len(cells)
    ]
    return (several[0] if several else max(range(len(columns)), key=lambda index: sum(map(len, columns[index]))),)


def joined_text(values: Sequence[Any], names: Sequence[str], where: str) -> str:
    """The texts of several columns of a row with an empty line between them; empty ones are left out.

    Raises:
        InputError: a value is not a text.
    """
    texts = [text_of(value, f"{where}, column {name!r}") for value, name in zip(values, names) if not is_missing(value)]
    return "\n\n".join(texts)
