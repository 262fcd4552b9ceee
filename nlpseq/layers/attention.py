"""Additive and multiplicative attention: from queries to weighted sums of a memory."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check_mask, check_mask_shape, check_shape
from nlpseq.cells.padding import zero_padding
from nlpseq.engine.compilation import should_compile
from nlpseq.engine.energies import additive_energies
from nlpseq.errors import InputError, in_range, one_of

SCORES = ("general", "dot", "scaled")


class Attention(keras.layers.Layer):
    """Base class of attention, for energies e_ts of query t and memory position s.

        a_ts = exp(e_ts) / sum_s exp(e_ts)      over the real positions s
        context_t = sum_s a_ts m_s

    A subclass defines `add_weights`, `project` and `energy`.

    Args:
        coverage: Whether the energy has a coverage term. Default False.
        dropout: Rate of dropped attention weights in training, between 0 and 1. Default 0.
        **kwargs: as in `keras.layers.Layer`.
    """

    def __init__(self, coverage: bool = False, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.coverage = coverage
        self.dropout = in_range("dropout", dropout, 0.0, 1.0)
        self.seed_generator = keras.random.SeedGenerator() if dropout else None
        self.supports_masking = True

    def build(self, query_shape: Sequence, memory_shape: Sequence) -> None:
        self.size, self.features = query_shape[-1], memory_shape[-1]
        self.add_weights(self.size, self.features)
        self.built = True

    def call(
        self,
        query: tf.Tensor,
        memory: tf.Tensor,
        mask: tf.Tensor | None = None,
        coverage: tf.Tensor | None = None,
        keys: tf.Tensor | None = None,
        return_weights: bool = False,
        training: bool | None = False,
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        if coverage is not None and not self.coverage:
            raise InputError(f"`coverage` is not supported by layer '{self.name}': make it with coverage=True.")
        mask = getattr(memory, "_keras_mask", None) if mask is None else mask
        self._check_shapes(query, memory, mask, coverage, keys)
        if mask is not None:
            mask = check_mask(mask, memory, self._owner())
        if keys is None:
            memory = zero_padding(memory, mask)
            keys = self.project(memory)
        single = len(query.shape) == 2
        if single:
            query = query[:, tf.newaxis]
            coverage = None if coverage is None else coverage[:, tf.newaxis]
        else:
            query = zero_padding(query, getattr(query, "_keras_mask", None))
        weights = _softmax(tf.cast(self.energy(query, keys, coverage, training), tf.float32), mask)
        context = tf.matmul(tf.cast(self._dropped(weights, training), memory.dtype), memory)
        if single:
            context, weights = context[:, 0], weights[:, 0]
        return (context, weights) if return_weights else context

    def add_weights(self, size: int, features: int) -> None:
        """Adds the weights, for queries of `size` and a memory of `features`."""
        raise NotImplementedError

    def project(self, memory: tf.Tensor) -> tf.Tensor:
        """The keys `(batch, source, ...)` of a memory: the part of the energy that no query changes.

        Decoding computes them once and passes them to each call as `keys`.
        """
        raise NotImplementedError

    def energy(self, query: tf.Tensor, keys: tf.Tensor, coverage: tf.Tensor | None, training: bool | None) -> tf.Tensor:
        """e `(batch, steps, source)` of queries `(batch, steps, size)`."""
        raise NotImplementedError

    def _product(self, inputs, kernel):
        """`inputs @ kernel` in the compute dtype, also outside `__call__`, where Keras does not cast."""
        inputs = tf.cast(tf.convert_to_tensor(inputs), self.compute_dtype)
        kernel = tf.cast(kernel, self.compute_dtype)
        if tf.distribute.has_strategy():
            kernel = _shaped_gradient(kernel)
        return tf.tensordot(inputs, kernel, 1)

    def _dropped(self, weights, training):
        if not (training and self.dropout):
            return weights
        return keras.random.dropout(weights, self.dropout, seed=self.seed_generator)

    def _check_shapes(self, query, memory, mask, coverage, keys):
        """Raises an error unless the shapes of the arguments fit each other and the weights."""
        owner = self._owner()
        check_shape(memory, [None, None, self.features], "memory", "(batch, source, features)", owner)
        symbolic = isinstance(memory, keras.KerasTensor)
        batch, source, *_ = memory.shape if symbolic else tf.unstack(tf.shape(memory))
        steps = [None] * (len(query.shape) - 2)
        if len(steps) > 1:
            raise InputError(f"`query` of {owner} must have 2 or 3 axes, got the shape {tuple(query.shape)}.")
        meaning = "(batch, steps, size)" if steps else "(batch, size)"
        check_shape(query, [batch, *steps, self.size], "query", meaning, owner)
        if coverage is not None:
            steps = query.shape[1:-1] if symbolic else tf.unstack(tf.shape(query)[1:-1])
            check_shape(coverage, [batch, *steps, source], "coverage", "(batch, steps, source)", owner)
        if keys is not None:
            check_shape(keys, [batch, source, None], "keys", "(batch, source, size), as from `project`", owner)
        if mask is not None:
            check_mask_shape(mask.shape, memory.shape, owner)

    def _owner(self):
        return f"layer '{self.name}'"

    def _check_built(self):
        if not self.built:
            raise InputError(f"'{self.name}' has no weights yet: call it once, or build(query_shape, memory_shape).")

    def compute_mask(self, inputs: tf.Tensor, mask: Any = None) -> tf.Tensor | None:
        return getattr(inputs, "_keras_mask", None)

    def compute_output_shape(self, query_shape: Sequence, memory_shape: Sequence) -> tuple:
        return (*query_shape[:-1], memory_shape[-1])

    def compute_output_spec(
        self,
        query: Any,
        memory: Any,
        mask: Any = None,
        coverage: Any = None,
        keys: Any = None,
        return_weights: bool = False,
        training: bool | None = False,
    ) -> Any:
        self._check_shapes(query, memory, mask, coverage, keys)
        shape = self.compute_output_shape(query.shape, memory.shape)
        context = keras.KerasTensor(shape, self.compute_dtype)
        weights = keras.KerasTensor((*shape[:-1], memory.shape[1]), "float32")
        return (context, weights) if return_weights else context

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "coverage": self.coverage, "dropout": self.dropout}


@keras.saving.register_keras_serializable("nlpseq")
class BahdanauAttention(Attention):
    """Additive attention (Bahdanau et al. 2015, section 3.1 and appendix A.1.2).

        e_ts = v . tanh(W q_t + U m_s)
        a_ts = exp(e_ts) / sum_s exp(e_ts)      over the real positions s
        context_t = sum_s a_ts m_s

    With coverage c_t = sum_{t' < t} a_t' (See et al. 2017, equation 11), the energy
    depends on what was attended to before:

        e_ts = v . tanh(W q_t + U m_s + w_c c_ts)

    Weights and context of a row without a real position are zero.

    Args:
        units: Positive integer, the size of W q and U m.
        coverage: Whether the energy has the coverage term. Default False.
        dropout: Rate of dropped attention weights in training, between 0 and 1. Default 0.
        **kwargs: as in `keras.layers.Layer`.

    Call arguments:
        query: Float tensor `(batch, size)`, or `(batch, steps, size)`.
        memory: Float tensor `(batch, source, features)`.
        mask: Bool `(batch, source)`, True = real; the values of other positions do not matter, NaN
            included. Default None, the Keras mask of the memory if it has one, else all
            positions are real.
        coverage: With `coverage`, the sum of earlier weights, `(batch, source)` or
            `(batch, steps, source)` like the query. Default None, zeros.
        keys: `project(memory)`, computed once for many calls; the masked positions of keys and
            memory must then be finite. Default None.
        return_weights: Whether to return the weights as well. Default False.
        training: Whether dropout applies. Default False.

    Returns:
        The context, `(batch, features)` or `(batch, steps, features)`; with
        `return_weights` also the weights before dropout, float32 `(batch, source)` or
        `(batch, steps, source)`.

    Weights:
        query_kernel W `(size, units)`, memory_kernel U `(features, units)`,
        vector v `(units,)`; with `coverage` coverage_kernel w_c `(units,)`.

    Raises:
        InputError: `units` is less than 1; `coverage` is given to a layer without it;
            `project` is called before the layer is built.

    Example:

    >>> attention = BahdanauAttention(8)
    >>> memory = np.random.normal(size=(2, 5, 4)).astype("float32")
    >>> context, weights = attention(memory[:, 0], memory, return_weights=True)
    >>> context.shape, weights.shape
    (TensorShape([2, 4]), TensorShape([2, 5]))
    """

    def __init__(self, units: int, coverage: bool = False, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(coverage, dropout, **kwargs)
        self.units = in_range("units", units, 1)

    def add_weights(self, size: int, features: int) -> None:
        self.query_kernel = self.add_weight(name="query_kernel", shape=(size, self.units))
        self.memory_kernel = self.add_weight(name="memory_kernel", shape=(features, self.units))
        self.vector = self.add_weight(name="vector", shape=(self.units,))
        if self.coverage:
            self.coverage_kernel = self.add_weight(name="coverage_kernel", shape=(self.units,))

    def project(self, memory: tf.Tensor) -> tf.Tensor:
        self._check_built()
        return self._product(memory, self.memory_kernel)

    def energy(self, query: tf.Tensor, keys: tf.Tensor, coverage: tf.Tensor | None, training: bool | None) -> tf.Tensor:
        queries = self._product(query, self.query_kernel)
        if coverage is None and self._in_one_pass(queries, training):
            return additive_energies(queries, keys, tf.convert_to_tensor(self.vector))
        hidden = queries[:, :, tf.newaxis] + keys[:, tf.newaxis]
        if coverage is not None:
            hidden += coverage[..., tf.newaxis] * self.coverage_kernel
        return self._product(tf.tanh(hidden), self.vector)

    def _in_one_pass(self, queries, training):
        """Whether energies are computed by a compiled program, as loops over time are."""
        return queries.shape[1] != 1 and queries.dtype == tf.float32 and should_compile("auto", training, queries)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("nlpseq")
class LuongAttention(Attention):
    """Multiplicative attention (Luong et al. 2015, section 3.1).

        general   e_ts = q_t . (m_s W)
        dot       e_ts = q_t . m_s
        scaled    e_ts = q_t . m_s / sqrt(size)     (Vaswani et al. 2017, section 3.2.1)

        a_ts = exp(e_ts) / sum_s exp(e_ts)          over the real positions s
        context_t = sum_s a_ts m_s

    With coverage c_t = sum_{t' < t} a_t' (Tu et al. 2016), the energy has the additional
    term w_c c_ts. The attentional layer tanh(W_c [context; q]) of the paper is not included.
    Weights and context of a row without a real position are zero.

    Args:
        score: "general", "dot" or "scaled"; "dot" and "scaled" need queries whose size is
            the number of features of the memory. Default "general".
        coverage: Whether the energy has the coverage term. Default False.
        dropout: Rate of dropped attention weights in training, between 0 and 1. Default 0.
        **kwargs: as in `keras.layers.Layer`.

    Call arguments:
        query: Float tensor `(batch, size)`, or `(batch, steps, size)`.
        memory: Float tensor `(batch, source, features)`.
        mask: Bool `(batch, source)`, True = real; the values of other positions do not matter, NaN
            included. Default None, the Keras mask of the memory if it has one, else all
            positions are real.
        coverage: With `coverage`, the sum of earlier weights, `(batch, source)` or
            `(batch, steps, source)` like the query. Default None, zeros.
        keys: `project(memory)`, computed once for many calls; the masked positions of keys and
            memory must then be finite. Default None.
        return_weights: Whether to return the weights as well. Default False.
        training: Whether dropout applies. Default False.

    Returns:
        The context, `(batch, features)` or `(batch, steps, features)`; with
        `return_weights` also the weights before dropout, float32 `(batch, source)` or
        `(batch, steps, source)`.

    Weights:
        With "general" kernel W `(features, size)`; with `coverage` coverage_kernel w_c `()`.

    Raises:
        InputError: `score` is unknown; the sizes do not fit "dot" or "scaled"; `coverage`
            is given to a layer without it; shapes do not fit; `project` is called before the layer is built.

    Example:

    >>> query = np.array([[1.0, 0.0]], "float32")
    >>> memory = np.array([[[0.0, 2.0], [0.0, 4.0], [9.0, 9.0]]], "float32")
    >>> LuongAttention("dot")(query, memory, mask=np.array([[True, True, False]])).numpy().tolist()
    [[0.0, 3.0]]
    """

    def __init__(self, score: str = "general", coverage: bool = False, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(coverage, dropout, **kwargs)
        self.score = one_of("score", score, SCORES)

    def add_weights(self, size: int, features: int) -> None:
        if self.score == "general":
            self.kernel = self.add_weight(name="kernel", shape=(features, size))
        elif size != features:
            raise InputError(
                f"`score` {self.score!r} needs queries of the size of the memory, got queries of {size} "
                f'and a memory of {features}: use score "general".'
            )
        if self.coverage:
            self.coverage_kernel = self.add_weight(name="coverage_kernel", shape=(), initializer="zeros")

    def project(self, memory: tf.Tensor) -> tf.Tensor:
        self._check_built()
        if self.score == "general":
            return self._product(memory, self.kernel)
        return tf.cast(tf.convert_to_tensor(memory), self.compute_dtype)

    def energy(self, query: tf.Tensor, keys: tf.Tensor, coverage: tf.Tensor | None, training: bool | None) -> tf.Tensor:
        if self.score == "scaled":
            query *= query.shape[-1] ** -0.5
        scores = tf.matmul(query, keys, transpose_b=True)
        return scores if coverage is None else scores + coverage * self.coverage_kernel

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "score": self.score}


def _softmax(scores, mask):
    """Weights over the real positions of the last axis; zeros where there is none."""
    if mask is None:
        return tf.nn.softmax(scores)
    real = tf.cast(mask, bool)[:, tf.newaxis]
    weights = tf.nn.softmax(tf.where(real, scores, scores.dtype.min))
    return tf.where(real, weights, 0.0)


@tf.custom_gradient
def _shaped_gradient(kernel):
    """A kernel whose gradient has its static shape, which that of `tf.tensordot` lacks and reductions need."""
    return tf.identity(kernel), lambda gradient: tf.ensure_shape(gradient, kernel.shape)
