"""Dynamic evaluation: a language model that adapts to the text while it reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from nlpseq import engine
from nlpseq.data.segments import continuous_segments, mark_first
from nlpseq.tasks.language_modeling.settings import DynamicSettings
from nlpseq.text import END

if TYPE_CHECKING:
    from nlpseq.data.prepared_text import PreparedText
    from nlpseq.tasks.language_modeling.data import Lines
    from nlpseq.tasks.language_modeling.model import LanguageModel

MEASURED_SEGMENTS = 2_000  # of the training text, for the statistics of its gradients


class DynamicEvaluation:
    """Adapts the weights of a `LanguageModel` to a text, segment by segment, after each has been scored.

        g_i = gradient of the mean loss of segment i at the weights w_{i-1}, with which it was scored
        w_i = w_{i-1} - rate * g_i / (r + m) + decay * min(r / m, 1 / decay) * (w_0 - w_{i-1})

    w_0 are the trained weights, r the root mean squares of the gradients on the training text, for each weight,
    and m their mean, which bounds the steps of weights that hardly got gradients there. A weight whose gradients
    are large is changed less, and returns to w_0 faster. Without a training text, r is that of the segments read so
    far, g_i included, and the model adapts less well.

    Args:
        task: The model. Its weights are changed while a text is read, and restored afterwards.
        lines: `nlpseq.data.Lines` of the training text, or a `nlpseq.data.prepared_text.PreparedText`. Default None.
        **settings: Attributes of `nlpseq.tasks.language_modeling.settings.DynamicSettings`: dynamic_rate,
            dynamic_decay and dynamic_steps, the length of a segment.

    Example:

    >>> preprocessor = nlpseq.text.LinePreprocessor.learn(["the cat sat", "the dog sat"], kind="word")
    >>> task = nlpseq.tasks.LanguageModel(preprocessor, units=8, embedding_size=4)
    >>> dynamic = DynamicEvaluation(task, dynamic_steps=2)
    >>> with dynamic.adapting():
    ...     losses = [dynamic.step(inputs, labels) for inputs, labels in dynamic.segments(tf.constant([3, 4, 5, 6, 7]))]
    >>> [loss.shape for loss in losses]
    [TensorShape([2]), TensorShape([2])]

    Reference:
        Krause, Kahembwe, Murray and Renals (2018), Dynamic evaluation of neural sequence models, section 5.
    """

    def __init__(self, task: "LanguageModel", lines: "Lines | PreparedText | None" = None, **settings: Any):
        task.ensure_built()
        self.task, self.settings = task, DynamicSettings.of(**settings)
        self._weights = [weight.value for weight in task.trainable_variables]
        self._trained = [tf.Variable(weight, trainable=False) for weight in self._weights]
        self._squares = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self._weights]
        self._count = tf.Variable(0.0, trainable=False)
        self._measured = lines is not None
        compiled = engine.get_mode() != "portable"
        self._update = tf.function(self._updated, autograph=False, jit_compile=compiled)
        self._read = tf.function(self._scored, autograph=False, reduce_retracing=True)
        if lines is not None:
            self._measure(lines)

    def segments(self, ids: tf.Tensor) -> tf.data.Dataset:
        """Segments `((inputs, first), labels)` of a text that begins with the context of its first token."""
        return mark_first(continuous_segments(ids, 1, self.settings.dynamic_steps))

    @contextmanager
    def adapting(self) -> Iterator[None]:
        """Within the block `step` changes the weights of the task; at its end they are as before."""
        for saved, weight in zip(self._trained, self._weights):
            saved.assign(weight)
        if not self._measured:
            self._forget()
        try:
            yield
        finally:
            for saved, weight in zip(self._trained, self._weights):
                weight.assign(saved)

    def step(self, inputs: Any, labels: tf.Tensor) -> tf.Tensor:
        """Scores a segment, then adapts to it; returns the losses of its tokens, float32 `(steps,)`."""
        losses, gradients = self._read(inputs, labels)
        self._update(gradients)
        return losses[0]

    def _scored(self, inputs, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, self.task(inputs, training=False))
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self._weights)
        return losses, [tf.convert_to_tensor(gradient) for gradient in gradients]

    def _updated(self, gradients):
        if not self._measured:
            self._add(gradients)
        settings, count = self.settings, tf.maximum(self._count, 1.0)
        sizes = [tf.sqrt(square / count) for square in self._squares]
        total = sum(tf.reduce_sum(size) for size in sizes)
        mean = tf.maximum(total / sum(tf.size(size, tf.float32) for size in sizes), 1e-30)
        for weight, trained, size, gradient in zip(self._weights, self._trained, sizes, gradients):
            back = tf.minimum(settings.dynamic_decay * size / mean, 1.0) * (trained - weight)
            weight.assign_add(back - settings.dynamic_rate * gradient / (size + mean))

    def _add(self, gradients):
        self._count.assign_add(1.0)
        for square, gradient in zip(self._squares, gradients):
            square.assign_add(tf.square(gradient))

    def _forget(self):
        self._count.assign(0.0)
        for square in self._squares:
            square.assign(tf.zeros_like(square))

    def _measure(self, lines):
        add = tf.function(self._add, autograph=False)
        ids = self.task.ids_of(lines, MEASURED_SEGMENTS * self.settings.dynamic_steps + 1)
        for inputs, labels in self.segments(ids).take(MEASURED_SEGMENTS):
            add(self._read(inputs, labels)[1])


def adapted_scores(dynamic: DynamicEvaluation, texts: list[tf.Tensor]) -> dict[str, list]:
    """The scores of texts of which each is read from the trained weights.

    Args:
        dynamic: How the model adapts.
        texts: Ids of each text, `(tokens,)`.

    Returns:
        Lists by name: "log_probabilities", "total" and "perplexity", as of `LanguageModel.score_text`.
    """
    scores = {"log_probabilities": [], "total": [], "perplexity": []}
    for ids in texts:
        ids = ids[: dynamic.task.preprocessor.max_tokens]
        losses = [np.zeros(0, np.float32)]
        if len(ids):
            with dynamic.adapting():
                text = tf.concat([[END], ids], axis=0)
                losses += [dynamic.step(*segment).numpy() for segment in dynamic.segments(text)]
        log_probabilities = -np.concatenate(losses)
        total = float(log_probabilities.sum())
        scores["log_probabilities"].append(log_probabilities)
        scores["total"].append(total)
        scores["perplexity"].append(float(np.exp(-total / max(1, len(ids)))))
    return scores
