"""A linear-chain conditional random field over emissions."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check, check_mask, check_mask_shape, check_shape
from nlpseq.cells.padding import zero_padding
from nlpseq.engine import chains
from nlpseq.engine.chain_decoding import best_and_marginals
from nlpseq.engine.chains import IMPOSSIBLE, Potentials
from nlpseq.errors import InputError, whole
from nlpseq.tag_schemes import transition_rules


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
        self.supports_jit = False  # a training step compiled as a whole could not check the labels

    def build(self, input_shape: Sequence) -> None:
        if len(input_shape) != 3 or input_shape[-1] != self.count:
            raise InputError(self._wrong_emissions(input_shape))
        self.input_spec = keras.InputSpec(ndim=3, axes={-1: self.count})
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
        if mask is not None:
            check_mask(mask, emissions, self._owner())
        emissions = tf.identity(tf.cast(emissions, "float32"))  # a tensor of its own, which says where it comes from
        emissions._nlpseq_crf = self
        return emissions

    def compute_output_spec(self, emissions: Any, mask: Any = None) -> Any:
        if mask is not None:
            check_mask_shape(mask.shape, emissions.shape, self._owner())
        return keras.KerasTensor(emissions.shape, "float32")

    def potentials(self) -> Potentials:
        """A, b and f, with the score `IMPOSSIBLE` where the scheme forbids a tag or a transition."""
        if not self.built:
            raise InputError(f"{self._owner()} has no weights before its first call: make it a layer of the model.")
        zeros = tf.zeros((self.count,))
        boundaries = (self.first, self.last) if self.boundaries else (zeros, zeros)
        scores = [tf.convert_to_tensor(weight) for weight in (self.transitions, *boundaries)]
        if self.rules is not None:
            scores = [tf.where(legal, score, IMPOSSIBLE) for legal, score in zip(self.rules, scores)]
        return Potentials(*scores)

    def log_likelihood(
        self, tags: tf.Tensor, emissions: tf.Tensor, mask: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """`log P(y | x)`, float32 `(batch,)`; 0 for a row without a real step, minus infinity for impossible tags.

        Args:
            tags: y, int `(batch, time)`, from 0 to the number of tags - 1; its values at
                masked steps are ignored.
            emissions, mask: as in `call`.
            training: Whether "auto" compiles. Default False.
        """
        emissions, mask = self._inputs(emissions, mask)
        emissions, tags = _shifted(emissions), tf.convert_to_tensor(tags)
        check_shape(tags, [*tf.unstack(tf.shape(mask))], "tags", "(batch, time)", self._owner())
        tags = tf.where(mask, tf.cast(tags, tf.int32), 0)
        check(
            tf.reduce_all((tags >= 0) & (tags < self.count)),
            f"`tags` of {self._owner()} must hold numbers from 0 to {self.count - 1} at real steps.",
        )
        potentials = self.potentials()
        total = chains.log_partition(emissions, mask, potentials, training)
        score = chains.score(tags, emissions, mask, potentials)
        return tf.where(score > IMPOSSIBLE, score - total, score)

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
            if there are fewer possible sequences, the other scores are minus infinity, and
            the tags beside them mean nothing.
        """
        emissions, mask = self._inputs(emissions, mask)
        whole("count", count, 1)
        return chains.best(emissions, mask, self.potentials(), count)

    def marginals(self, emissions: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """`P(y_t = i | x)`, `(batch, time, tags)`; zero at masked steps."""
        emissions, mask = self._inputs(emissions, mask)
        return chains.marginals(_shifted(emissions), mask, self.potentials())

    def decode_with_marginals(self, emissions: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The best sequence as of `decode`, and the `marginals`, in one loop.

        Args:
            emissions: as in `call`, of one step at least.
            lengths: how many steps of each sequence are real, int32 `(batch,)`; the others are behind them.

        Returns:
            `(tags, marginals)`, int32 `(batch, time)` and `(batch, time, tags)`; what they have at padded steps means
            nothing.
        """
        emissions, _ = self._inputs(emissions, None)
        return best_and_marginals(_shifted(emissions), lengths, self.potentials())

    @property
    def loss(self) -> keras.losses.Loss:
        """A Keras loss for `compile`, `-log P(y | x)` for each sequence: see `nlpseq.layers.crf_loss.CRFLoss`."""
        from nlpseq.layers.crf_loss import CRFLoss

        return CRFLoss(self)

    def _inputs(self, emissions, mask):
        emissions = tf.cast(tf.convert_to_tensor(emissions), "float32")
        if emissions.shape.rank != 3 or emissions.shape[-1] not in (None, self.count):
            raise InputError(self._wrong_emissions(emissions.shape))
        if mask is None:
            return emissions, tf.ones(tf.shape(emissions)[:2], bool)
        mask = check_mask(mask, emissions, self._owner())
        return zero_padding(emissions, mask), mask

    def _owner(self):
        return f"CRF '{self.name}'"

    def _wrong_emissions(self, shape):
        needed = f"emissions (batch, time, {self.count})"
        return f"CRF '{self.name}' has {self.count} tags and needs {needed}, got {tuple(shape)}."

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


def _shifted(emissions):
    """The emissions less the largest of each step: the same probabilities from smaller numbers."""
    largest = tf.stop_gradient(tf.reduce_max(emissions, axis=-1, keepdims=True))
    return emissions - tf.where(tf.math.is_finite(largest), largest, 0.0)
