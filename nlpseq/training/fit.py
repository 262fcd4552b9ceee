"""Training a task with Keras's own `fit`."""

from __future__ import annotations

import importlib.util
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

import keras
import tensorflow as tf

from nlpseq.errors import InputError, in_range
from nlpseq.reporting import say
from nlpseq.training import optimizers
from nlpseq.training.averaging import TriggeredAveraging
from nlpseq.training.budget import Budget
from nlpseq.training.callbacks import Minutes, StopOnNonFinite

if TYPE_CHECKING:
    from nlpseq.training.settings import TrainingSettings

MONITORED_EXAMPLES = 8  # the examples whose saturated gates TensorBoard shows


class Trainable(Protocol):
    """What `train` requires of a task; every `nlpseq.tasks.base.Task` has it.

    Attributes:
        metric: Name of the metric that is best on the weights to be kept, "loss" for the loss.
        metric_mode: "max" or "min", which of its values are better.
    """

    metric: str
    metric_mode: str

    def prepare(self, examples: Any, batch_size: int, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches of `(inputs, targets)`; shuffled with `training`."""
        ...

    def compile(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Compiles with the loss and the metrics of the task."""
        ...

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """As in `keras.Model`."""
        ...


def train(
    task: Trainable, train_examples: Any, validation_examples: Any, settings: TrainingSettings
) -> tuple[dict[str, list[float]], float]:
    """Trains a task and leaves it with the weights of its best validation.

        history, seconds = train(task, data.train, data.validation, TrainingSettings(epochs=3))

    Args:
        task: A model of `nlpseq.tasks`, or any `keras.Model` with `prepare`, `metric` and
            `metric_mode`.
        train_examples, validation_examples: Examples of the type that the task's `prepare` takes.
        settings: `nlpseq.training.settings.TrainingSettings`.

    Returns:
        `(history, seconds)`: a dict of lists, with one value for each validation, of Keras's
        metrics and of the "minutes" since training began; and the duration of the training.

    Raises:
        TrainingError: The loss is not finite.
        InputError: `validations` is greater than the number of training steps in an epoch, or
            `tensorboard` is given and the package tensorboard is not installed.
    """
    settings = settings.settled()
    batch_size = settings.batch_size
    train_batches = task.prepare(train_examples, batch_size, training=True, seed=settings.seed)
    validation_batches = task.prepare(validation_examples, batch_size)
    in_range("validations", settings.validations, 1, len(train_batches))
    steps = round(len(train_batches) / settings.validations)  # between two validations
    validations = settings.epochs * settings.validations
    budget = [Budget(settings.budget)] if settings.budget else []
    callbacks = budget + _callbacks(task, settings, validation_batches)
    spent = [limit.spent for limit in budget]
    task.compile(optimizer=optimizers.optimizer(settings, steps * validations, *spent))
    if settings.validations > 1:
        say(f"{settings.validations} validations in each pass over the data: each counts as an epoch below")
    start = time.perf_counter()
    history = task.fit(
        train_batches.repeat(),
        validation_data=validation_batches,
        epochs=validations,
        steps_per_epoch=steps,
        callbacks=callbacks,
        shuffle=False,  # the batches are shuffled already
        verbose=1 if sys.stdout.isatty() else 2,  # a progress bar in a terminal, a line an epoch in a log
    )
    return history.history, time.perf_counter() - start


def _callbacks(task, settings, validation_batches):
    """In this order: averaged weights are in the model when early stopping saves them."""
    monitored = {"monitor": f"val_{task.metric}", "mode": task.metric_mode}
    callbacks = [StopOnNonFinite(), Minutes()]
    if settings.averaging:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    patience = settings.patience
    if settings.optimizer == "asgd":
        callbacks.append(TriggeredAveraging(**monitored, wait=patience))
        patience = 2 * patience + 1  # averaging begins after `patience` validations: as many again to improve
    callbacks.append(keras.callbacks.EarlyStopping(**monitored, patience=patience, restore_best_weights=True))
    return callbacks + _tensorboard(settings.tensorboard, validation_batches)


def _tensorboard(folder, batches):
    if folder is None:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError(
            "`tensorboard` requires the package tensorboard, which is not installed: "
            "run pip install 'nlpseq[tensorboard]'."
        )
    from nlpseq.diagnostics.monitor import GradientMonitor

    inputs, _ = next(iter(batches))
    inputs = tf.nest.map_structure(lambda x: x[:MONITORED_EXAMPLES] if len(x.shape) else x, inputs)
    return [keras.callbacks.TensorBoard(folder, update_freq="epoch"), GradientMonitor(inputs, folder)]
