"""A linear-chain conditional random field over emissions."""

import weakref
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.engine import chains
from nlpseq.engine.chains import IMPOSSIBLE, Potentials
from nlpseq.tag_schemes import transition_rules

_layers = weakref.WeakValueDictionary()  # by name, for losses of loaded models


@keras.saving.register_keras_serializable("nlpseq")
class CRF(keras.layers.Layer):
    """Linear-chain conditional random field (Lafferty et al. 2001).

        s(y, x) = b_{y_1} + sum_t e_t(y_t) + sum_{t>1} A_{y_{t-1}, y_t} + f_{y_T}
        P(y | x) = exp s(y, x) / sum_{y'} exp s(y', x)

    The emissions e_t come from the layer below, such as a `Dense` with one unit for each
    tag. The layer returns them unchanged; train it with its `loss`, and decode its outputs:

        crf = CRF(3)
        model = keras.Model(inputs, crf(emissions, mask=mask))
        model.compile("adam", loss=crf.loss)        # labels (batch, time), -1 = padding
        tags, scores = crf.decode(model.predict(x), mask)

    Args:
        tags: Number of tags, or the list of their names.
        scheme: "bio", "iob1" or "bioes": sequences that violate it are impossible in
            training and decoding. Needs the names of the tags. Default None, all sequences
            are possible.
        boundaries: Whether there are scores b and f of the first and last tag.
            Default True.
        transition_initializer: Keras initializer of A, b and f. Default "zeros".
        transition_regularizer: Keras regularizer of A. Default None.
        **kwargs: as in `keras.layers.Layer`.

    Call arguments:
        emissions: Float tensor `(batch, time, tags)`.
        mask: Bool `(batch, time)`, True = real. Default None, all steps are real.

    Returns:
        The emissions, float32 `(batch, time, tags)`, with the mask for `loss`.

    Weights:
        transitions A `(tags, tags)`, from the row to the column; first b and last f
        `(tags,)` with `boundaries`.

    Raises:
        ValueError: the emissions have another number of tags; a scheme is given without
            names, or with names that do not fit it.

    Example:

    >>> crf = CRF(["O", "B-X", "I-X"], scheme="bio")
    >>> emissions = crf(np.array([[[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]], "float32"))
    >>> crf.decode(emissions)[0].numpy().tolist()
    [[1, 2]]

    Reference:
        Lafferty, McCallum and Pereira (2001), Conditional random fields;
        Lample et al. (2016), Neural architectures for named entity recognition, section 2.
    """

    def __init__(
        self,
        tags: int | Sequence[str],
        scheme: str | None = None,
        boundaries: bool = True,
        transition_initializer: Any = "zeros",
        transition_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        names = None if isinstance(tags, int) else list(tags)
        self.tags = tags if names is None else names
        self.count = tags if isinstance(tags, int) else len(tags)
        if self.count < 1:
            raise ValueError(f"`tags` must be a positive number or a list of names, got {tags!r}.")
        if scheme is not None and names is None:
            raise ValueError(f"`scheme`={scheme!r} needs the names of the tags, got `tags`={tags}.")
        self.scheme = scheme
        self.rules = None if scheme is None or names is None else transition_rules(names, scheme)
        self.boundaries = boundaries
        self.transition_initializer = keras.initializers.get(transition_initializer)
        self.transition_regularizer = keras.regularizers.get(transition_regularizer)
        self.supports_masking = True
        _layers[self.name] = self

    def build(self, input_shape: Sequence) -> None:
        if input_shape[-1] != self.count:
            raise ValueError(
                f"CRF '{self.name}' has {self.count} tags and needs emissions "
                f"(batch, time, {self.count}), got {tuple(input_shape)}."
            )
        weight = {"initializer": self.transition_initializer, "dtype": "float32"}
        self.transitions = self.add_weight(
            name="transitions", shape=(self.count, self.count),
            regularizer=self.transition_regularizer, **weight,
        )  # fmt: skip
        if self.boundaries:
            self.first = self.add_weight(name="first", shape=(self.count,), **weight)
            self.last = self.add_weight(name="last", shape=(self.count,), **weight)
        self.built = True

    def call(self, emissions: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        return tf.cast(emissions, "float32")

    def potentials(self) -> Potentials:
        """A, b and f, with the score `IMPOSSIBLE` where the scheme forbids a tag or a transition."""
        zeros = tf.zeros((self.count,))
        boundaries = (self.first, self.last) if self.boundaries else (zeros, zeros)
        scores = [tf.convert_to_tensor(weight) for weight in (self.transitions, *boundaries)]
        if self.rules is not None:
            scores = [tf.where(legal, score, IMPOSSIBLE) for legal, score in zip(self.rules, scores)]
        return Potentials(*scores)

    def log_likelihood(
        self, tags: tf.Tensor, emissions: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """`log P(y | x)`, float32 `(batch,)`; 0 for a row without a real step.

        Args:
            tags: y, int `(batch, time)`; its values at masked steps are ignored.
            emissions, mask: as in `call`.
            training: Whether "auto" compiles. Default False.
        """
        emissions, mask = self._inputs(emissions, mask)
        tags = tf.where(mask, tf.cast(tags, tf.int32), 0)
        potentials = self.potentials()
        total = chains.log_partition(emissions, mask, potentials, training)
        return chains.score(tags, emissions, mask, potentials) - total

    def decode(self, emissions: tf.Tensor, mask: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The best sequence: `(tags, scores)`, int32 `(batch, time)` and `s(y)` `(batch,)`."""
        tags, scores = self.decode_nbest(emissions, mask, 1)
        return tags[:, 0], scores[:, 0]

    def decode_nbest(
        self, emissions: tf.Tensor, mask: tf.Tensor | None = None, count: int = 5
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The `count` best sequences, best first.

        Returns:
            `(tags, scores)`: int32 `(batch, count, time)` and `s(y)` `(batch, count)`;
            if there are fewer sequences, the other scores are -10,000 or less.
        """
        emissions, mask = self._inputs(emissions, mask)
        return chains.best(emissions, mask, self.potentials(), count)

    def marginals(self, emissions: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """`P(y_t = i | x)`, `(batch, time, tags)`; zero at masked steps."""
        emissions, mask = self._inputs(emissions, mask)
        return chains.marginals(emissions, mask, self.potentials())

    @property
    def loss(self) -> "CRFLoss":
        """A Keras loss for `compile`: `-log P(y | x)` for each sequence."""
        return CRFLoss(self)

    def _inputs(self, emissions, mask):
        emissions = tf.cast(tf.convert_to_tensor(emissions), "float32")
        mask = tf.ones(tf.shape(emissions)[:2], bool) if mask is None else tf.cast(mask, bool)
        return emissions, mask

    def compute_output_shape(self, input_shape: Sequence) -> Sequence:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tags": self.tags,
            "scheme": self.scheme,
            "boundaries": self.boundaries,
            "transition_initializer": keras.initializers.serialize(self.transition_initializer),
            "transition_regularizer": keras.regularizers.serialize(self.transition_regularizer),
        }


@keras.saving.register_keras_serializable("nlpseq")
class CRFLoss(keras.losses.Loss):
    """The negative log-likelihood of a `CRF`, the mean over the sequences of a batch.

    Steps count if the mask of the emissions is True and the label is not negative. In a
    loaded model the loss finds its layer by the name.

    Args:
        crf: The layer, or its name.
        name: Name of the loss. Default "crf_loss".
        **kwargs: as in `keras.losses.Loss`.

    Raises:
        ValueError: there is no layer of this name.
    """

    def __init__(self, crf: CRF | str, name: str = "crf_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        layer = _layers.get(crf) if isinstance(crf, str) else crf
        if layer is None:
            raise ValueError(
                f"There is no CRF layer named {crf!r}: load the model with compile=False and "
                "compile it with the `loss` of its CRF."
            )
        self.layer = weakref.ref(layer)  # Keras would save what an attribute holds

    def __call__(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> tf.Tensor:
        mask = getattr(y_pred, "_keras_mask", None)  # Keras would weight the steps with it
        y_true = tf.convert_to_tensor(y_true)
        labelled = tf.greater_equal(y_true, 0)
        mask = labelled if mask is None else tf.cast(mask, bool) & labelled
        losses = -self.layer().log_likelihood(y_true, y_pred, mask, training=True)
        if sample_weight is not None:
            losses *= tf.cast(sample_weight, losses.dtype)
        if self.reduction in (None, "none"):
            return losses
        return tf.reduce_sum(losses) if self.reduction == "sum" else tf.reduce_mean(losses)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "crf": self.layer().name}
