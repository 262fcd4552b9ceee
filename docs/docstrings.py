"""Our docstrings in the form that griffe knows: names of sections, and examples as blocks of code."""

import griffe

SECTIONS = {
    "Call arguments:": "Other Parameters: Call arguments",
    "Class attributes:": "Attributes: Class attributes",
    "Weights:": "Attributes: Weights",
    "Example:": "**Example**",
    "Reference:": "Note: Reference",
}


class Sections(griffe.Extension):
    """Changes a docstring when it is read."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        if obj.docstring:
            lines = [SECTIONS.get(line, line) for line in obj.docstring.value.splitlines()]
            obj.docstring.value = "\n".join(_fenced(lines))


def _fenced(lines):
    """Examples, which begin with >>> and end with a blank line, between fences."""
    inside = False
    for line in [*lines, ""]:
        if line.startswith(">>>") and not inside:
            inside = True
            yield "```pycon"
        elif not line.strip() and inside:
            inside = False
            yield "```"
        yield line
