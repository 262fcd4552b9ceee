"""The examples of the docstrings of text, data, decoding and the corpora run."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import corpora, data, decoding, text

MODULES = [
    module.name
    for package in (corpora, data, decoding, text)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"np": np, "tf": tf}).failed == 0


@pytest.mark.parametrize("kind", ["Line", "Pair", "Token", "Word"])
def test_former_names_of_preprocessors(kind):
    assert getattr(text, f"{kind}Encoder") is getattr(text, f"{kind}Preprocessor")
