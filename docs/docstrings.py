"""Sections of our docstrings that griffe does not know, in the names of those it does."""

import griffe

SECTIONS = {
    "Call arguments:": "Other Parameters: Call arguments",
    "Class attributes:": "Attributes: Class attributes",
    "Weights:": "Attributes: Weights",
    "Example:": "Examples: Example",
    "Reference:": "Note: Reference",
    "Yields:": "Yields:",
}


class Sections(griffe.Extension):
    """Renames the sections when a docstring is read."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        if obj.docstring:
            lines = obj.docstring.value.splitlines()
            obj.docstring.value = "\n".join(SECTIONS.get(line, line) for line in lines)
