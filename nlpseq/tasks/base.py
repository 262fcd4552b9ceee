"""What every task has: its text path, its recurrent layers, and answers to lists of strings."""

import functools

import keras
import numpy as np
import tensorflow as tf

from nlpseq.cells import RecurrentCell
from nlpseq.data.batching import evaluation_batches, length_buckets, training_batches
from nlpseq.errors import InputError, in_range, one_of
from nlpseq.layers import GRU, LSTM, RNN, Bidirectional, SimpleRNN

LAYERS = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
CELL_OPTIONS = ("recurrent_dropout", "weight_dropout")
ENCODE_BATCH = 512  # texts that are tokenized together


def recurrent_layers(cell="lstm", units=64, layers=1, bidirectional=True, return_sequences=True, **options):
    """A list of recurrent layers, bottom first.

    Args:
        cell: "rnn", "lstm" or "gru"; or a subclass of `nlpseq.cells.RecurrentCell`, or the
            name under which Keras has it registered.
        units: size of the state in each direction.
        layers: number of layers.
        bidirectional: whether each runs in both directions.
        return_sequences: whether the top one gives its outputs at every step; the
            others do.
        **options: other arguments of all the layers.

    Raises:
        InputError: the cell is unknown, or not to Keras; a number is not positive.
    """
    make = _maker(cell)
    in_range("units", units, 1)
    in_range("layers", layers, 1)
    made = []
    for number in range(1, layers + 1):
        sequences = return_sequences or number < layers
        layer = make(units, return_sequences=sequences, **options)
        made.append(Bidirectional(layer) if bidirectional else layer)
    return made


def _maker(cell):
    """The function of units and options that makes a layer of a cell."""
    known = keras.saving.get_registered_object(cell) if isinstance(cell, str) else cell
    if not (isinstance(known, type) and issubclass(known, RecurrentCell)):
        return LAYERS[one_of("cell", cell, LAYERS)]
    if keras.saving.get_registered_object(keras.saving.get_registered_name(known)) is not known:
        raise InputError(
            f"Keras does not know the cell {known.__name__}: decorate it with "
            "@keras.saving.register_keras_serializable(), so that a task with it can be saved."
        )

    def make(units, **options):
        own = {name: options.pop(name) for name in CELL_OPTIONS if name in options}
        return RNN(known(units, **{name: rate for name, rate in own.items() if rate}), **options)

    return make


def in_own_precision(init):
    """The `__init__` of a task, that makes all its layers with the `dtype` that the task is given."""

    @functools.wraps(init)
    def wrapped(self, *args, dtype=None, **kwargs):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(before if dtype is None else keras.dtype_policies.get(dtype))
        try:
            init(self, *args, **kwargs)
        finally:
            keras.config.set_dtype_policy(before)

    return wrapped


class Task(keras.Model):
    """A Keras model that owns its text path.

    A task gives `kind`, `purpose` and `warmup_texts` for its export, `call`, `build`,
    `_encoded` (its examples, tokenized), `answer` and `limits`. What training watches is its
    `metric`, and whether the highest or the lowest is best its `metric_mode`.

    Args:
        encoder: strings to ids, of `nlpseq.text`.
        labels: names of the classes.
        settings: the other arguments of the task, a dict.
    """

    metric, metric_mode = "accuracy", "max"

    def __init__(self, encoder, labels, settings, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.labels = list(labels)
        self.settings = settings
        self.buckets = length_buckets(encoder.max_tokens)

    def ensure_built(self):
        """Makes the weights, where nothing has called the model yet."""
        if not self.built:
            self.build()

    def prepare(self, examples, batch_size=64, training=False, seed=0):
        """Examples of `nlpseq.data` to batches of `(ids, labels)`.

        In training the batches are shuffled, all of one size and in few lengths;
        otherwise they keep the order of the examples. Tokenizing is done once.
        """
        encoded = self._encoded(examples).unbatch().cache()
        if training:
            return training_batches(encoded, len(examples), batch_size, self.buckets, seed)
        return evaluation_batches(encoded, len(examples), batch_size, self.buckets)

    def compile(self, optimizer="adam", loss=None, metrics=None, jit_compile=False, **kwargs):
        """As in Keras, with the loss and metrics of the task where none are given.

        `jit_compile` is off: the loops over time, and large losses, are compiled by themselves.
        """
        loss = self.default_loss() if loss is None else loss
        metrics = self.default_metrics() if metrics is None else metrics
        super().compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile, **kwargs)

    def get_compile_config(self):
        if self.compiled:
            return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}
        return None

    def compile_from_config(self, config):
        """As a loaded model is compiled: with its optimizer, and the loss and metrics of the task."""
        import nlpseq.training  # noqa: F401, whose optimizer and schedule Keras then knows

        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]))
        self.optimizer.build(self.trainable_variables)

    def signatures(self):
        """The functions that an export serves, by name, not yet traced."""
        text = tf.TensorSpec([None], tf.string, name="text")
        return {"serving_default": tf.function(self.answer, input_signature=[text])}

    def details(self):
        """What `config.json` of an export says beside the kind and the labels."""
        return {}

    def resources(self):
        """The lookup tables that an export must hold beside the variables."""
        return self.encoder.tables

    def get_config(self):
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "labels": self.labels,
            **self.settings,
            **self._cell_config(),
        }

    def _cell_config(self):
        """A cell of one's own by the name under which Keras finds it again."""
        cell = self.settings.get("cell")
        return {"cell": keras.saving.get_registered_name(cell)} if isinstance(cell, type) else {}

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def in_batches(function, items, batch_size):
    """The answers of a function to up to `batch_size` items at a time, as NumPy arrays.

    Yields:
        A dict of arrays for each batch.
    """
    in_range("batch_size", batch_size, 1)
    for start in range(0, len(items), batch_size):
        answer = function(items[start : start + batch_size])
        yield {name: np.asarray(value) for name, value in answer.items()}


def as_texts(texts):
    """A list of strings (str or bytes) of one, or of a sequence of them."""
    return [texts] if isinstance(texts, (str, bytes)) else list(texts)
