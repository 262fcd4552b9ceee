"""Values of the settings of training that are out of range."""

import math

import pytest

from nlpseq.errors import InputError
from nlpseq.training.settings import TrainingSettings


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"batch_size": -1},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"clip_norm": -1.0},
        {"clip_norm": math.inf},
        {"patience": 0},
        {"seed": -1},
    ],
)
def test_values_out_of_range(values):
    (name,) = values
    with pytest.raises(InputError, match=f"{name.replace('_', '[-_]')}`? must be"):
        TrainingSettings(**values).check()
