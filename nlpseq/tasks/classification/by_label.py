"""JSON objects of texts by their label: {"good": ["a text", ...], "bad": [...]}."""

import json
import re
from collections.abc import Collection

from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.paths import SPLIT_OF
from nlpseq.data.files.table import Table, normal
from nlpseq.errors import first_of

BEGIN = re.compile(r'\s*\{\s*"[^"\\]*"\s*:\s*\[\s*"')


def texts_by_label(text: str, place: str, usual: Collection[str]) -> Table | None:
    """The table of texts and labels in a JSON object of lists of texts by label; None of another text.

    Args:
        text, place: The content of a file, and its path.
        usual: Names of columns, which are no labels.
    """
    if not BEGIN.match(text):
        return None
    try:
        lists = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if len(lists) < 2 or any(normal(name) in usual or name.lower() in SPLIT_OF for name in lists):
        return None
    texts = [cell for part in lists.values() for cell in (part if isinstance(part, list) else [part])]
    if not all(isinstance(cell, str) for cell in texts) or not all(isinstance(part, list) for part in lists.values()):
        return None
    if any(2 * len({cell for cell in part if " " in cell.strip()}) <= len(part) for part in lists.values()):
        return None  # of words, or few different ones, as a column of labels
    labels = [name for name, part in lists.items() for _ in part]
    note = f"{place}: each member is a label with its texts: {first_of(list(lists))}"
    return columns_table(place, {"text": texts, "label": labels}, "text", note=note)
