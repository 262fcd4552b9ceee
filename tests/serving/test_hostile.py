"""A cheap part of `python -m tests.hostile_exports`: cases that load no model, and what it found."""

import shutil

import numpy as np
import pytest

from nlpseq import serving
from nlpseq.errors import InputError
from tests import hostile_exports
from tests.tasks import tiny

pytestmark = pytest.mark.usefixtures("portable")


def test_hostile_checkpoints(tmp_path):
    cases = [case for case in hostile_exports.weights(tmp_path) if case.name.startswith("checkpoint")]
    results = {case.name: hostile_exports.attempt(case) for case in cases}
    assert len(results) > 20
    assert not [(name, result) for name, result in results.items() if result.wrong or result.status != 2]


def test_a_model_that_does_not_fit_in_memory(tmp_path):
    path = shutil.copytree(tiny.exported("classification")[1], tmp_path / "1")
    with open(path / "saved_model.pb", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match="1024.0 GB do not fit in memory"):
        serving.Export(path).predict(["a"])


def test_inputs_of_another_shape():
    export = tiny.served("classification")
    with pytest.raises(InputError, match="is not of the kind 'classification'"):
        export.run("serving_default", {"text": np.array([["a", "b"]], object)})
    with pytest.raises(InputError, match="'serving_default' takes 'text', which is missing, or the model in"):
        export.run("serving_default", {"texts": np.array(["a"], object)})
    with pytest.raises(InputError, match="'serving_default' takes no 'length', or the model in"):
        export.run("serving_default", {"text": np.array(["a"], object), "length": np.array([1])})


@pytest.mark.parametrize("kind", ["tagging", "language_model"])
def test_a_model_of_another_kind(tmp_path, kind):
    path = shutil.copytree(tiny.exported("classification")[1], tmp_path / "1")
    shutil.copyfile(tiny.exported(kind)[1] / "config.json", path / "config.json")
    with pytest.raises(InputError, match=f"not of the kind '{kind}'|no signature 'init'"):
        serving.Export(path).predict(["a"])
