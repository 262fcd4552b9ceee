"""Which room of nlpseq imports which, read from the source: `python -m tests.import_graph`.

A room is a folder or a module directly inside nlpseq/. Nothing is imported here. Imports inside
functions count, and so does `nlpseq.room.name` after `import nlpseq`; names in strings, by which
the lazy packages find their modules, do not.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, order=True)
class Import:
    """One import statement: `file:line` imports `module`, a dotted name."""

    file: str
    line: int
    module: str

    @property
    def source(self) -> str:
        """The room that imports; "" for nlpseq/__init__.py."""
        return room(".".join(Path(self.file).with_suffix("").parts).removesuffix(".__init__"))

    @property
    def target(self) -> str:
        """The room that is imported; "" for nlpseq itself or another package."""
        return room(self.module)

    def __str__(self):
        return f"{self.file}:{self.line}: imports {self.module}"


def room(module: str) -> str:
    """The room of a dotted module name: nlpseq.text.subwords.trie -> text."""
    parts = module.split(".")
    return parts[1] if parts[0] == "nlpseq" and len(parts) > 1 else ""


def imports(folder: str = "nlpseq") -> list[Import]:
    """All imports of the Python files below a folder of the repository."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return [
        Import(str(path.relative_to(ROOT)), line, module)
        for path in files
        for line, module in _imports_of(ast.parse(path.read_text("utf-8")), path)
    ]


def arrows() -> dict[str, set[str]]:
    """For each room, the rooms that it imports."""
    rooms = {
        path.stem for path in (ROOT / "nlpseq").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    graph: dict[str, set[str]] = {name: set() for name in sorted(rooms - {"__init__"})}
    for statement in imports():
        if statement.target in graph and statement.source in graph and statement.source != statement.target:
            graph[statement.source].add(statement.target)
    return graph


def levels(graph: dict[str, set[str]]) -> list[list[str]]:
    """The rooms in an order in which each imports only earlier ones; a cycle is the last level."""
    ordered: list[list[str]] = []
    left = dict(graph)
    while left:
        level = [name for name, targets in left.items() if not targets & left.keys()]
        ordered.append(level or list(left))
        left = {name: targets for name, targets in left.items() if name not in ordered[-1]}
    return ordered


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """The rooms of one cycle, in order; an empty list where there is none."""
    closed: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in closed:
            return []
        for target in sorted(graph[name]):
            if circle := visit(target, [*path, name]):
                return circle
        closed.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in graph)), [])


def _imports_of(tree: ast.AST, path: Path) -> Iterator[tuple[int, str]]:
    package = [*path.parent.relative_to(ROOT).parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nlpseq":
            yield node.lineno, f"nlpseq.{node.attr}"


def main():
    graph = arrows()
    for number, level in enumerate(levels(graph)):
        print(f"level {number}")
        for name in level:
            print(f"  {name:14s} -> {', '.join(sorted(graph[name])) or '-'}")
    print(f"cycle: {' -> '.join(cycle(graph)) or 'none'}")


if __name__ == "__main__":
    main()
