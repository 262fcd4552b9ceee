"""Pretraining of embeddings and recurrent layers as language models, on texts without labels."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.batching import evaluation_batches, training_batches
from nlpseq.data.files.contents import read_lines
from nlpseq.errors import InputError, plural
from nlpseq.paths import as_path
from nlpseq.reporting import say
from nlpseq.tasks.embeddings import token_logits
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.settings import PretrainingSettings
from nlpseq.text import PADDING, UNKNOWN
from nlpseq.training import train
from nlpseq.training.settings import TrainingSettings
from nlpseq.training.state import random_state, restore_random

if TYPE_CHECKING:
    from nlpseq.training import Checkpoints

OWN = "own"  # in place of files: the texts of the task only


@keras.saving.register_keras_serializable("nlpseq")
class Pretrainer(keras.Model):
    """Two language models, forwards and backwards, that share their embeddings with a task.

        P(w_{t+1} | w_1 ... w_t) = softmax(E (W_f f_t) + b),    f_t = RNN(x_t, f_{t-1})
        P(w_{t-1} | w_t ... w_T) = softmax(E (W_b b_t) + b),    b_t = RNN(x_t, b_{t+1})

    x_t are the features of word t that the first recurrent layer of the task reads, E its word embeddings.
    The loss is the mean over both directions; of a task that is not bidirectional, that of the first.

    Args:
        task: A `nlpseq.tasks.TextClassifier` or `TokenTagger`.

    Reference:
        Dai and Le (2015), Semi-supervised sequence learning.
    """

    metric, metric_mode = "loss", "min"

    def __init__(self, task: Any, **kwargs: Any):
        super().__init__(**kwargs)
        task.ensure_built()
        self.task = task
        (self.recurrent,) = recurrent_layers(**{**task.settings.recurrent(), "layers": 1})
        size = task.word_layers[0].embeddings.shape[-1]
        self.readouts = [keras.layers.Dense(size, use_bias=False) for _ in range(1 + task.settings.bidirectional)]
        self.cross_entropy = SmoothedCrossEntropy()

    def build(self, input_shape=None):
        units = self.task.settings.units
        self.recurrent.build((None, None, self.task.features))
        for readout in self.readouts:
            readout.build((None, None, units))
        words = self.task.word_layers[0].embeddings.shape[0]
        self.bias = self.add_weight(name="bias", shape=(words,), initializer="zeros", dtype="float32", autocast=False)
        self.built = True

    def call(self, ids, training=False):
        mask = tf.not_equal(ids[..., 0], PADDING)
        features = self.task.word_features(ids, mask, training)
        hidden = self.recurrent(features, mask=mask, training=training)
        hidden = self.task.output_dropout(hidden, training=training)
        parts = tf.split(hidden, len(self.readouts), axis=-1)
        return [
            token_logits(readout(part), self.task.word_layers[0], self.bias, training=True)  # not all at a time
            for readout, part in zip(self.readouts, parts)
        ]

    def compute_loss(self, x: Any = None, y=None, y_pred: Any = None, sample_weight=None, training=True):
        words = x[..., 0]
        words = tf.where(words < self.bias.shape[0], words, UNKNOWN)  # others are in no training text
        words = tf.where(words == PADDING, -1, words)
        padding = -tf.ones_like(words[:, :1])
        targets = tf.concat([words[:, 1:], padding], axis=1), tf.concat([padding, words[:, :-1]], axis=1)
        targets = targets[0], tf.where(words < 0, -1, targets[1])
        losses = [self.cross_entropy(target, logits) for target, logits in zip(targets, y_pred)]
        return sum(losses) / len(losses)

    def compile(self, optimizer):
        super().compile(optimizer, jit_compile=False)

    def prepare(self, examples: Sequence, batch_size: int, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches of texts as ids, of which none is a label."""
        ids = self.task.encode_texts(examples)
        labels = np.zeros(int(ids.nrows()), np.int32)
        if training:
            return training_batches(ids, labels, batch_size, seed)
        return evaluation_batches(ids, labels, batch_size)

    def give(self) -> None:
        """Gives the recurrent weights to the first recurrent layer of the task."""
        self.task.recurrent[0].set_weights(self.recurrent.get_weights())

    def get_config(self):
        return {**super().get_config(), "task": keras.saving.serialize_keras_object(self.task)}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["task"]))


def pretrain(
    task: Any,
    train_texts: Sequence,
    validation_texts: Sequence,
    pretrain: Sequence[str | Path] = (OWN,),
    pretrain_epochs: int = PretrainingSettings.pretrain_epochs,
    seed: int = 1,
    checkpoints: "Checkpoints | None" = None,
) -> None:
    """Trains the word embeddings and the first recurrent layer of a task as language models.

    Args:
        task: `nlpseq.tasks.TextClassifier` or `TokenTagger`.
        train_texts: The texts of the task's training split, as its `encode_texts` takes them.
        validation_texts: Those of its validation split: the weights with the lowest loss on them are kept.
        pretrain: Text files with a text in each line, which may be compressed; or "own" for none.
        pretrain_epochs: Most passes over all texts.
        seed: Of the shuffling.
        checkpoints: Those of the run, in whose folder "pretraining" those of the pretraining are. Default None.

    Raises:
        InputError: A file cannot be read, or holds no text.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], units=4)
    >>> pretrain(task, ["good film", "bad film"], ["good film"], pretrain_epochs=1)  # doctest: +SKIP
    pretraining on 2 texts of the task

    Reference:
        Dai and Le (2015), Semi-supervised sequence learning.
    """
    lines = [line for file in pretrain if file != OWN for line in _lines(file)]
    texts = [*train_texts, *task.texts_of_lines(lines)]
    further = f" and {plural(len(lines), 'line')}" if lines else ""
    say(f"pretraining on {plural(len(train_texts), 'text')} of the task{further}")
    settings = TrainingSettings(epochs=pretrain_epochs, batch_size=32, learning_rate=2e-3, patience=1, seed=seed)
    part = None if checkpoints is None else checkpoints.part("pretraining")
    task.ensure_built()
    with _trains_only(task, task.word_layers):
        model = Pretrainer(task)
        model.build()
        history, _ = train(model, texts, validation_texts, settings, part)
    model.give()
    say(f"pretrained: perplexity {np.exp(min(history['val_loss'])):.1f} on the validation texts")


@contextlib.contextmanager
def _trains_only(task, layers):
    """Within the block some layers of a task are trainable; all else, seeds too, is as before behind it.

    What is trained once may be read back for the next network of an ensemble, whose other weights are its own.
    """
    trained = {id(variable) for layer in layers for variable in layer.variables}
    own = [variable for variable in task.variables if id(variable) not in trained]
    values, random = [variable.numpy() for variable in own], random_state()
    task.trainable = False
    for layer in layers:
        layer.trainable = True
    try:
        yield
    finally:
        task.trainable = True
        for variable, value in zip(own, values):
            variable.assign(value)
        restore_random(random)


def _lines(file):
    """The texts of a file, one a line."""
    lines = [line for line in read_lines(as_path(file)) if line.strip()]
    if not lines:
        raise InputError(f"{file} is empty: expected a text in each line, for `pretrain`.")
    return lines
