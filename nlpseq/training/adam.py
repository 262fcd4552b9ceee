"""Adam by TensorFlow's own kernel."""

import keras
import tensorflow as tf

from nlpseq.engine.sparse import values_of, with_values


@keras.saving.register_keras_serializable("nlpseq")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` with one operation for the update of a variable.

        m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2      w = w - a m / (sqrt(v) + e)
        a = learning_rate sqrt(1 - b2^t) / (1 - b1^t)

    Keras runs about ten operations, each of which reads and writes the whole variable; TensorFlow's kernel is one
    pass. The gradient of an embedding, which has few rows, is clipped before it is made as large as the variable. It
    is clipped as the dense gradient that it stands for, whereas Keras counts each occurrence of a row by itself.
    With `amsgrad`, and under a `tf.distribute` strategy, the updates are those of Keras.

    Args:
        *args, **kwargs: As of `keras.optimizers.Adam`.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile(Adam(1e-3, global_clipnorm=1.0), "mse")
    >>> _ = model.fit(np.ones((4, 3)), np.ones(4), verbose=0)

    Reference:
        Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1.
    """

    def update_step(self, gradient, variable, learning_rate):
        if self.amsgrad or tf.distribute.has_strategy():
            super().update_step(gradient, variable, learning_rate)
            return
        place, dtype = self._get_variable_index(variable), variable.dtype
        step = tf.cast(tf.convert_to_tensor(self.iterations), tf.float32) + 1
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[place]),
            v=_handle(self._velocities[place]),
            beta1_power=tf.cast(tf.pow(self.beta_1, step), dtype),
            beta2_power=tf.cast(tf.pow(self.beta_2, step), dtype),
            lr=tf.cast(learning_rate, dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )

    def _clip_gradients(self, grads):
        """As Keras clips dense gradients; of a sparse one only its rows are read."""
        grads = [_each_row_once(grad) if isinstance(grad, tf.IndexedSlices) else grad for grad in grads]
        values = super()._clip_gradients([values_of(grad) for grad in grads])
        return [with_values(grad, value) for grad, value in zip(grads, values)]

    def _update_model_variables_moving_average(self, trainable_variables):
        averages = self._model_variables_moving_average
        if len(averages) != len(trainable_variables) or tf.distribute.has_strategy():
            super()._update_model_variables_moving_average(trainable_variables)
            return
        momentum = self.ema_momentum * tf.cast(tf.not_equal(self.iterations, 0), tf.float32)
        for variable, average in zip(trainable_variables, averages):
            if average is not None:
                tf.raw_ops.ResourceApplyGradientDescent(
                    var=_handle(average),
                    alpha=tf.cast(1 - momentum, average.dtype),
                    delta=tf.convert_to_tensor(average) - tf.cast(tf.convert_to_tensor(variable), average.dtype),
                )


def _handle(variable):
    """The resource of a variable of Keras or TensorFlow."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def _each_row_once(slices: tf.IndexedSlices) -> tf.IndexedSlices:
    rows, places = tf.unique(slices.indices)
    sums = tf.math.unsorted_segment_sum(slices.values, places, tf.size(rows))
    return tf.IndexedSlices(sums, rows, slices.dense_shape)
