"""Training a task with Keras's own `fit`."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any, Protocol

import keras
import tensorflow as tf

from nlpseq.data.batching import untuned
from nlpseq.errors import InputError, Interrupted, TrainingError, WritingError, in_range
from nlpseq.paths import writable_folder
from nlpseq.reporting import Waiting, say
from nlpseq.training import optimizers, workers
from nlpseq.training.averaging import TriggeredAveraging
from nlpseq.training.budget import Budget
from nlpseq.training.callbacks import Compiling, Minutes, StopOnNonFinite
from nlpseq.training.doctor import Doctor
from nlpseq.training.fingerprint import fingerprint
from nlpseq.training.shared_steps import shared_steps
from nlpseq.training.transfer import load_task, take_weights, task_config
from nlpseq.training.watching import watches
from nlpseq.writing import writing

if TYPE_CHECKING:
    from nlpseq.training.resume import Checkpoints
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
    task: Trainable,
    train_examples: Any,
    validation_examples: Any,
    settings: TrainingSettings,
    checkpoints: Checkpoints | None = None,
    number: int = 0,
) -> tuple[dict[str, list[float]], float]:
    """Trains a task and leaves it with the weights of its best validation.

        history, seconds = train(task, data.train, data.validation, TrainingSettings(epochs=3))

    Args:
        task: A model of `nlpseq.tasks`, or any `keras.Model` with `prepare`, `metric` and
            `metric_mode`.
        train_examples, validation_examples: Examples of the type that the task's `prepare` takes.
        settings: `nlpseq.training.settings.TrainingSettings`.
        checkpoints: `nlpseq.training.Checkpoints`, from which an interrupted training continues;
            one that has finished is not repeated. Default None: no checkpoints.
        number: Of the task among several that are averaged, from 0: `init_from` of such gives it the weights of
            the network of that number.

    Returns:
        `(history, seconds)`: a dict of lists, with one value for each validation, of Keras's
        metrics and of the "minutes" since training began; and the duration of the training.

    Raises:
        TrainingError: The loss is not finite.
        Interrupted: Ctrl-C or SIGTERM ended a training with checkpoints.
        InputError: `validations` is greater than the number of training steps in an epoch, or
            `tensorboard` is given and the package tensorboard is not installed; or the
            checkpoints are those of other data.
    """
    settings = settings.settled()
    batch_size = settings.batch_size
    team = workers.current()
    train_batches = team.share(untuned(task.prepare(train_examples, batch_size, training=True, seed=settings.seed)))
    validation_batches = team.share(untuned(task.prepare(validation_examples, batch_size)))
    in_range("validations", settings.validations, 1, len(train_batches))
    steps = round(len(train_batches) / settings.validations)  # between two validations
    validations = settings.epochs * settings.validations
    budget, minutes = [Budget(settings.budget)] if settings.budget else [], Minutes()
    callbacks = [
        *_doctor(task, settings, validation_batches, steps * validations),
        StopOnNonFinite(),
        minutes,
        *budget,
        *_callbacks(task, settings, validation_batches),
        *getattr(task, "callbacks", lambda validations: [])(settings.validations),
        *filter(None, (watch(task, train_examples, validation_examples) for watch in watches)),
    ]
    task.compile(optimizer=optimizers.optimizer(settings, steps * validations, *(limit.spent for limit in budget)))
    if settings.validations > 1:
        say(f"{settings.validations} validations in each pass over the data: each counts as an epoch below")
    options = _options(team, validations, steps, validation_batches)
    is_new = checkpoints is None or checkpoints.position is None
    if settings.init_from is not None and is_new:
        for line in take_weights(task, load_task(settings.init_from), number):
            say(line)
    if checkpoints is None:
        with _waiting(team) as waiting, shared_steps(task, settings.reduction), team.connected():
            history = task.fit(train_batches.repeat(), callbacks=[Compiling(waiting), *callbacks], **options).history
        return history, minutes.seconds()
    _check_checkpoints(task, settings, checkpoints, train_examples, validation_examples)
    if checkpoints.trained is None:
        with shared_steps(task, settings.reduction) as checkpoints.shared:
            history = _fit(task, train_batches, callbacks, options, checkpoints)
        checkpoints.finish(history=history, seconds=minutes.seconds())
        return history, minutes.seconds()
    say("resuming after the training, which has finished")
    trained = checkpoints.restore_trained(task)
    return trained["history"], trained["seconds"]


def _options(team, epochs, steps, validation_batches):
    """Arguments of `fit`; an epoch of Keras ends with a validation."""
    return {
        "validation_data": validation_batches,
        "epochs": epochs,
        "steps_per_epoch": steps,
        "shuffle": False,  # the batches are shuffled already
        # A progress bar in a terminal, a line an epoch in a log.
        "verbose": 0 if not team.is_chief else 1 if sys.stdout.isatty() else 2,
    }


def _check_checkpoints(task, settings, checkpoints, train_examples, validation_examples):
    """Raises an `InputError` unless checkpoints are of these data, and all workers continue the same training."""
    checkpoints.check_data(fingerprint(train_examples, validation_examples, *getattr(task, "origins", tuple)()))
    checkpoints.describe(settings.flat(), train_examples, validation_examples)
    if checkpoints.trained is None:
        workers.current().check_equal(
            {
                "data": fingerprint(checkpoints.details["data"]),
                "position of the last checkpoint, or the settings": fingerprint(checkpoints.position, settings.flat()),
            }
        )


def _fit(task, batches, callbacks, options, checkpoints):
    """The history of `fit` with checkpoints; the best weights are saved when it fails."""
    checkpoints.callbacks = callbacks
    checkpoints.details |= {"pass": len(batches), "task": task_config(task)}
    if checkpoints.position is not None:
        say(f"resuming at {checkpoints.place()}")
    try:
        log, team = writing("the log of the training"), workers.current()
        with checkpoints.signals(), log, _waiting(team) as waiting, team.connected():
            callbacks = [checkpoints, Compiling(waiting), *callbacks]
            return task.fit(checkpoints.remaining(batches), callbacks=callbacks, **options).history
    except (Interrupted, workers.LostWorker):
        checkpoints.folder.wait()  # until the last checkpoint is written
        raise
    except Exception as error:
        best = [callback.best_weights for callback in callbacks if isinstance(callback, keras.callbacks.EarlyStopping)]
        path = checkpoints.rescue(best[0])
        if path is None:
            raise
        remedy = f"the best weights so far are in {path}: `nlpseq export {path}` exports them."
        if isinstance(error, (TrainingError, WritingError)):
            raise type(error)(f"{str(error).rstrip('.')}; {remedy}") from error
        say(remedy)
        raise


def _waiting(team):
    """What says that a step is compiled, on the chief only."""
    return Waiting(None if team.is_chief else sys.stdout)  # which goes nowhere there


def _doctor(task, settings, validation_batches, steps):
    """Before the callback that stops a training whose loss is not finite."""
    if not settings.doctor:
        return []
    fresh = settings.init_from is None
    return [Doctor(task.metric, task.metric_mode, validation_batches, steps, settings.validations, fresh)]


def _callbacks(task, settings, validation_batches):
    """In this order: averaged weights are in the model when early stopping saves them."""
    monitored = {"monitor": f"val_{task.metric}", "mode": task.metric_mode}
    callbacks = []
    if settings.averaging:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    patience = settings.patience
    if settings.optimizer == "asgd":
        callbacks.append(TriggeredAveraging(**monitored, wait=patience))
        patience = 2 * patience + 1  # averaging begins after `patience` validations: as many again to improve
    callbacks.append(keras.callbacks.EarlyStopping(**monitored, patience=patience, restore_best_weights=True))
    return callbacks + _tensorboard(settings.tensorboard, validation_batches)


def _tensorboard(folder, batches):
    if folder is None or not workers.current().is_chief:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError(
            "`tensorboard` requires the package tensorboard, which is not installed: "
            "run pip install 'nlpseq[tensorboard]'."
        )
    writable_folder(folder, "tensorboard", "the folder `tensorboard`")
    from nlpseq.diagnostics.monitor import GradientMonitor

    inputs, _ = next(iter(batches))
    inputs = tf.nest.map_structure(lambda x: x[:MONITORED_EXAMPLES] if len(x.shape) else x, inputs)
    return [keras.callbacks.TensorBoard(folder, update_freq="epoch"), GradientMonitor(inputs, folder)]
