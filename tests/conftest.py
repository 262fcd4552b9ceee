"""Options and fixtures that all tests share."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("NLPSEQ_PROGRAMS", "off")  # tests leave nothing in the user's cache folder

import keras
import pytest

from nlpseq import engine

REAL_DATA = "NLPSEQ_DATA"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: run with --slow"))
        if "real_data" in item.keywords and not os.environ.get(REAL_DATA):
            reason = f"needs prepared datasets: set {REAL_DATA} to their folder"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True, scope="module")
def settled():
    """What a module leaves behind stays: later garbage collections need not look at it again."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def portable():
    """The engine's own tests compile its loops; where it is only used, that would only take time."""
    with engine.mode("portable"):
        yield


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state."""
    keras.utils.set_random_seed(7)
