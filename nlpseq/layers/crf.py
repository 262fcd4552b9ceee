"""A linear-chain conditional random field over emissions."""

import weakref

import keras
import tensorflow as tf

from nlpseq.engine import chains
from nlpseq.engine.chains import IMPOSSIBLE, Potentials
from nlpseq.tag_schemes import transition_rules

_layers = weakref.WeakValueDictionary()  # by name, for losses that are loaded


@keras.saving.register_keras_serializable("nlpseq")
class CRF(keras.layers.Layer):
    """Linear-chain conditional random field (Lafferty et al. 2001).

        s(y, x) = b_{y_1} + sum_t e_t(y_t) + sum_{t>1} A_{y_{t-1}, y_t} + f_{y_T}
        P(y | x) = exp s(y, x) / sum_{y'} exp s(y', x)

    The emissions e_t come from the layer below, such as a `Dense` of one unit a tag.
    The layer passes them on; train it with its `loss`, and decode its outputs:

        crf = CRF(3)
        model = keras.Model(inputs, crf(emissions, mask=mask))
        model.compile("adam", loss=crf.loss)        # labels (batch, time), -1 = padding
        tags, scores = crf.decode(model.predict(x), mask)

    Args:
        tags: Number of tags, or the list of their names.
        scheme: "bio", "iob1" or "bioes": sequences that break it are impossible, in
            training and decoding. Needs names. Default None, every sequence.
        boundaries: Whether there are scores b and f of the first and last tag.
            Default True.
        transition_initializer: Of A, b and f. Default "zeros".
        transition_regularizer: Of A. Default None.

    Call arguments:
        emissions: Float tensor `(batch, time, tags)`.
        mask: Bool `(batch, time)`, True = real, or None.

    Returns:
        The emissions, float32, with the mask for `loss`.

    Weights:
        transitions A `(tags, tags)`, from the row to the column; first b and last f
        `(tags,)` with `boundaries`.

    Raises:
        ValueError: the emissions have another number of tags; a scheme without names
            or names that do not fit it.

    Example:

    >>> crf = CRF(["O", "B-X", "I-X"], scheme="bio")
    >>> emissions = crf(np.array([[[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]], "float32"))
    >>> crf.decode(emissions)[0].numpy().tolist()
    [[1, 2]]
    """

    def __init__(
        self,
        tags,
        scheme=None,
        boundaries=True,
        transition_initializer="zeros",
        transition_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.tags = tags if isinstance(tags, int) else list(tags)
        self.count = tags if isinstance(tags, int) else len(self.tags)
        if self.count < 1:
            raise ValueError(f"`tags` must be a positive number or a list of names, got {tags!r}.")
        if scheme is not None and isinstance(tags, int):
            raise ValueError(f"scheme={scheme!r} needs the names of the tags, got tags={tags}.")
        self.scheme = scheme
        self.rules = None if scheme is None else transition_rules(self.tags, scheme)
        self.boundaries = boundaries
        self.transition_initializer = keras.initializers.get(transition_initializer)
        self.transition_regularizer = keras.regularizers.get(transition_regularizer)
        self.supports_masking = True
        _layers[self.name] = self

    def build(self, input_shape):
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

    def call(self, emissions, mask=None):
        return tf.cast(emissions, "float32")

    def potentials(self):
        """A, b and f, with what the scheme forbids."""
        none = tf.zeros((self.count,))
        bounds = (self.first, self.last) if self.boundaries else (none, none)
        values = [tf.convert_to_tensor(each) for each in (self.transitions, *bounds)]
        if self.rules is not None:
            values = [tf.where(legal, each, IMPOSSIBLE) for legal, each in zip(self.rules, values)]
        return Potentials(*values)

    def log_likelihood(self, tags, emissions, mask=None, training=False):
        """`log P(y | x)`, `(batch,)`, of tags `(batch, time)`; 0 for a row without a real step."""
        emissions, mask = self._inputs(emissions, mask)
        tags = tf.where(mask, tf.cast(tags, tf.int32), 0)
        potentials = self.potentials()
        total = chains.log_partition(emissions, mask, potentials, training)
        return chains.score(tags, emissions, mask, potentials) - total

    def decode(self, emissions, mask=None):
        """The best sequence: `(tags, scores)`, int32 `(batch, time)` and `s(y)` `(batch,)`."""
        tags, scores = self.decode_nbest(emissions, mask, 1)
        return tags[:, 0], scores[:, 0]

    def decode_nbest(self, emissions, mask=None, count=5):
        """The `count` best sequences, best first.

        Returns:
            `(tags, scores)`: int32 `(batch, count, time)` and `s(y)` `(batch, count)`;
            where there are fewer sequences, the scores of the rest are -10,000 or less.
        """
        emissions, mask = self._inputs(emissions, mask)
        return chains.best(emissions, mask, self.potentials(), count)

    def marginals(self, emissions, mask=None):
        """`P(y_t = i | x)`, `(batch, time, tags)`; zero at masked steps."""
        emissions, mask = self._inputs(emissions, mask)
        return chains.marginals(emissions, mask, self.potentials())

    @property
    def loss(self):
        """A Keras loss, `-log P(y | x)` a sequence, for `compile`."""
        return CRFLoss(self)

    def _inputs(self, emissions, mask):
        emissions = tf.cast(tf.convert_to_tensor(emissions), "float32")
        mask = tf.ones(tf.shape(emissions)[:2], bool) if mask is None else tf.cast(mask, bool)
        return emissions, mask

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
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

    A step counts where the mask of the emissions is True and its label is not
    negative. In a saved model the loss finds the layer again by its name.

    Args:
        crf: the layer, or its name.
    """

    def __init__(self, crf, name="crf_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        layer = _layers.get(crf) if isinstance(crf, str) else crf
        if layer is None:
            raise ValueError(
                f"There is no CRF layer named {crf!r}: load the model with compile=False and "
                "compile it with the `loss` of its CRF."
            )
        self.layer = weakref.ref(layer)  # Keras would save what an attribute holds

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = getattr(y_pred, "_keras_mask", None)  # Keras would weigh steps with it
        y_true = tf.convert_to_tensor(y_true)
        labelled = tf.greater_equal(y_true, 0)
        mask = labelled if mask is None else tf.cast(mask, bool) & labelled
        losses = -self.layer().log_likelihood(y_true, y_pred, mask, training=True)
        if sample_weight is not None:
            losses *= tf.cast(sample_weight, losses.dtype)
        if self.reduction in (None, "none"):
            return losses
        return tf.reduce_sum(losses) if self.reduction == "sum" else tf.reduce_mean(losses)

    def get_config(self):
        return {**super().get_config(), "crf": self.layer().name}
