"""Every public layer through saving, all ways of running, mixed precision and unknown sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine, layers
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, MinLSTMCell, RecurrentCell
from tests.layers.helpers import (
    BATCH,
    FEATURES,
    MASK,
    UNITS,
    assert_close,
    normal,
    randomize,
    sequences,
)


@keras.saving.register_keras_serializable("tests")
class OverItself(keras.layers.Layer):
    """Attention with one sequence as queries and memory, so that it fits the table."""

    def __init__(self, attention, **options):
        super().__init__(**options)
        self.attention, self.supports_masking = attention, True

    def build(self, shape):
        if not self.attention.built:  # a loaded one is
            self.attention.build(shape, shape)

    def call(self, inputs, mask=None):
        return self.attention(inputs, inputs, mask=mask)

    def compute_output_shape(self, shape):
        return self.attention.compute_output_shape(shape, shape)

    def get_config(self):
        attention = keras.saving.serialize_keras_object(self.attention)
        return {**super().get_config(), "attention": attention}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("attention")), **config)


class LeakyCell(RecurrentCell):
    """h_t = 0.9 h_{t-1} + 0.1 tanh(W x_t + U h_{t-1} + b)"""

    def transition(self, wx, uh, states):
        return [0.9 * states[0] + 0.1 * tf.tanh(wx + uh)]


@keras.saving.register_keras_serializable("tests")
class Leaky(layers.CellLayer):
    """A layer of a custom cell."""

    cell_arguments = ("units", "zoneout")

    def __init__(self, units, zoneout=0.0, **kwargs):
        super().__init__(LeakyCell(units, zoneout=zoneout, dtype=kwargs.get("dtype")), **kwargs)


TABLE = {
    "SimpleRNN": lambda **options: layers.SimpleRNN(UNITS, **options),
    "LSTM": lambda **options: layers.LSTM(UNITS, return_sequences=True, **options),
    "GRU": lambda **options: layers.GRU(UNITS, **options),
    "GRU-reset-before": lambda **options: layers.GRU(UNITS, reset_after=False, **options),
    "CellLayer": lambda **options: Leaky(UNITS, return_sequences=True, **options),
    "RNN": lambda **options: layers.RNN([LSTMCell(UNITS, **options), GRUCell(UNITS + 1, **options)], **options),
    "LSTM-variants": lambda **options: layers.LSTM(
        UNITS,
        layer_normalization=True,
        peephole=True,
        coupled_gates=True,
        projection_size=2,
        trainable_initial_state=True,
        **options,
    ),
    "LSTM-recompute": lambda **options: layers.LSTM(UNITS, return_sequences=True, recompute=True, **options),
    "RNN-linear": lambda **options: layers.RNN(
        [MinLSTMCell(UNITS, **options), MinGRUCell(UNITS, parallel=True, **options)], **options
    ),
    "StackedRNNCells": lambda **options: layers.RNN(
        layers.StackedRNNCells([GRUCell(UNITS, **options), GRUCell(UNITS, **options)], "highway", **options),
        **options,
    ),
    "Bidirectional": lambda **options: layers.Bidirectional(
        layers.LSTM(UNITS, return_sequences=True, **options), **options
    ),
    "CRF": lambda **options: layers.CRF(FEATURES, **options),
    "BahdanauAttention": lambda **options: OverItself(layers.BahdanauAttention(UNITS, **options), **options),
    "LuongAttention": lambda **options: OverItself(layers.LuongAttention(**options), **options),
    "LuongAttention-scaled": lambda **options: OverItself(layers.LuongAttention("scaled", **options), **options),
    "Pooling-max": lambda **options: layers.Pooling("max", **options),
    "Pooling-mean": lambda **options: layers.Pooling("mean", **options),
    "Pooling-max-mean": lambda **options: layers.Pooling("max_mean", **options),
    "Pooling-attention": lambda **options: layers.Pooling("attention", **options),
}
every_layer = pytest.mark.parametrize("make", TABLE.values(), ids=TABLE.keys())


def by_default(*names):
    """Every layer, but for tests that trace or compile: all but these in the slow tier."""
    return pytest.mark.parametrize("make", [
        pytest.param(make, id=name, marks=() if name in names else pytest.mark.slow) for name, make in TABLE.items()
    ])  # fmt: skip


def model_of(make, **options):
    inputs, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    model = keras.Model([inputs, mask], make(**options)(inputs, mask=mask))
    return randomize(model)


def test_the_table_holds_every_public_layer():
    assert {name.split("-")[0] for name in TABLE} == set(layers.__all__)


@pytest.mark.usefixtures("eager")
@every_layer
@pytest.mark.slow
def test_config_round_trip(make):
    layer = make()
    again = type(layer).from_config(layer.get_config())
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    randomize(model := keras.Sequential([keras.Input((None, FEATURES)), layer]))
    again.build((None, None, FEATURES))
    again.set_weights(model.get_weights())
    assert_close(again(sequences(), mask=MASK), layer(sequences(), mask=MASK))


@pytest.mark.usefixtures("eager")
@every_layer
def test_save_and_load(make, tmp_path):
    model = model_of(make)
    expected = model.predict_on_batch([sequences(), MASK])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    assert_close(again.predict_on_batch([sequences(), MASK]), expected)


@by_default("LSTM", "Pooling-attention")
def test_eager_graph_and_xla_agree(make):
    layer = make()
    layer.build((BATCH, None, FEATURES))
    randomize(layer)
    x, mask = tf.constant(sequences()), tf.constant(MASK)
    eager = layer(x, mask=mask)
    for jit_compile in (False, True):
        function = tf.function(lambda x, mask: layer(x, mask=mask), jit_compile=jit_compile)
        assert_close(function(x, mask), eager)


def fitted_weights(make, **options):
    model = model_of(make)
    model.compile(keras.optimizers.SGD(0.1), "mse", **options)
    targets = normal(*model([sequences(), MASK]).shape, seed=8)
    model.fit([sequences(), MASK], targets, epochs=2, verbose=0)
    return model.get_weights()


@by_default("LSTM")
def test_fit_eagerly_and_in_a_graph(make):
    if make is TABLE["CRF"]:
        pytest.skip("passes its input on, in float32: tests/layers/test_crf.py")
    with engine.mode("portable"):
        weights = [fitted_weights(make, run_eagerly=eagerly) for eagerly in (True, False)]
    for one, other in zip(*weights, strict=True):
        assert np.isfinite(one).all()
        assert_close(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LSTM", "Pooling-attention"])
def test_fit_compiled_as_a_whole(name):
    whole = fitted_weights(TABLE[name], jit_compile=True)
    with engine.mode("portable"):
        expected = fitted_weights(TABLE[name], jit_compile=False)
    for one, other in zip(whole, expected, strict=True):
        assert_close(one, other)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)])
@every_layer
def test_mixed_precision(make, policy):
    if make is TABLE["CRF"]:
        pytest.skip("passes its input on, in float32: tests/layers/test_crf.py")
    model, plain = model_of(make, dtype=policy), model_of(make)
    output = model([sequences(), MASK])
    assert output.dtype == keras.DTypePolicy(policy).compute_dtype
    assert all(w.dtype == "float32" for w in model.weights)
    precision = 2e-3 if policy == "mixed_float16" else 2e-2
    assert_close(tf.cast(output, tf.float32), plain([sequences(), MASK]), precision)


@pytest.mark.usefixtures("eager")
@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("make", [TABLE["LSTM"], TABLE["Pooling-attention"]])
def test_fit_in_mixed_precision(make, policy):
    model = model_of(make, dtype=policy)
    before = model.get_weights()
    model.compile("sgd", "mse")
    targets = np.ones(model.predict_on_batch([sequences(), MASK]).shape)
    losses = model.fit([sequences(), MASK], targets, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    assert all(np.any(one != other) for one, other in zip(model.get_weights(), before))


@by_default("LSTM", "RNN-linear", "StackedRNNCells", "Bidirectional", "CRF", "BahdanauAttention", "Pooling-attention")
def test_unknown_batch_and_time(make):
    model = model_of(make)
    layer = model.layers[-1]
    shapes = set()

    @tf.function(input_signature=[tf.TensorSpec((None, None, FEATURES)), tf.TensorSpec((None, None), tf.bool)])
    def call(x, mask):
        shapes.add(tuple(x.shape))
        return model([x, mask])

    for time, batch in ((1, 1), (3, 2), (5, 3)):
        x, mask = sequences(time)[:batch], MASK[:batch, :time]
        assert_close(call(x, mask), layer(x, mask=mask))
    assert shapes == {(None, None, FEATURES)}


@pytest.mark.usefixtures("eager")
@every_layer
def test_the_shape_of_the_output_is_known(make):
    model = model_of(make)
    output = model([sequences(), MASK])
    assert model.output_shape[-1] == output.shape[-1]
    assert len(model.output_shape) == len(output.shape)
    layer = model.layers[-1]
    assert tuple(layer.compute_output_shape(sequences().shape)) == tuple(output.shape)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "name", ["LSTM", pytest.param("SimpleRNN", marks=pytest.mark.slow), pytest.param("GRU", marks=pytest.mark.slow)]
)
def test_weights_of_a_keras_model_load(name, tmp_path):
    models = []
    for module in (layers, keras.layers):
        models.append(
            keras.Sequential(
                [
                    keras.Input((None, FEATURES)),
                    module.Bidirectional(getattr(module, name)(UNITS, return_sequences=True)),
                    getattr(module, name)(UNITS),
                    keras.layers.Dense(2),
                ]
            )
        )
    ours, theirs = models
    ours.set_weights(randomize(theirs).get_weights())
    assert_close(ours(sequences()), theirs(sequences()))
    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours.set_weights([np.zeros(w.shape) for w in ours.get_weights()])
    ours.load_weights(tmp_path / "keras.weights.h5")
    assert_close(ours(sequences()), theirs(sequences()))


@pytest.mark.parametrize(
    "make",
    [layers.LSTM, lambda units, **options: layers.RNN(GRUCell(units), **options)],
    ids=["LSTM", "RNN"],
)
def test_every_option_is_in_the_config(make):
    options = {
        "engine": "portable",
        "return_sequences": True,
        "return_state": True,
        "unroll": True,
        "go_backwards": True,
        "stateful": True,
        "zero_output_for_mask": True,
        "name": "mine",
    }
    layer = make(UNITS, **options)
    again = type(layer).from_config(layer.get_config())
    assert {name: getattr(again, name) for name in options} == options
