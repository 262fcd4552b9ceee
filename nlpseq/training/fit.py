"""Training a task with Keras's own `fit`, and what we put around it."""

import contextlib
import importlib.util
import math
import sys
import time

import keras
import tensorflow as tf

from nlpseq.diagnostics import GradientMonitor
from nlpseq.errors import InputError, TrainingError, in_range
from nlpseq.reporting import say
from nlpseq.training.adam import Adam
from nlpseq.training.averaging import AverageWhenStuck

HELD = 8  # examples in which saturated gates are counted, for TensorBoard


def set_seed(seed):
    """Fixes everything that TensorFlow lets us fix: initial weights, shuffling, dropout, order."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def precision(name):
    """Builds the layers within a `with` block for "no", "bfloat16" or "float16" mixed precision."""
    before = keras.config.dtype_policy()
    if name != "no":
        keras.config.set_dtype_policy(f"mixed_{name}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def train(task, train_examples, validation_examples, settings):
    """Trains a task as the settings say, and leaves it with its best weights.

    Args:
        task: a model of `nlpseq.tasks`.
        train_examples, validation_examples: as the task's `prepare` takes them.
        settings: a `nlpseq.settings.TrainingSettings`.

    Returns:
        `(history, seconds)`: Keras's figures at each validation and the "minutes" until
        then, a dict of lists, and the time taken.

    Raises:
        TrainingError: the loss is no longer finite.
        InputError: TensorBoard is asked for and not installed.
    """
    batch_size = settings.batch_size
    train_batches = task.prepare(train_examples, batch_size, training=True, seed=settings.seed)
    validation_batches = task.prepare(validation_examples, batch_size)
    watched = {"monitor": f"val_{task.metric}", "mode": task.metric_mode}
    callbacks = [
        StopOnNonFinite(),
        Minutes(),
        *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if settings.averaging else []),
        *([AverageWhenStuck(**watched, wait=settings.patience)] if settings.optimizer == "asgd" else []),
        keras.callbacks.EarlyStopping(**watched, patience=patience(settings), restore_best_weights=True),
        *_tensorboard(settings.tensorboard, validation_batches),
    ]
    in_range("--validations", settings.validations, 1, len(train_batches))
    steps = round(len(train_batches) / settings.validations)  # between two validations
    rounds = settings.epochs * settings.validations
    task.compile(optimizer=optimizer(settings, steps * rounds))
    if settings.validations > 1:
        say(f"validating {settings.validations} times a pass; each of these counts as an epoch below")
    start = time.perf_counter()
    history = task.fit(
        train_batches.repeat(),
        validation_data=validation_batches,
        epochs=rounds,
        steps_per_epoch=steps,
        callbacks=callbacks,
        shuffle=False,  # the batches are shuffled already
        verbose=1 if sys.stdout.isatty() else 2,  # a bar on a terminal, a line an epoch in a log
    )
    return history.history, time.perf_counter() - start


def patience(settings):
    """Validations without a better score before training stops."""
    return settings.patience if settings.optimizer != "asgd" else 2 * settings.patience + 1


def optimizer(settings, steps):
    """Adam (Kingma and Ba 2015) or gradient descent, clipped by global norm (Pascanu et al. 2013).

    With `settings.averaging` it keeps a moving average of the weights beside them
    (Polyak and Juditsky 1992).
    """
    rate = settings.learning_rate
    if settings.schedule != "constant":
        rate = WarmUp(rate, steps, settings.schedule)
    averaging = {"use_ema": True, "ema_momentum": settings.averaging} if settings.averaging else {}
    make = Adam if settings.optimizer == "adam" else keras.optimizers.SGD
    return make(rate, global_clipnorm=settings.clip_norm or None, **averaging)


@keras.saving.register_keras_serializable("nlpseq")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over a tenth of the steps, and then falls to zero.

    Args:
        peak: the highest learning rate.
        steps: number of training steps.
        decay: "cosine" (Loshchilov and Hutter 2017) or "linear".
    """

    def __init__(self, peak, steps, decay="cosine"):
        self.peak, self.steps, self.decay = peak, steps, decay

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        rise = max(1.0, self.steps / 10)
        done = tf.clip_by_value((step - rise) / max(1.0, self.steps - rise), 0.0, 1.0)
        fall = 0.5 * (1 + tf.cos(math.pi * done)) if self.decay == "cosine" else 1 - done
        return self.peak * tf.where(step < rise, (step + 1) / rise, fall)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps, "decay": self.decay}


class Minutes(keras.callbacks.Callback):
    """Adds to the figures of each epoch the minutes since training began."""

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["minutes"] = (time.perf_counter() - self.start) / 60


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends training with a `TrainingError` as soon as the loss is infinite or not a number."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        self._check((logs or {}).get("loss"), "loss", f"epoch {self.epoch}, step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):  # the last step shows in the next loss only
        self._check((logs or {}).get("val_loss"), "validation loss", f"epoch {self.epoch}")

    @staticmethod
    def _check(loss, name, where):
        if loss is not None and not math.isfinite(float(loss)):
            raise TrainingError(
                f"the {name} became {float(loss)} in {where}: gradients exploded; lower "
                "--learning-rate, or clip them with a --clip-norm such as 1."
            )


def _tensorboard(folder, batches):
    if folder is None:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError(
            "--tensorboard needs the package tensorboard: install nlpseq with its extra, "
            "pip install 'nlpseq[tensorboard]'."
        )
    inputs, _ = next(iter(batches))
    held = tf.nest.map_structure(lambda each: each[:HELD] if len(each.shape) else each, inputs)
    return [keras.callbacks.TensorBoard(folder, update_freq="epoch"), GradientMonitor(held, folder)]
