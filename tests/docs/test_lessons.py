"""The lessons of the guide run from top to bottom, and each draws its picture."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "docs" / "lessons").glob("[0-9]*.md"))


def load(name):
    """A module of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


blocks = load("blocks")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Where the lessons prepare the embedded corpora, once."""
    return str(tmp_path_factory.mktemp("data"))


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_lesson_runs(path, data, tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", data)
    names = {"__name__": path.stem}
    for number, block in enumerate(blocks.python_blocks(path.read_text("utf-8"))):
        exec(compile(block, f"{path.name}, block {number + 1}", "exec"), names)
    assert Path(f"{path.stem[:2]}.png").stat().st_size > 5_000


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_lesson_has_its_parts(path):
    """A claim, a picture that is in the repository, an exercise with a solution; a notebook has all its code."""
    text = path.read_text("utf-8")
    assert "**Claim.**" in text and "## Exercise" in text and '??? success "Solution"' in text
    assert f"](pictures/{path.stem[:2]}.png)" in text
    assert (path.parent / "pictures" / f"{path.stem[:2]}.png").stat().st_size < 100_000
    cells = json.loads(blocks.notebook(text))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert code == [block.strip() for block in blocks.python_blocks(text)]
