"""A callback that records the gradients of a training run."""

import contextlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.observing import loss_scale, observed, square_sum
from nlpseq.diagnostics.saturated import saturation
from nlpseq.errors import in_range

# What `tf.summary.scalar` writes; that function itself requires the package tensorboard.
SCALAR = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR")


class GradientMonitor(keras.callbacks.Callback):
    """Records gradient norms, the share of clipped steps and saturation, also for TensorBoard.

        norm_t = sqrt(sum over variables of |g_t|^2), before clipping and without loss scaling
        clipped_t = norm_t > global_clipnorm of the optimizer

    Each training step adds these two to running totals, at the cost of one sum over the gradients.
    Every `every` steps, and at the end of training, a record is made of them. With `inputs`, a
    record includes `saturation` on that batch, which runs eagerly and takes some milliseconds for
    each time step: use a small batch. `fit` must run on one device.

    Args:
        inputs: A batch of inputs of the model for `saturation`. Default None: it is not measured.
        log_dir: Folder of TensorBoard logs. To read them, not to write them, the package
            tensorboard is required. Default None.
        every: Training steps between two records, at least 1. Default 100.

    Attributes:
        history: Dict of lists with one value for each record: "step"; "gradient_norm", the mean
            since the last record; "largest_gradient_norm"; "clipped_fraction", from 0 to 1; and
            the results of `saturation`.

    Raises:
        InputError: `every` is less than 1.

    Example:

    >>> model = keras.Sequential([nlpseq.layers.LSTM(4), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.Adam(global_clipnorm=1.0), "mse")
    >>> x, y = np.ones((6, 5, 3), "float32"), np.ones((6, 1), "float32")
    >>> monitor = GradientMonitor(x[:2], every=2)
    >>> _ = model.fit(x, y, batch_size=2, verbose=0, callbacks=[monitor])
    >>> monitor.history["step"]
    [2, 3]
    """

    def __init__(self, inputs: Any = None, log_dir: str | Path | None = None, every: int = 100):
        super().__init__()
        self.inputs = inputs
        self.every = in_range("every", every, 1)
        self.writer = None if log_dir is None else tf.summary.create_file_writer(str(log_dir))
        self.history: dict[str, list[float]] = {}
        self.steps = 0
        self._totals = None
        self._observation = contextlib.ExitStack()

    def on_train_begin(self, logs=None):
        if self._totals is None:  # steps, clipped steps, sum of norms, largest norm
            self._totals = tf.Variable(tf.zeros(4), trainable=False)
        self._observation.close()  # of a training run that ended with an exception
        self._observation.enter_context(observed(self.model, self._recording(self.model.optimizer)))

    def on_train_batch_end(self, batch, logs=None):
        if self._totals[0] >= self.every:
            self._record()

    def on_train_end(self, logs=None):
        self._observation.close()
        if self._totals[0] > 0:
            self._record()

    def _recording(self, optimizer):
        """A function of gradients and variables that updates the totals."""
        limit = getattr(optimizer, "inner_optimizer", optimizer).global_clipnorm or np.inf

        def record(pairs):
            norm = _global_norm([gradient for gradient, _ in pairs]) / loss_scale(optimizer)
            steps, clipped, total, largest = tf.unstack(self._totals)
            clipped += tf.cast(norm > limit, tf.float32)
            largest = tf.maximum(largest, norm)
            self._totals.assign(tf.stack([steps + 1, clipped, total + norm, largest]))

        return record

    def _record(self):
        steps, clipped, total, largest = (float(value) for value in self._totals)
        self._totals.assign(tf.zeros(4))
        self.steps += int(steps)
        figures = {
            "gradient_norm": total / steps,
            "largest_gradient_norm": largest,
            "clipped_fraction": clipped / steps,
            **({} if self.inputs is None else saturation(self.model, self.inputs)),  # pyright: ignore[reportArgumentType]
        }
        for name, value in {"step": self.steps, **figures}.items():
            self.history.setdefault(name, []).append(value)
        if self.writer is not None:
            with self.writer.as_default(step=self.steps):
                for name, value in figures.items():
                    tf.summary.write(f"gradients/{name}", tf.constant(value), metadata=SCALAR)
            self.writer.flush()


def _global_norm(gradients):
    return tf.sqrt(tf.add_n([square_sum(gradient) for gradient in gradients if gradient is not None]))
