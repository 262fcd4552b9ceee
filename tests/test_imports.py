"""The rooms of nlpseq import one another in one direction; read from the source, nothing is imported."""

import ast
import configparser

import pytest

from tests import import_graph
from tests.import_graph import ROOT

# Of two rooms of this chain only the later may import the earlier.
CHAIN = ("cells", "engine", "layers", "tasks", "cli")
# These are used by the tasks, and know a task by its contract.
BESIDE = ("training", "text", "data", "decoding", "reporting", "serving", "diagnostics", "corpora", "settings")
# All that the equations and the time loop may import.
BASE = {"errors", "backend", "lazy"}
# These serve every kind, those from outside nlpseq too.
KNOW_NO_KIND = ("serving", "reporting", "cli")
KINDS = sorted(path.parent.name for path in (ROOT / "nlpseq/tasks").glob("*/__init__.py"))

IMPORTS = import_graph.imports()


def offenders(sources, targets):
    """The statements by which rooms of `sources` import rooms of `targets`, a line each."""
    return "\n".join(str(line) for line in IMPORTS if line.source in sources and line.target in targets)


def test_there_is_no_cycle():
    circle = import_graph.cycle(import_graph.arrows())
    steps = [offenders({source}, {target}) for source, target in zip(circle, circle[1:] + circle[:1])]
    assert not circle, " -> ".join([*circle, circle[0]]) + "\n" + "\n".join(steps)


@pytest.mark.parametrize("room", CHAIN[:-1])
def test_the_chain_goes_one_way(room):
    later = CHAIN[CHAIN.index(room) + 1 :]
    assert not (wrong := offenders({room}, later)), wrong


@pytest.mark.parametrize("room", BESIDE)
def test_rooms_beside_know_a_task_by_its_contract(room):
    assert not (wrong := offenders({room}, {"tasks", "cli", "evaluation"})), wrong


@pytest.mark.parametrize("room, allowed", [("cells", BASE), ("engine", BASE | {"cells"})])
def test_equations_and_loops_stand_alone(room, allowed):
    others = import_graph.arrows().keys() - allowed - {room}
    assert not (wrong := offenders({room}, others)), wrong


def test_recipes_import_public_names_only():
    private = [line for line in import_graph.imports("recipes") if _is_private(line.module)]
    assert not private, "\n".join(map(str, private))


def test_nlpseq_imports_no_private_module_of_keras():
    private = [line for line in IMPORTS if line.module.startswith(("keras.src", "tensorflow.python"))]
    assert not private, "\n".join(map(str, private))


@pytest.mark.parametrize("room", KNOW_NO_KIND)
def test_no_kind_is_named(room):
    assert len(KINDS) >= 4
    names = [*KINDS, "language_model"]
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "nlpseq" / room).rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if any(name in line for name in names)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_console_script_is_defined():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    _, target = config["options.entry_points"]["console_scripts"].strip().split(" = ")
    module, function = target.split(":")
    tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text("utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_relative_import_and_one_in_a_function_count(tmp_path, monkeypatch):
    monkeypatch.setattr(import_graph, "ROOT", tmp_path)
    folder = tmp_path / "nlpseq" / "text"
    folder.mkdir(parents=True)
    (folder / "trie.py").write_text("from ..engine import scan\ndef f():\n    import nlpseq.layers.crf\n")
    assert [(line.line, line.target) for line in import_graph.imports()] == [(1, "engine"), (3, "layers")]


def _is_private(module: str) -> bool:
    return module.startswith("nlpseq") and any(part.startswith("_") for part in module.split("."))
