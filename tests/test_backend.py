"""Importing nlpseq on another backend fails at once, with one sentence."""

import os
import subprocess
import sys

import pytest


def import_nlpseq(code="import nlpseq", **environment):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("KERAS_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**variables, **environment},
    )


def test_environment_names_another_backend():
    process = import_nlpseq(KERAS_BACKEND="jax")
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith("ImportError: nlpseq needs Keras on TensorFlow")
    assert "KERAS_BACKEND=tensorflow" in process.stderr


def test_file_of_keras_names_another_backend(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    assert "backend 'torch'" in import_nlpseq(KERAS_HOME=str(tmp_path)).stderr


@pytest.mark.parametrize("content", ["{", "[]", '{"floatx": "float32"}'])
def test_odd_file_of_keras_is_left_to_keras(tmp_path, content):
    (tmp_path / "keras.json").write_text(content)
    assert import_nlpseq(KERAS_HOME=str(tmp_path)).returncode == 0


def test_import_is_light_and_lists_its_parts():
    code = "import nlpseq, sys; print('tensorflow' in sys.modules, 'layers' in dir(nlpseq))"
    assert import_nlpseq(code, KERAS_BACKEND="tensorflow").stdout.split() == ["False", "True"]


def test_unknown_part():
    import nlpseq

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nlpseq.nothing  # noqa: B018
