"""Attention against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.layers import LSTM, BahdanauAttention, LuongAttention
from tests.layers.helpers import (
    BATCH,
    EMPTY_ROW,
    FEATURES,
    MASK,
    TIME,
    UNITS,
    assert_close,
    normal,
    project,
    randomize,
    sequences,
)

pytestmark = pytest.mark.usefixtures("eager")

STEPS = 2
TABLE = {
    "additive": lambda **options: BahdanauAttention(UNITS, **options),
    "general": lambda **options: LuongAttention(**options),
    "dot": lambda **options: LuongAttention("dot", **options),
    "scaled": lambda **options: LuongAttention("scaled", **options),
}
SIZES = {"additive": UNITS + 2, "general": UNITS + 2, "dot": FEATURES, "scaled": FEATURES}
every_attention = pytest.mark.parametrize("name", TABLE)
with_coverage = pytest.mark.parametrize("coverage", [False, True], ids=["plain", "coverage"])


def built(name, **options):
    layer = TABLE[name](**options)
    layer.build((BATCH, None, SIZES[name]), (BATCH, None, FEATURES))
    return randomize(layer)


def queries(name, dtype="float32"):
    return normal(BATCH, STEPS, SIZES[name], seed=5, dtype=dtype)


def covered(dtype="float32"):
    return np.abs(normal(BATCH, STEPS, TIME, seed=6, dtype=dtype))


def energy(name, layer, query, position, covered):
    """e of one query and one position, by the formula."""
    weights = {weight.name: weight.numpy() for weight in layer.weights}
    term = weights.get("coverage_kernel", 0.0) * covered
    if name == "additive":
        hidden = query @ weights["query_kernel"] + position @ weights["memory_kernel"] + term
        return np.tanh(hidden) @ weights["vector"]
    if name == "general":
        return query @ (position @ weights["kernel"]) + term
    return query @ position / (np.sqrt(len(query)) if name == "scaled" else 1.0) + term


def reference(name, layer, query, memory, mask, covered):
    """Contexts and weights, query by query, over the real positions alone."""
    weights = np.zeros((*query.shape[:2], memory.shape[1]))
    for row, step in np.ndindex(*query.shape[:2]):
        real = np.flatnonzero(mask[row])
        energies = [energy(name, layer, query[row, step], memory[row, s], covered[row, step, s]) for s in real]
        exponents = np.exp(np.array(energies))
        weights[row, step, real] = exponents / exponents.sum()
    return weights @ memory, weights


@pytest.mark.parametrize("mask", [None, MASK, EMPTY_ROW], ids=["whole", "mask", "empty-row"])
@with_coverage
@every_attention
def test_equals_numpy(name, coverage, mask):
    layer, memory = built(name, coverage=coverage), sequences()
    past = covered() if coverage else None
    real = np.ones((BATCH, TIME), bool) if mask is None else mask
    results = layer(queries(name), memory, mask=mask, coverage=past, return_weights=True)
    expected = reference(name, layer, queries(name), memory, real, covered())
    for one, other in zip(results, expected, strict=True):
        assert_close(one, other)
    assert_close(layer(queries(name), memory, mask=mask, coverage=past), expected[0])


@with_coverage
@every_attention
def test_one_query_equals_a_row_of_many(name, coverage):
    layer, memory = built(name, coverage=coverage), sequences()
    past = covered() if coverage else None
    many = layer(queries(name), memory, mask=MASK, coverage=past, return_weights=True)
    for step in range(STEPS):
        at = past[:, step] if coverage else None
        one = layer(queries(name)[:, step], memory, mask=MASK, coverage=at, return_weights=True)
        for single, rows in zip(one, many, strict=True):
            assert_close(single, rows[:, step])


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
@every_attention
def test_keys_computed_once(name, policy):
    layer, memory = built(name, dtype=policy), sequences()
    keys = layer.project(memory)
    assert keys.dtype == layer.compute_dtype
    once = layer(queries(name), memory, mask=MASK, keys=keys)
    assert_close(once, layer(queries(name), memory, mask=MASK))
    assert np.any(np.asarray(layer(queries(name), memory, keys=2 * keys)) != np.asarray(once))


def test_no_coverage_yet_is_zero_coverage():
    layer, memory = built("additive", coverage=True), sequences()
    zeros = np.zeros((BATCH, STEPS, TIME), "float32")
    query = queries("additive")
    assert_close(layer(query, memory), layer(query, memory, coverage=zeros))


@every_attention
def test_gradients_are_finite_and_equal_finite_differences(name):
    layer = built(name, coverage=True, dtype="float64")
    query, memory, past = (
        make("float64") for make in (lambda dtype: queries(name, dtype), lambda dtype: sequences(dtype=dtype), covered)
    )
    sources = [tf.constant(make) for make in (query, memory, past)]
    shifts = [normal(*make.shape, seed=20 + i, dtype="float64") for i, make in enumerate(sources)]

    def loss(query, memory, past):
        context = layer(query, memory, mask=EMPTY_ROW, coverage=past)
        return project([context])

    with tf.GradientTape() as tape:
        tape.watch(sources)
        total = loss(*sources)
    weights = [weight.value for weight in layer.trainable_variables]
    gradients = tape.gradient(total, [*sources, *weights])
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert not np.asarray(gradients[1])[~EMPTY_ROW].any()
    moved = [[make + sign * 1e-3 * shift for make, shift in zip(sources, shifts)] for sign in (1, -1)]
    expected = float(loss(*moved[0]) - loss(*moved[1])) / 2e-3
    along = sum(np.sum(gradient * shift) for gradient, shift in zip(gradients, shifts))
    assert along == pytest.approx(expected, rel=1e-3, abs=1e-4)  # the softmax is in float32


@every_attention
def test_large_scores_and_an_empty_source(name):
    layer, memory = built(name), sequences()
    assert np.isfinite(layer(1e4 * queries(name), 1e4 * memory, mask=MASK)).all()
    context, weights = layer(queries(name), memory[:, :0], mask=MASK[:, :0], return_weights=True)
    assert weights.shape == (BATCH, STEPS, 0)
    assert_close(context, np.zeros((BATCH, STEPS, FEATURES)))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@every_attention
def test_weights_sum_to_one_in_mixed_precision(name, policy):
    layer, memory = built(name, dtype=policy), sequences()
    context, weights = layer(queries(name), memory, mask=MASK, return_weights=True)
    assert context.dtype == layer.compute_dtype and weights.dtype == "float32"
    assert_close(tf.reduce_sum(weights, axis=-1), np.ones((BATCH, STEPS)), 1e-6)
    assert_close(tf.cast(context, tf.float32), built(name)(queries(name), memory, mask=MASK), 3e-2)


@every_attention
def test_config_round_trip(name):
    layer = built(name, coverage=True, dropout=0.25)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.coverage, again.dropout) == (True, 0.25)


def test_dropout_is_of_the_weights_and_in_training_alone():
    layer = LuongAttention("dot", dropout=0.5)
    memory = np.eye(400, dtype="float32")[np.newaxis]  # the context shows the weights that were used
    query = np.zeros((1, 400), "float32")
    context, weights = layer(query, memory, return_weights=True, training=True)
    assert_close(weights, np.full((1, 400), 1 / 400))
    used = context.numpy() * 400
    assert set(used.round(3).ravel()) == {0.0, 2.0} and 120 < np.count_nonzero(used) < 280
    assert_close(layer(query, memory), weights)


def model_of(name, **options):
    """Every word attends to a source, whose mask comes with the embedding."""
    source, target = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, FEATURES, mask_zero=True)
    memory = LSTM(FEATURES, return_sequences=True)(embedded(source))
    query = LSTM(SIZES[name], return_sequences=True)(embedded(target))
    context, weights = TABLE[name](**options)(query, memory, return_weights=True)
    return keras.Model([source, target], [keras.layers.Dense(1)(context), weights])


@pytest.mark.parametrize("name", [
    "additive", *(pytest.param(name, marks=pytest.mark.slow) for name in ("general", "dot", "scaled")),
])  # fmt: skip
def test_in_a_functional_model_with_the_mask_of_the_memory(name, tmp_path):
    model = model_of(name)
    random = np.random.default_rng(0)
    source, target = random.integers(1, 9, (8, 6)), random.integers(1, 9, (8, 4))
    source[:, 4:] = 0
    assert model.output_shape == [(None, None, 1), (None, None, None)]
    _, weights = model.predict([source, target], verbose=0)
    assert not weights[..., 4:].any() and weights[..., :4].all()
    assert_close(model.predict([source[:, :4], target], verbose=0)[1], weights[..., :4])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert_close(again.predict([source, target], verbose=0)[1], weights)
    model.compile(keras.optimizers.Adam(0.05), loss=["mse", None], jit_compile=False)
    expected = (source[:, :1] == target)[..., np.newaxis].astype("float32")
    losses = model.fit([source, target], expected, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_the_context_has_the_mask_of_the_queries():
    words = keras.layers.Embedding(5, FEATURES, mask_zero=True)(np.array([[1, 2, 0]]))
    context = built("dot")(words, words, mask=np.array([[True, False, False]]))
    assert np.asarray(context._keras_mask).tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: BahdanauAttention(0), "`units` must be at least 1"),
        (lambda: LuongAttention("genral"), "general"),
        (lambda: LuongAttention(dropout=1.5), "`dropout` must be between"),
        (lambda: LuongAttention("dot")(np.zeros((1, 2)), np.zeros((1, 3, 4))), "queries of 2"),
        (lambda: BahdanauAttention(3).project(np.zeros((1, 3, 4))), "no weights yet"),
        (lambda: built("additive")(queries("additive"), sequences(), coverage=covered()), "coverage=True"),
    ],
)
def test_bad_arguments(make, words):
    with pytest.raises(InputError, match=words):
        make()
