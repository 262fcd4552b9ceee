"""The loss of a CRF."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check
from nlpseq.errors import InputError
from nlpseq.layers.crf import CRF
from nlpseq.layers.label_loss import labelled_steps, reduce


@keras.saving.register_keras_serializable("nlpseq")
class CRFLoss(keras.losses.Loss):
    """The negative log-likelihood of a `CRF`, the mean over the sequences of a batch.

        loss = - sum_i w_i log P(y_i | x_i) / number of sequences

    Steps count if the mask of the emissions is True, the label is not negative, and the sample
    weight is not zero; others are skipped, as if they did not exist. Weights of steps are averaged
    over the steps of a sequence, since the likelihood is that of all its labels.

    The outputs of a `CRF` say which layer they come from, as they carry the mask of Keras. A loss without a layer of
    its own reads it from them; so does the one that Keras makes from a configuration, of a file or for a clone.

    Args:
        crf: The layer. Default None, the one that computes the predictions.
        reduction: As in `keras.losses.Loss`. Default "sum_over_batch_size", divided by the number of
            sequences.
        name: Name of the loss. Default "crf_loss".
        **kwargs: as in `keras.losses.Loss`.

    Call arguments:
        y_true: Class numbers `(batch, time)` or `(batch, time, 1)`; negative for padding.
        y_pred: Emissions `(batch, time, tags)`.
        sample_weight: A number; `(batch,)` or `(batch, 1)`; `(batch, time)` or `(batch, time, 1)`.
            Default None, 1.

    Returns:
        Float32, a scalar; `(batch,)` with the reduction None. In a program that XLA compiles as a whole, where
        nothing can be raised, the loss of a label that is not a tag is NaN, and that of labels that
        the scheme forbids infinite.

    Raises:
        InputError: the predictions come from another CRF, or from none and the loss has none; labels or weights have
            another shape; a label is not a tag; labels violate the scheme of
            the layer. In a graph values raise `tf.errors.InvalidArgumentError`.

    Example:

    >>> crf = nlpseq.layers.CRF(3)
    >>> round(float(CRFLoss(crf)(np.array([[0, 2, -1]]), crf(np.zeros((1, 3, 3))))), 4)  # log 9
    2.1972
    """

    def __init__(self, crf: CRF | None = None, name: str = "crf_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.layer = lambda: crf  # Keras would save what an attribute holds

    def __call__(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> tf.Tensor:
        crf = self._crf_of(y_pred)
        if crf is None:
            return _without_layer()
        steps = labelled_steps(y_true, y_pred, sample_weight)
        counted = steps.mask & (steps.weights != 0)
        losses = -crf.log_likelihood(steps.labels, y_pred, counted, training=True)
        check(~tf.reduce_any(tf.math.is_inf(losses)), _forbidden(crf))
        weights, sizes = steps.sequence_weights, self.sizes(steps)
        losses *= tf.where(tf.reduce_any(counted, axis=1), weights, 0.0)
        return reduce(losses, tf.reduce_sum(sizes), sizes * weights, self.reduction)

    def sizes(self, steps):
        """How much each sequence counts in a mean, `(batch,)`."""
        return tf.ones(tf.shape(steps.labels)[0])

    def _crf_of(self, y_pred):
        own, source = self.layer(), getattr(y_pred, "_nlpseq_crf", None)
        if own is not None and source not in (None, own):
            raise InputError(
                f"the loss {self.name!r} is that of another CRF than '{source.name}', which computes the predictions: "
                "compile the model with the `loss` of its own CRF."
            )
        return source or own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CRFLoss":
        """A loss of the layer that computes the predictions; `crf` was written by former versions."""
        return cls(**{**config, "crf": None})


def _without_layer():
    """Raises an error, in a graph when it runs: Keras also traces losses with made-up predictions, to build them."""
    message = (
        "the loss of a CRF needs the outputs of the layer itself, got predictions that come from no CRF: make the CRF "
        "the last layer, or compile the model with the `loss` of its CRF."
    )
    if tf.executing_eagerly():
        raise InputError(message)
    with tf.control_dependencies([tf.debugging.Assert(tf.constant(False), [message])]):
        return tf.constant(float("nan"))


def _forbidden(crf):
    rule = "is impossible" if crf.scheme is None else f"violates the scheme {crf.scheme!r} of CRF '{crf.name}'"
    return (
        f"`y_true` has a sequence of labels that {rule}, so that its likelihood is zero: repair the labels, "
        "or use a CRF without a scheme."
    )
