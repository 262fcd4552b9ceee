"""A callback that watches the gradients of a training."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.saturated import saturation
from nlpseq.errors import in_range

# What TensorBoard's own `tf.summary.scalar` writes, which is there only if TensorBoard is.
SCALAR = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR")


class GradientMonitor(keras.callbacks.Callback):
    """Keeps, and logs for TensorBoard, how large gradients are and how much is saturated.

    Of every training step it takes the global norm of the gradients, before clipping,
    and whether that exceeds the `global_clipnorm` of the optimizer: one more sum
    over the gradients within the step. Every so many steps, and at the end, it records
    means and, with `inputs`, runs `saturation` on that held batch, eagerly, some
    milliseconds a time step: keep it small. `fit` must use one device.

    Args:
        inputs: the held batch. Default none: saturation is not measured.
        log_dir: folder of the TensorBoard logs; the package tensorboard is needed to
            look at them, not to write them. Default none.
        every: training steps between two records. Default 100.

    Attributes:
        history: dict of lists, one entry a record: "step", "gradient_norm" (the mean since
            the last record), "largest_gradient_norm", "clipped_fraction" (of the steps
            since the last record), and what `saturation` gives.

    Raises:
        InputError: `every` is not positive.

    Example:

    >>> model = keras.Sequential([nlpseq.layers.LSTM(4), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.Adam(global_clipnorm=1.0), "mse")
    >>> x, y = np.ones((6, 5, 3), "float32"), np.ones((6, 1), "float32")
    >>> monitor = GradientMonitor(x[:2], every=2)
    >>> _ = model.fit(x, y, batch_size=2, verbose=0, callbacks=[monitor])
    >>> monitor.history["step"]
    [2, 3]
    """

    def __init__(self, inputs=None, log_dir=None, every=100):
        super().__init__()
        self.inputs = inputs
        self.every = in_range("every", every, 1)
        self.writer = None if log_dir is None else tf.summary.create_file_writer(str(log_dir))
        self.history = {}
        self.steps = 0
        self._totals = None

    def on_train_begin(self, logs=None):
        if self._totals is None:  # steps, clipped steps, sum of norms, largest norm
            self._totals = tf.Variable(tf.zeros(4), trainable=False)
        self._observe(self.model.optimizer)
        self.model.make_train_function(force=True)  # traces the step again, now observed

    def on_train_batch_end(self, batch, logs=None):
        if self._totals[0] >= self.every:
            self._record()

    def on_train_end(self, logs=None):
        vars(self.model.optimizer).pop("apply_gradients", None)
        self.model.train_function = None
        if self._totals[0] > 0:
            self._record()

    def _observe(self, optimizer):
        """Has the optimizer show us the gradients that it is to apply."""
        apply = type(optimizer).apply_gradients
        limit = getattr(optimizer, "inner_optimizer", optimizer).global_clipnorm or np.inf

        def observed(gradients_and_variables):
            pairs = list(gradients_and_variables)
            norm = _global_norm([gradient for gradient, _ in pairs]) / optimizer.scale_loss(1.0)
            steps, clipped, total, largest = tf.unstack(self._totals)
            clipped += tf.cast(norm > limit, tf.float32)
            largest = tf.maximum(largest, norm)
            self._totals.assign(tf.stack([steps + 1, clipped, total + norm, largest]))
            return apply(optimizer, pairs)

        object.__setattr__(optimizer, "apply_gradients", observed)  # past Keras's tracking

    def _record(self):
        steps, clipped, total, largest = (float(value) for value in self._totals)
        self._totals.assign(tf.zeros(4))
        self.steps += int(steps)
        figures = {
            "gradient_norm": total / steps,
            "largest_gradient_norm": largest,
            "clipped_fraction": clipped / steps,
            **({} if self.inputs is None else saturation(self.model, self.inputs)),
        }
        for name, value in {"step": self.steps, **figures}.items():
            self.history.setdefault(name, []).append(value)
        if self.writer is not None:
            with self.writer.as_default(step=self.steps):
                for name, value in figures.items():
                    tf.summary.write(f"gradients/{name}", tf.constant(value), metadata=SCALAR)
            self.writer.flush()


def _global_norm(gradients):
    """As Keras clips by it: in the sparse gradient of an embedding each occurrence counts by itself."""
    squares = [keras.ops.sum(keras.ops.square(each)) for each in gradients if each is not None]
    return tf.sqrt(tf.add_n([tf.cast(square, tf.float32) for square in squares]))
