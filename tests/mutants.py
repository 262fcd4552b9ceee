"""Small changes of a source file, one at a time, by its syntax tree.

A mutant replaces a part of one line. Left alone are docstrings, annotations, imports, decorators,
defaults of `__init__`, what only raises or words an error, and options that change speed alone.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

BINARY = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
}
BITWISE = {ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&")}
COMPARISONS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
# Keyword arguments that change speed, names or messages, and no result.
NO_RESULT = {"autograph", "jit_compile", "name", "parallel_iterations", "reduce_retracing", "stacklevel", "strict"}
# Functions whose first two arguments have no order, or whose swap only raises.
SYMMETRIC = {"maximum", "minimum", "max", "min", "isinstance", "issubclass", "cast", "partial"}


@dataclass(frozen=True)
class Mutant:
    """One change: columns `start` to `end` of `line` become `new`."""

    file: str
    line: int
    start: int
    end: int
    text: str  # the whole line before
    operator: str
    new: str

    @property
    def old(self) -> str:
        return self.text[self.start : self.end]

    @property
    def changed(self) -> str:
        """The whole line after."""
        return self.text[: self.start] + self.new + self.text[self.end :]

    @property
    def key(self) -> str:
        """The same wherever the line stands in the file."""
        return hashlib.sha1(f"{self.file}\n{self.text}\n{self.changed}".encode()).hexdigest()[:8]

    def apply(self, source: str) -> str:
        """The source with the change."""
        lines = source.splitlines(keepends=True)
        lines[self.line - 1] = lines[self.line - 1].replace(self.text, self.changed, 1)
        return "".join(lines)

    def moved(self, file: str, line: int, text: str) -> "Mutant | None":
        """The same change in another line that has the changed part once; else None."""
        if text.count(self.old) != 1:
            return None
        start = text.index(self.old)
        return replace(self, file=file, line=line, text=text, start=start, end=start + len(self.old))


def mutants(path: Path, root: Path) -> list[Mutant]:
    """All the mutants of a file."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    changes = []
    for node in _mutable(tree):
        for operator, start, end, new in _changes(node, lines):
            text = lines[node.lineno - 1]
            if text[start:end] != new:
                changes.append(Mutant(str(path.relative_to(root)), node.lineno, start, end, text, operator, new))
    return [mutant for mutant in dict.fromkeys(changes) if _parses(mutant.apply(source))]


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may be changed, each on a line of ASCII characters."""
    if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
        return
    if isinstance(node, ast.If) and all(isinstance(line, ast.Raise) for line in node.body):
        children = node.orelse
    elif isinstance(node, ast.FunctionDef):
        defaults = [] if node.name == "__init__" else [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        children = [*defaults, *node.body]
    elif isinstance(node, ast.AnnAssign):
        children = [node.value] if node.value else []
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    elif isinstance(node, ast.ClassDef):
        children = node.body
    elif isinstance(node, ast.Call):
        keywords = [keyword for keyword in node.keywords if keyword.arg not in NO_RESULT]
        children = [node.func, *node.args, *keywords]
    else:
        children = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) or getattr(node, "lineno", 0) == getattr(node, "end_lineno", None):
        yield node
    for child in children:
        yield from _mutable(child)


def _changes(node: ast.AST, lines: list[str]) -> Iterator[tuple[str, int, int, str]]:
    """`(operator, start, end, new)` of each change of a node."""
    text = lines[node.lineno - 1]
    if not text.isascii():
        return

    def part(inner):
        return text[inner.col_offset : inner.end_col_offset]

    match node:
        case ast.BinOp(left=left, op=op, right=right) if not (_is_text(left) or _is_text(right)):
            if sign := {**BINARY, **BITWISE}.get(type(op)):
                name = "arithmetic" if type(op) in BINARY else "logic"
                yield (name, *_between(text, left, right, *sign))
            if isinstance(op, ast.Add | ast.Sub | ast.Mult):
                yield "dropped term", node.col_offset, node.end_col_offset, part(left)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield ("comparison", *_between(text, left, right, *COMPARISONS[type(op)]))
        case ast.BoolOp(values=[left, right, *_], op=op):
            signs = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
            yield ("logic", *_between(text, left, right, *signs))
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield "negation", node.col_offset, node.end_col_offset, f"({part(operand)})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield "constant", node.col_offset, node.end_col_offset, f"({part(operand)})"
        case ast.Constant(value=value) if isinstance(value, bool | int | float):
            yield "constant", node.col_offset, node.end_col_offset, _another(value)
        case ast.keyword(arg="axis" | "batch_dims", value=value) if part(value) in ("-1", "0", "1", "2"):
            other = {"-1": "0", "0": "1", "1": "0", "2": "1"}[part(value)]
            yield "axis", value.col_offset, value.end_col_offset, other
        case ast.Slice(lower=lower, upper=upper):
            if lower:
                yield "slice", lower.col_offset, lower.end_col_offset, f"({part(lower)}) + 1"
            if upper:
                yield "slice", upper.col_offset, upper.end_col_offset, ""
        case ast.Call(func=ast.Attribute(attr="where"), args=[_, yes, no]):
            yield "where branches", yes.col_offset, no.end_col_offset, f"{part(no)}, {part(yes)}"
        case ast.Call(func=func, args=[first, second, *_]) if type(first) is type(second) and _is_place(first):
            if part(func).split(".")[-1] not in SYMMETRIC:
                yield "swapped arguments", first.col_offset, second.end_col_offset, f"{part(second)}, {part(first)}"
        case ast.If(test=test) | ast.IfExp(test=test) if test.lineno == test.end_lineno == node.lineno:
            yield "condition", test.col_offset, test.end_col_offset, f"not ({part(test)})"


def _between(text: str, left: ast.expr, right: ast.expr, sign: str, other: str) -> tuple[int, int, str]:
    """The place of the sign between two operands, and what takes its place."""
    place = text.find(sign, left.end_col_offset)
    place = place if 0 <= place < right.col_offset else left.end_col_offset
    return place, place + len(sign), other


def _another(value: bool | int | float) -> str:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int):
        return {0: "1", 1: "0"}.get(value, str(value + 1))
    return "1.0" if value == 0 else repr(round(0.8 * value, 12))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_place(node: ast.expr) -> bool:
    """Whether an argument is a variable; two different kinds of expression swapped would mostly just raise."""
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
