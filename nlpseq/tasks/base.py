"""The contract of a task: what a kind gives, and what every kind gets.

A kind of task is a package with a `Task`, its `Answers` (`nlpseq.tasks.answers`) and a line in the
table of `nlpseq.tasks`. Training asks a task for `prepare`, `default_loss`, `default_metrics` and
`metric`; exporting asks for `signatures`, `warmup`, `details`, `resources` and `limits`. What the
export answers is read and shown by the kind's `Answers`, without the task.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import in_range
from nlpseq.settings import Settings
from nlpseq.tasks.recurrent import cell_name


class Task(keras.Model):
    """A Keras model that prepares its own data and says what an export of it serves.

    A subclass sets the class attributes and defines `make_layers`, `build`, `call`, `prepare`,
    `default_loss`, `default_metrics`, `signatures`, `warmup` and `limits`.

    Class attributes:
        kind: Name of the kind, as in the table of `nlpseq.tasks` and in the metadata of exports.
        purpose: What the task does, a sentence for the model card.
        settings_class: Dataclass of the arguments of the model, the one place of their defaults.
        metric, metric_mode: What training watches, and whether "max" or "min" is best.

    Args:
        labels: Names of the classes, if there are any.
        preprocessor: Object that turns raw examples into tensors in the graph, serializable by
            Keras and saved with the model. Default None.
        name: Name of the model. Default by Keras.
        dtype: Type or `keras.DTypePolicy` of all the layers. Default the global policy.
        **settings: Attributes of `settings_class`.

    Raises:
        InputError: a setting is unknown or out of its range.
    """

    kind: ClassVar[str]
    purpose: ClassVar[str]
    settings_class: ClassVar[type[Settings]]
    metric: ClassVar[str] = "accuracy"
    metric_mode: ClassVar[str] = "max"
    settings: Settings

    def __init__(
        self,
        labels: Sequence[str] = (),
        *,
        preprocessor: Any = None,
        name: str | None = None,
        dtype=None,
        **settings: Any,
    ):
        values = self.settings_class.of(**settings)
        with _dtype_policy(dtype):
            super().__init__(name=name)
            self.labels = list(labels)
            self.preprocessor = preprocessor
            self.settings = values
            self.make_layers()

    def make_layers(self) -> None:
        """Creates the layers from `self.settings` and `self.labels`, without weights."""
        raise NotImplementedError(f"{type(self).__name__} must define make_layers(self).")

    def ensure_built(self) -> None:
        """Makes the weights, where nothing has called the model yet."""
        if not self.built:
            self.build()

    # Training

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Examples to batches of `(inputs, labels)`, of known number."""
        raise NotImplementedError(f"{type(self).__name__} must define prepare(self, examples, ...).")

    def default_loss(self) -> Any:
        """The loss where `compile` is given none."""
        raise NotImplementedError(f"{type(self).__name__} must define default_loss(self).")

    def default_metrics(self) -> list:
        """The metrics where `compile` is given none."""
        return []

    def compile(self, optimizer="adam", loss=None, metrics=None, jit_compile=False, **kwargs: Any) -> None:
        """As in Keras, with the loss and metrics of the task where none are given.

        `jit_compile` is off: the loops over time, and large losses, are compiled by themselves.
        """
        loss = self.default_loss() if loss is None else loss
        metrics = self.default_metrics() if metrics is None else metrics
        super().compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile, **kwargs)
        self.ensure_built()
        if not self.optimizer.built:  # a step that makes variables is traced twice
            self.optimizer.build(self.trainable_variables)

    def get_compile_config(self):
        if self.compiled:
            return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}
        return None

    def compile_from_config(self, config):
        """Compiles a loaded model with its optimizer, and the loss and metrics of the task."""
        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]))

    # Exporting

    def signatures(self) -> dict[str, Callable]:
        """The functions that an export serves, by name, not yet traced; one is "serving_default"."""
        raise NotImplementedError(f"{type(self).__name__} must define signatures(self).")

    def warmup(self) -> list[dict[str, np.ndarray]]:
        """Example inputs of "serving_default", which TensorFlow Serving runs when it loads the model."""
        raise NotImplementedError(f"{type(self).__name__} must define warmup(self).")

    def limits(self) -> list[str]:
        """What a user should know that the model cannot do, in sentences."""
        raise NotImplementedError(f"{type(self).__name__} must define limits(self).")

    def details(self) -> dict[str, Any]:
        """What the kind's `Answers` need to know beside the labels, as JSON values."""
        return {}

    def resources(self) -> list:
        """The lookup tables that an export must hold beside the variables."""
        return []

    # Saving

    def get_config(self):
        settings = self.settings.flat()
        if "cell" in settings:
            settings["cell"] = cell_name(settings["cell"])
        preprocessor = {}
        if self.preprocessor is not None:
            preprocessor["preprocessor"] = keras.saving.serialize_keras_object(self.preprocessor)
        return {**super().get_config(), **preprocessor, "labels": self.labels, **settings}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        trainable = config.pop("trainable", True)
        if "preprocessor" in config:
            config["preprocessor"] = keras.saving.deserialize_keras_object(config["preprocessor"])
        task = cls(**config)
        task.trainable = trainable
        return task


@contextlib.contextmanager
def _dtype_policy(dtype) -> Iterator[None]:
    """Makes the layers within a `with` block in a type, or in the global one for None."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(before if dtype is None else keras.dtype_policies.get(dtype))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_batches(function: Callable, items: Any, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
    """The answers of a function to up to `batch_size` items at a time, as NumPy arrays.

    Yields:
        A dict of arrays for each batch.
    """
    in_range("batch_size", batch_size, 1)
    for start in range(0, len(items), batch_size):
        answer = function(items[start : start + batch_size])
        yield {name: np.asarray(value) for name, value in answer.items()}
