"""Characters as the graph of an export sees them: classes and lower case from tables, patterns of RE2."""

import functools
import re
from typing import Any

BLANKS = r"\t\n\f\r "  # \s of RE2
OTHER_CASES = {"s": "ſ", "k": "\N{KELVIN SIGN}"}  # beyond ASCII, which RE2 takes for the same letter
PART = re.compile(r"\\p(?:\{\w+\}|\w)|\\x\{\w+\}|\\x\w\w|\\.|\(\?i:|\(\?i\)|\(\?:|[()\[\]]|.", re.DOTALL)


class Characters:
    """Regular expressions and lower case.

    Args:
        description: As of `nlpseq.text.description.describe`.
    """

    def __init__(self, description: dict[str, Any]):
        self.patterns: dict[str, str] = description["patterns"]
        self.classes = {name: _inside(ranges) for name, ranges in description["classes"].items()}
        self.numbers: dict[str, Any] = description["numbers"]
        self._lower = {
            point: point + difference
            for first, last, step, difference in description["lowercase"]
            for point in range(first, last + 1, step)
        }

    def lower(self, text: str) -> str:
        """A text in lower case."""
        return self.pattern("dotted").sub(r"\1", text.translate(self._lower))

    def clean(self, text: str | bytes, keep_joiners: bool = False) -> str:
        """A valid text without invisible characters."""
        return self.pattern("invisible" if keep_joiners else "invisible_or_joiner").sub("", valid(text))

    @functools.cache  # noqa: B019  one object for each model
    def pattern(self, name: str) -> re.Pattern:
        """The compiled pattern of a name."""
        return re.compile(translated(self.patterns[name], self.classes), re.ASCII)


def valid(text: str | bytes) -> str:
    """A text without invalid UTF-8, of which each part is replaced by U+FFFD, and without halves of surrogates."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    return raw.decode("utf-8", "replace")


def without_middle(items: Any, head: int, tail: int, mark: Any = None) -> Any:
    """The first `head` and the last `tail` items; if there are more, the others are replaced by a mark."""
    if len(items) <= head + tail:
        return items
    start, end = items[:head], items[len(items) - tail :]
    return start + end if mark is None else start + mark + end


def translated(pattern: str, classes: dict[str, str]) -> str:
    """A pattern of RE2 as one of Python, with its classes spelt out and both cases of letters in place of flags.

    Args:
        pattern: Of the syntax that nlpseq uses.
        classes: The inside of a class of Python for each name such as `\\pL`.
    """
    result, inside, ignoring = [], False, [False]  # the last: whether case is ignored, for each open group
    for part in PART.findall(pattern):
        if part == r"\s" or part in classes:
            members = BLANKS if part == r"\s" else classes[part]
            result.append(members if inside else f"[{members}]")
            continue
        if part.startswith(r"\x"):
            result.append(f"\\U{int(part[2:].strip('{}'), 16):08x}")
            continue
        if part in ("[", "]") or inside:
            inside = part != "]"
        elif part == "(?i)":
            ignoring[-1] = True
            continue
        elif part in ("(", "(?:", "(?i:"):
            ignoring.append(ignoring[-1] or part == "(?i:")
            part = part.replace("i", "")
        elif part == ")":
            ignoring.pop()
        elif ignoring[-1] and part.isalpha():
            part = f"[{part.lower()}{part.upper()}{OTHER_CASES.get(part.lower(), '')}]"
        result.append(part)
    return "".join(result)


def _inside(ranges):
    """Ranges of code points as the inside of a class."""
    return "".join(f"\\U{first:08x}" if first == last else f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
