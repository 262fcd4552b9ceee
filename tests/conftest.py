"""Options and fixtures that all tests share."""

import gc
import os
import unittest.mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("NLPSEQ_PROGRAMS", "off")  # tests leave nothing in the user's cache folder

import pytest

from tests.modes import functions

# TensorFlow is imported in fixtures: the process that only distributes tests to workers does without it.

REAL_DATA = "NLPSEQ_DATA"
WITH_EXPORTS = (
    "serving/test_exporting.py", "serving/test_fresh_process.py", "serving/test_server.py", "serving/test_page.py",
    "serving/test_hostile.py", "serving/test_serving_protos.py", "formats/test_formats.py", "cli/test_main.py",
    "test_completion.py", "test_transfer.py", "test_readme.py",
)  # fmt: skip


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes")


def pytest_configure():
    gc.disable()  # until all modules are imported: of what they define nothing is garbage


def pytest_collection_finish():
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: run with --slow"))
        if "real_data" in item.keywords and not os.environ.get(REAL_DATA):
            reason = f"needs prepared datasets: set {REAL_DATA} to their folder"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """`--dist loadfile`, with the files that use the exports of `tests/tasks/tiny.py` on one worker."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "exports" if file.endswith(WITH_EXPORTS) else file

    return Scheduling(config, log)


@pytest.fixture(autouse=True, scope="module")
def settled():
    """What a module leaves behind stays: later garbage collections need not look at it again."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def as_traced(request):
    """In the default tests graphs run as they were traced; with `--slow` TensorFlow optimises them first.

    Optimising takes up to 40% of the time of a small function that runs once. Processes that tests start optimise.
    """
    if request.config.getoption("slow"):
        return
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.fixture
def portable():
    """The engine's own tests compile its loops; where it is only used, that would only take time."""
    from nlpseq import engine

    with engine.mode("portable"):
        yield


@pytest.fixture
def eager():
    """Functions run op by op in Python. Tracing and compiling them would take most of the time of a test."""
    with functions(eagerly=True):
        yield


@pytest.fixture
def graph(eager):
    """For a test of a module of `eager` tests that is about tracing."""
    with functions(eagerly=False):
        yield


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state.

    TensorFlow also forgets the kernels of all operations run eagerly when it is given a seed, and to make them again
    takes a third of the time of small tests. None of them holds a random state here: Keras and nlpseq draw by
    stateless operations.
    """
    import keras
    from tensorflow.python.eager import context

    with unittest.mock.patch.object(context.pywrap_tfe, "TFE_ContextClearCaches"):
        keras.utils.set_random_seed(7)
