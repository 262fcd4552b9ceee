"""Mixed precision holds within its block alone."""

import keras
import pytest

from nlpseq import training


@pytest.mark.parametrize("name, dtype", [("no", "float32"), ("bfloat16", "bfloat16"), ("float16", "float16")])
def test_precision(name, dtype):
    with pytest.raises(KeyError), training.precision(name):
        assert keras.layers.Dense(1).compute_dtype == dtype
        raise KeyError
    assert keras.layers.Dense(1).compute_dtype == "float32"
