"""The Python blocks of a page, and the page as a notebook."""

import json
import re
import textwrap

# At the start of a line, or indented in an exercise's solution.
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def python_blocks(markdown: str) -> list[str]:
    """The code of all Python blocks, in their order."""
    return [textwrap.dedent(code) for _, code in BLOCK.findall(markdown)]


def notebook(markdown: str) -> str:
    """A Jupyter notebook, as JSON, with a cell for each block and for the text between blocks."""
    cells, end = [], 0
    for match in BLOCK.finditer(markdown):
        cells += [_cell("markdown", markdown[end : match.start()]), _cell("code", textwrap.dedent(match[2]))]
        end = match.end()
    cells.append(_cell("markdown", markdown[end:]))
    return json.dumps(
        {
            "cells": [cell for cell in cells if cell["source"]],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 4,
        },
        ensure_ascii=False,
        indent=1,
    )


def _cell(kind, text):
    if kind == "markdown":
        text = re.sub(r'^\?\?\? success "(.*?)"$', r"**\1**", text, flags=re.MULTILINE)
        text = re.sub(r"^    ", "", text, flags=re.MULTILINE)
    source = text.strip().splitlines(keepends=True)
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **code}
