"""The lessons of the guide run from top to bottom, and each draws its picture."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "docs" / "lessons").glob("[0-9]*.md"))


def load(name):
    """A module of docs/, which is not a package."""
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


HOW_TO = sorted(path for path in (ROOT / "docs" / "howto").glob("*.md") if "```python" in path.read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize("path", HOW_TO, ids=lambda path: path.stem)
def test_the_blocks_of_a_how_to_page_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": path.stem}
    for block in blocks.python_blocks(path.read_text("utf-8")):
        exec(compile(block, path.name, "exec"), names)


@pytest.mark.slow
def test_the_guide_is_built_and_loads_nothing_from_the_network(tmp_path):
    """Strictly: with whole links and anchors, and every public name in the reference."""
    pytest.importorskip("mkdocs")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        fetched = re.findall(
            r"<(?:script|img|link|iframe|source)[^>]*(?:src|href)=\"(https?:)?//", page.read_text("utf-8")
        )
        assert not fetched, page
    layers = (tmp_path / "reference" / "layers.html").read_text("utf-8")
    assert 'id="nlpseq.layers.lstm.LSTM"' in layers and "<sub>" in layers and "&gt;&gt;&gt;" in layers
    assert "<math" in (tmp_path / "lessons" / "05-bptt.html").read_text("utf-8")
    assert json.loads((tmp_path / "lessons" / "05-bptt.ipynb").read_text("utf-8"))["cells"]
