"""Training stops where a loss is not finite."""

import pytest

from nlpseq import training
from nlpseq.errors import TrainingError


@pytest.mark.parametrize("hook, key, name", [
    ("on_train_batch_end", "loss", "the loss became {} in epoch 3, step 5"),
    ("on_epoch_end", "val_loss", "the validation loss became {} in epoch 3:"),
])  # fmt: skip
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_training_stops_where_a_loss_is_not_finite(hook, key, name, value):
    callback = training.StopOnNonFinite()
    callback.on_epoch_begin(2)
    getattr(callback, hook)(4, {key: 1.5})
    with pytest.raises(TrainingError, match=name.format(value)):
        getattr(callback, hook)(4, {key: value})
