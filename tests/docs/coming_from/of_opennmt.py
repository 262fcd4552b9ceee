"""Rows of OpenNMT-tf: commands and settings."""

import shutil

import numpy as np

from nlpseq.cli.main import COMMANDS
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from tests.docs.coming_from.rows import close, row, softmax
from tests.layers.helpers import normal


@row("`onmt-main train`", "`onmt-main infer`", "`onmt-main export`")
def row_commands():
    from nlpseq.cli.train import find_recipes

    assert "translation" in find_recipes()
    assert {"train", "predict", "export"} <= set(COMMANDS)
    assert shutil.which("onmt-main") is None  # else the rows could be run beside it


@row("`params: label_smoothing`")
def row_label_smoothing():
    logits, labels = normal(2, 3, 5), np.array([[1, 2, 3], [0, 4, -1]])
    logs = np.log(softmax(logits))
    real = labels >= 0
    picked = np.take_along_axis(logs, np.maximum(labels, 0)[..., None], -1)[..., 0]
    expected = -(0.9 * picked + 0.1 * logs.mean(axis=-1))[real].mean()
    close(SmoothedCrossEntropy(0.1)(labels, logits), expected)
