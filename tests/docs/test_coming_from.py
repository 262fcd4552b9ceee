"""Each row of the tables "Coming from": the old name and the new one give equal numbers.

References are Keras and PyTorch where they are installed, else the published formulas in NumPy.
"""

from pathlib import Path

import pytest

from tests.docs.coming_from import of_addons, of_keras, of_opennmt, of_torch  # noqa: F401  they fill ROWS
from tests.docs.coming_from.rows import ROWS

PAGES = Path(__file__).parents[2] / "docs" / "coming-from"
pytestmark = pytest.mark.usefixtures("portable", "eager")


def rows_of(page):
    table = [line.split("|")[1].strip() for line in (PAGES / page).read_text("utf-8").splitlines() if line[:1] == "|"]
    return [name for name in table if name.startswith("`")]


def test_every_row_has_a_test_and_every_test_a_row():
    written = [name for page in sorted(PAGES.glob("*.md")) for name in rows_of(page.name)]
    assert sorted(written) == sorted(ROWS) and len(written) > 40


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for page in sorted(PAGES.glob("*.md")) for name in rows_of(page.name)])
def test_row(name):
    if "torch" in name:
        pytest.importorskip("torch")
    ROWS[name]()
