"""The export of a kind that nlpseq does not know, which is quick to write and to load."""

import pytest

from nlpseq import engine, tasks
from tests.tasks.tiny import write
from tests.toy_kind.model import SeriesForecaster


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory):
    """Path of the version."""
    tasks.register_kind("series", "tests.toy_kind")
    with engine.mode("portable"):
        yield write(tmp_path_factory.mktemp("series"), SeriesForecaster(units=2))
    tasks.KINDS.pop("series")
