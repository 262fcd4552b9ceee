"""The interface of a task: what a kind of task implements, and what it inherits.

A kind of task is a package with a `Task`, a class `Answers` (`nlpseq.tasks.answers`) and an entry
in the table of `nlpseq.tasks`. Training uses `prepare`, `default_loss`, `default_metrics` and
`metric`; exporting uses `signatures`, `warmup`, `details`, `resources` and `limits`. The outputs
of an export are read and printed by `Answers`, without the task.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from nlpseq import engine
from nlpseq.engine.kernels import run_by_kernel
from nlpseq.errors import InputError, whole
from nlpseq.settings import Settings
from nlpseq.tasks.labels import label_names
from nlpseq.tasks.recurrent import cell_name
from nlpseq.training.reproducibility import dtype_policy


class NamedAxis(NamedTuple):
    """An axis of a weight whose indices have names.

    Attributes:
        weight: The weight.
        axis: Number of the axis, from 0.
        unit: What the names are, a plural: "labels".
        names: A name for each index of the axis.
    """

    weight: Any
    axis: int
    unit: str
    names: list


class NumericFunction(NamedTuple):
    """A function from numbers to numbers, for the formats of an export whose interpreters know no strings.

    Attributes:
        call: Takes tensors by name, and returns a dict of them.
        inputs: Specification of each input by name; the first axis is the batch.
        hypotheses: The inputs whose first axis counts hypotheses, any number for each text.
    """

    call: Callable[..., dict[str, tf.Tensor]]
    inputs: dict[str, tf.TensorSpec]
    hypotheses: tuple[str, ...] = ()


def served(function: Callable, *specs: tf.TensorSpec | tf.RaggedTensorSpec) -> Callable:
    """A part of the signatures, which is traced once for all of them: as an export runs it, without gradients by hand.

    Args:
        function: A function of tensors.
        *specs: The specification of each tensor.
    """

    def portable(*tensors):
        with engine.mode("portable"), engine.without_gradients(), engine.substituted_runs(run_by_kernel):
            return function(*tensors)

    return tf.function(portable, specs, autograph=False)


class Look(NamedTuple):
    """One example as `nlpseq.diagnostics` examines it.

    Attributes:
        inputs: Inputs of `call`, a batch of one.
        steps: A name for each time step that the model reads, such as its word.
        answer: The answer that is explained.
        score: Takes the outputs of `call`, returns the score of that answer, float32 `(batch,)`: log-odds or a
            log-probability.
        reads: The functions, as objects with the name of an attribute, through which the model reads the steps: each
            returns `(batch, time, features)`.
        patch: Time steps that recurrent layers read as one, the last patch being complete. Default 1.
    """

    inputs: Any
    steps: list[str]
    answer: str
    score: Callable[[Any], tf.Tensor]
    reads: list[tuple[Any, str]]
    patch: int = 1


class Task(keras.Model):
    """A Keras model that prepares its data and defines the signatures of its export.

    A subclass sets the class attributes and defines `make_layers`, `build`, `call`, `prepare`,
    `default_loss`, `default_metrics`, `signatures`, `warmup` and `limits`.

    Class attributes:
        kind: Name of the kind, as in the table of `nlpseq.tasks` and in the metadata of exports.
        purpose: What the task does, a sentence for the model card.
        settings_class: Settings dataclass of the model, the only place where its defaults are defined.
        padding_at_end: Whether masks of recurrent layers are those of padding behind each sequence; an export then
            runs small batches by faster ops. Default False.
        metric, metric_mode: Metric that training monitors, and whether its best value is the "max" or "min".

    Args:
        labels: Names of the classes. Default none.
        preprocessor: Converts raw examples to tensors in the graph; serialized by Keras with the
            model. Default None.
        name: Name of the model. Default that of Keras.
        dtype: Dtype or `keras.DTypePolicy` of all layers. Default the global policy.
        **settings: Attributes of `settings_class`.

    Raises:
        InputError: a setting is unknown or outside its range; labels are not names, or fewer than `least_labels`.
    """

    kind: ClassVar[str]
    purpose: ClassVar[str]
    settings_class: ClassVar[type[Settings]]
    padding_at_end: ClassVar[bool] = False
    metric: ClassVar[str] = "accuracy"
    metric_mode: ClassVar[str] = "max"
    settings: Settings

    def __init__(
        self,
        labels: Sequence[str] = (),
        *,
        preprocessor: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **settings: Any,
    ):
        values = self.settings_class.of(**settings).settled()
        with dtype_policy(dtype):
            super().__init__(name=name)
            self.settings = values
            self.labels = label_names(labels, self.least_labels)
            self.preprocessor = preprocessor
            self.make_layers()

    def make_layers(self) -> None:
        """Creates the layers from `self.settings` and `self.labels`, without weights."""
        raise NotImplementedError(f"{type(self).__name__} must define make_layers(self).")

    @property
    def least_labels(self) -> int:
        """How many labels it needs. Default 0."""
        return 0

    @property
    def input_shapes(self) -> Any:
        """The shapes of the inputs of `call`, for Keras's `export`. Default None, those of the first call."""
        return None

    def ensure_built(self) -> None:
        """Creates the weights if the model has not been built yet."""
        if not self.built:
            self.build()

    # Training

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `(inputs, labels)` of examples, a dataset of known cardinality."""
        raise NotImplementedError(f"{type(self).__name__} must define prepare(self, examples, ...).")

    def default_loss(self) -> Any:
        """The loss that `compile` uses by default."""
        raise NotImplementedError(f"{type(self).__name__} must define default_loss(self).")

    def default_metrics(self) -> list:
        """The metrics that `compile` uses by default."""
        return []

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        metrics: list | None = None,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """As in Keras; the loss and metrics default to those of the task.

        `jit_compile` is off by default: loops over time, and large losses, are compiled separately.
        """
        loss = self.default_loss() if loss is None else loss
        metrics = self.default_metrics() if metrics is None else metrics
        super().compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile, **kwargs)
        self.ensure_built()
        if not self.optimizer.built:  # a step that makes variables is traced twice
            self.optimizer.build(self.trainable_variables)

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """As in Keras, which under a strategy averages the batches of the replicas: ids become floats."""
        if iterator is not None and self._distribute_strategy is not None:
            _, _, batches = next(iter(iterator))
            results = self.distribute_strategy.experimental_local_results
            iterator, data_batch = None, tf.nest.map_structure(lambda value: results(value)[0], next(batches))
        super()._maybe_symbolic_build(iterator, data_batch)

    def get_compile_config(self) -> dict[str, Any] | None:
        if self.compiled:
            return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}
        return None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model with its saved optimizer and the default loss and metrics."""
        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]))

    def named_axes(self) -> "list[NamedAxis]":
        """The axes of weights that have a name for each index, such as the words of a vocabulary.

        A model with other labels or words takes over the weights of those that it shares.
        """
        return []

    @property
    def fitted(self) -> list:
        """Weights that `adapt` fits to the training data; they are not taken over from another model."""
        return []

    def callbacks(self, validations: int) -> list[keras.callbacks.Callback]:
        """Callbacks of its training, in which each epoch is one of `validations` parts of a pass over the data."""
        return []

    def origins(self) -> tuple:
        """What its weights start from beside the seed, for the fingerprint of a run: arrays, strings, numbers."""
        return ()

    def extra_state(self) -> dict[str, list[np.ndarray]]:
        """State between training steps that is not in `variables`, for checkpoints."""
        return {}

    def restore_extra_state(self, state: dict[str, list[np.ndarray]]) -> None:
        """Restores `extra_state`."""

    def combined(self, others: "Sequence[Task]") -> "Task":
        """The ensemble of this task and others that were trained alike."""
        raise NotImplementedError(f"{type(self).__name__} does not define combined(self, others).")

    def look(self, example: Any, answer: str | None = None) -> Look:
        """An example as `nlpseq.diagnostics` examines it.

        Args:
            example: An example, as of `Answers.parse`.
            answer: The answer to explain. Default the one that the task gives.
        """
        raise InputError(f"tasks of the kind {self.kind} cannot be looked into: {type(self).__name__} has no `look`.")

    def reads(self) -> list[tuple[Any, str]]:
        """`reads` of `Look`."""
        return []

    # Exporting

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Keras's export of `call`; `nlpseq.serving.export` writes the signatures that take raw inputs."""
        self.ensure_built()
        if input_signature is None and self.input_shapes is not None:
            input_signature = [
                keras.tree.map_shape_structure(
                    lambda shape: keras.InputSpec(self.input_dtype, shape), self.input_shapes
                )
            ]
        super().export(filepath, format, verbose, input_signature, **kwargs)

    def signatures(self) -> dict[str, Callable]:
        """The signatures of an export by name, among them "serving_default", as functions not traced yet."""
        raise NotImplementedError(f"{type(self).__name__} must define signatures(self).")

    def numeric_functions(self) -> dict[str, NumericFunction]:
        """The functions by name from which `Answers.compute` answers without TensorFlow; none if there are none."""
        return {}

    def validation_sample(self, examples: Any, count: int) -> list[tuple[Any, Any]]:
        """Up to `count` pairs of an input of `Answers` and what is right, as `Answers.score` reads it."""
        return []

    def synthetic_examples(self, count: int) -> list[Any]:
        """Inputs of `Answers`, made up, that stand for data where there are none."""
        return []

    def odd_examples(self) -> dict[str, Any]:
        """Inputs of `Answers` that no data set has, by what they are; models of all formats must agree on them too."""
        return {}

    @property
    def text_preprocessor(self) -> Any:
        """The preprocessor that `Answers.compute` needs; None if there is none."""
        return self.preprocessor

    def client_options(self) -> dict[str, Any]:
        """Values that `Answers.compute` needs beside the outputs of the functions, as JSON values."""
        return {}

    def tables(self) -> dict[str, np.ndarray]:
        """Arrays by name, beside weights and settings, that an export keeps for `load_task` and `Answers.compute`."""
        return {}

    def restore_tables(self, tables: dict[str, np.ndarray]) -> None:
        """Restores `tables`, if there are any."""

    def warmup(self) -> list[dict[str, np.ndarray]]:
        """Inputs of "serving_default", by name, that TensorFlow Serving runs when it loads the model."""
        raise NotImplementedError(f"{type(self).__name__} must define warmup(self).")

    def limits(self) -> list[str]:
        """Limits of the model that users should know, as sentences."""
        raise NotImplementedError(f"{type(self).__name__} must define limits(self).")

    def details(self) -> dict[str, Any]:
        """Values that `Answers` needs in addition to the labels, as JSON values."""
        return {}

    def resources(self) -> list:
        """Lookup tables that an export must track in addition to the variables."""
        return []

    # Saving

    def get_config(self) -> dict[str, Any]:
        settings = self.settings.flat()
        if "cell" in settings:
            settings["cell"] = cell_name(settings["cell"])
        preprocessor = {}
        if self.preprocessor is not None:
            preprocessor["preprocessor"] = keras.saving.serialize_keras_object(self.preprocessor)
        return {**super().get_config(), **preprocessor, "labels": self.labels, **settings}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights of a loaded task, whose shapes are those of its settings."""
        self.ensure_built()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Task":
        config = dict(config)
        trainable = config.pop("trainable", True)
        if "preprocessor" in config:
            config["preprocessor"] = keras.saving.deserialize_keras_object(config["preprocessor"])
        task = cls(**config)
        task.trainable = trainable
        return task


def label_axes(head: keras.layers.Dense, labels: Sequence[str]) -> list[NamedAxis]:
    """The axes of an output layer with a unit for each label."""
    return [NamedAxis(head.kernel, 1, "labels", list(labels)), NamedAxis(head.bias, 0, "labels", list(labels))]


def log_odds(logits: tf.Tensor, number: int) -> tf.Tensor:
    """log p / (1 - p) of the class `number` for logits `(batch, classes)`: float32 `(batch,)`."""
    logits = tf.cast(logits, tf.float32)
    others = [logits[:, other] for other in range(logits.shape[1]) if other != number]
    return logits[:, number] - (tf.reduce_logsumexp(tf.stack(others), axis=0) if others else 0.0)


def in_batches(function: Callable, items: Any, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
    """Calls a function on batches of items.

    Args:
        function: Returns a dict of tensors for a batch of items.
        items: Sequence or tensor of items.
        batch_size: Maximum number of items in a batch.

    Yields:
        A dict of NumPy arrays for each batch.
    """
    whole("batch_size", batch_size, 1)
    for start in range(0, len(items), batch_size):
        answer = function(items[start : start + batch_size])
        yield {name: np.asarray(value) for name, value in answer.items()}
