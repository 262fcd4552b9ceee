"""Values of cells: missing ones, numbers, texts and lists."""

import ast
import re
from typing import Any

from nlpseq.errors import InputError, shorten

NUMERAL = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?", re.IGNORECASE)


def is_missing(value: Any) -> bool:
    """Whether a value is None, blank, or one of the missing values of NumPy and pandas."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, (str, bytes, int, bool, list, tuple, dict)):
        return False
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(isinstance(value, float) and value != value)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no bool; NumPy numbers count."""
    try:
        return not isinstance(value, (str, bytes, bool)) and float(value) - float(value) == 0
    except (TypeError, ValueError, OverflowError):
        return False


def is_numeral(text: str) -> bool:
    """Whether a text is a number such as "-3", "1.5" or "2,5"."""
    return NUMERAL.fullmatch(text) is not None


def text_of(value: Any, where: str, expected: str = "a text") -> str:
    """The text of a value: a string, UTF-8 bytes, a number or a bool.

    Raises:
        InputError: it is another object.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, float)) or is_number(value):
        return str(value)
    raise InputError(f"{where}: expected {expected}, got {shorten(repr(value), 40)}.")


def list_in(text: str) -> list | None:
    """The list that a text such as "['a', 'b']" stands for, else None.

    pandas writes lists so into a .csv file, and NumPy arrays as "['a' 'b']" or "[1 2]"; JSON has double quotes.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    if re.fullmatch(r"\[\s*-?\d+(\s+-?\d+)*\s*\]", text):
        return [int(number) for number in text[1:-1].split()]
    try:
        value = ast.literal_eval(re.sub(r"""(['"])\s+(['"])""", r"\1, \2", text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list) else None
