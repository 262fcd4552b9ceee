"""Names and words of the code: nouns for variables, plain sentences in messages and docstrings."""

import ast
import re
from pathlib import Path

import pytest

import nlpseq

PACKAGE = Path(nlpseq.__file__).parent
SOURCES = sorted([*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "recipes").glob("*.py")])
TEXTS = {path: path.read_text("utf-8") for path in SOURCES}

# Names that do not say what a variable or a function holds or does.
VAGUE = {
    "asked", "begun", "both", "done", "each", "found", "given", "gone", "got", "has", "have", "heard", "here", "how",
    "kept", "made", "more", "named", "nothing", "said", "some", "still", "such", "taken", "there", "thing", "twice",
    "upto", "wanted", "was", "what", "who", "wished",
}  # fmt: skip
PHRASES = (
    r"(?<!there )(?<!There )\bis no (number|text|time|task|list|file|character|class)\b", r"\bwhich is said\b",
    r"\b(is|are) there twice\b", r"\b[Ww]hat is odd\b", r"\bbelong together: give\b", r"\bwhoever\b", r"\bthereof\b",
    r"\bof one's own\b", r"\bcut such\b",
)  # fmt: skip


STORED = re.compile(
    rf"\b_*({'|'.join(sorted(VAGUE))})_*\b *(\W?=|,|\)|:|in\b|\()"
)  # which may be the name of something


def names(tree):
    """The names that a module stores or defines, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno


def test_names_are_nouns():
    vague = [
        f"{path.name}:{line}: {name}"
        for path, text in TEXTS.items()
        if STORED.search(text)
        for name, line in names(ast.parse(text))
        if name.strip("_") in VAGUE
    ]
    assert not vague


@pytest.mark.parametrize("phrase", PHRASES)
def test_phrases_that_nobody_says(phrase):
    lines = [
        f"{path.name}:{number}: {line.strip()}"
        for path, text in TEXTS.items()
        if re.search(phrase, text)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(phrase, line)
    ]
    assert not lines
