"""What hangs on a layer's call is kept by wrappers, and wrong shapes are said in one sentence."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import cells, layers
from nlpseq.errors import InputError
from tests.layers.helpers import BATCH, FEATURES, MASK, RECURRENT, TIME, UNITS, assert_close, normal, sequences

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("return_sequences", [True, False])
def test_losses_of_wrapped_layers_are_kept(name, return_sequences):
    layer = getattr(layers, name)(UNITS, activity_regularizer="l2", return_sequences=return_sequences)
    wrapper = layers.Bidirectional(layer, merge_mode=None)
    outputs = wrapper(sequences())
    expected = [np.square(output).sum() for output in outputs]
    regularized = keras.layers.Identity(activity_regularizer="l2")  # divides by the size of the batch from Keras 3.13
    regularized(outputs[0])
    factor = float(regularized.losses[0]) / expected[0]
    assert 0.001 < factor < 0.02
    assert_close([float(loss) for loss in wrapper.losses], [factor * one for one in expected])


def test_a_call_that_the_user_overrides_is_called():
    @keras.saving.register_keras_serializable("tests")
    class Doubled(layers.GRU):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            outputs = super().call(sequences, initial_state, mask, training)
            self.add_loss(tf.reduce_sum(outputs))
            return 2 * outputs

    layer, x = layers.Bidirectional(Doubled(UNITS)), sequences()
    plain = layers.Bidirectional(layers.GRU(UNITS))
    doubled = layer(x)
    plain.build(x.shape)
    plain.set_weights(layer.get_weights())
    assert_close(doubled, 2 * plain(x))
    assert len(layer.losses) == 2


def test_the_wrapped_layer_keeps_its_dtype():
    layer = layers.Bidirectional(layers.GRU(UNITS, dtype="float64"))
    assert layer(sequences()).dtype == tf.float32
    assert {weight.dtype for weight in layer.weights} == {"float64"}


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_the_mask_of_the_inputs_is_used_with_an_initial_state(name, wrap):
    layer = getattr(layers, name)(UNITS, return_sequences=True)
    layer = layers.Bidirectional(layer) if wrap else layer
    x = np.where(MASK[..., None], sequences(), 0.0)
    states = [normal(BATCH, UNITS, seed=i) for i in range((2 if name == "LSTM" else 1) * (2 if wrap else 1))]
    inputs, starts = keras.Input((TIME, FEATURES)), [keras.Input((UNITS,)) for _ in states]
    model = keras.Model([inputs, *starts], layer(keras.layers.Masking()(inputs), initial_state=starts))
    assert_close(model([x, *states]), layer(x, initial_state=states, mask=MASK))


def test_a_stateful_stack_is_reset():
    layer = layers.RNN([cells.GRUCell(UNITS), cells.LSTMCell(UNITS)], stateful=True)
    x = sequences()
    first, second = layer(x).numpy(), layer(x).numpy()
    assert np.abs(first - second).max() > 1e-3
    layer.reset_state()
    assert_close(layer(x), first)


def wrong_calls():
    x, states = sequences(), [normal(BATCH, UNITS)]
    return {
        "mask (batch, time, 1)": ((x,), {"mask": MASK[..., None]}, "mask"),
        "mask longer": ((x,), {"mask": np.ones((BATCH, TIME + 1), bool)}, "mask"),
        "mask of one row": ((x,), {"mask": MASK[:1]}, "mask"),
        "mask of time alone": ((x,), {"mask": MASK[0]}, "mask"),
        "state of one row": ((x,), {"initial_state": [s[:1] for s in states]}, r"state 0 .* a row"),
        "state of other units": ((x,), {"initial_state": [normal(BATCH, UNITS + 1)]}, r"state 0 .* shape"),
        "too many states": ((x,), {"initial_state": states * 2}, "must hold [12] tensors"),
        "features": ((x[..., :2],), {}, "axis -1"),
        "rank": ((x[0],), {}, "ndim=2"),
    }


@pytest.mark.parametrize("wrong", wrong_calls())
def test_wrong_shapes_are_reported_in_every_way_of_calling(wrong):
    (x,), options, words = wrong_calls()[wrong]
    layer = layers.GRU(UNITS)
    layer.build((None, None, FEATURES))
    with pytest.raises(ValueError, match=words):
        layer(x, **options)
    symbols = keras.tree.map_structure(lambda value: keras.KerasTensor(value.shape), options)
    with pytest.raises(ValueError, match=words):
        layer(keras.KerasTensor(x.shape), **symbols)
    with pytest.raises(ValueError, match=words):
        wrapped = layers.Bidirectional(layer)
        wrapped.build((None, None, FEATURES))
        wrapped(x, **{name: 2 * value if name == "initial_state" else value for name, value in options.items()})


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("wrong", ["mask longer", "mask of one row", "state of one row", "state of other units"])
def test_wrong_shapes_are_reported_in_a_graph_that_does_not_know_them(wrong):
    (x,), options, _ = wrong_calls()[wrong]
    layer = layers.GRU(UNITS)
    layer.build((None, None, FEATURES))
    (name, value) = next(iter(options.items()))
    value = tf.constant(value if name == "mask" else value[0])

    def call(x, value):
        return layer(x, **{name: value if name == "mask" else [value]})

    signature = [tf.TensorSpec([None, None, FEATURES]), tf.TensorSpec([None] * 2, value.dtype)]
    with pytest.raises(tf.errors.InvalidArgumentError, match="mask" if name == "mask" else "state 0"):
        tf.function(call, input_signature=signature)(x, value)


@pytest.mark.parametrize("cell", [cells.GRUCell, cells.LSTMCell, cells.MinGRUCell])
def test_a_step_checks_its_states(cell):
    cell = cell(UNITS)
    states = [tf.zeros((BATCH, size)) for size in cell.state_sizes]
    x = normal(BATCH, FEATURES)
    cell(x, states)
    for wrong in ([state[:1] for state in states], states + states[:1], [tf.zeros((BATCH, UNITS + 1))] * len(states)):
        with pytest.raises(InputError, match="states?.*of cell"):
            cell(x, wrong)
    with pytest.raises(ValueError, match="axis -1"):
        cell(x[:, :2], states)


@pytest.mark.parametrize("merge_mode", ["sum", None])
def test_states_of_a_stateful_wrapper_are_returned(merge_mode):
    """Where Keras counts the masks of a generator."""
    layer = layers.Bidirectional(layers.LSTM(UNITS, stateful=True, return_state=True), merge_mode=merge_mode)
    results = layer(sequences(), mask=MASK)
    assert [tuple(result.shape) for result in results] == [(BATCH, UNITS)] * (5 if merge_mode else 6)


@pytest.mark.parametrize("kind", ["ragged", "sparse"])
def test_sequences_that_are_not_dense_are_refused(kind):
    x = tf.RaggedTensor.from_tensor(sequences()) if kind == "ragged" else tf.sparse.from_dense(sequences())
    with pytest.raises(InputError, match=f"layer 'it' needs dense sequences, got a {kind} tensor"):
        layers.GRU(UNITS, name="it")(x)


@pytest.mark.parametrize("states, count", [([0, 0], 2), ([0, 0, 0], 3), (0, 1)])
def test_a_wrapper_counts_its_initial_states(states, count):
    states = keras.tree.map_structure(lambda _: tf.zeros((BATCH, UNITS)), states)
    layer = layers.Bidirectional(layers.LSTM(UNITS), name="both")
    with pytest.raises(InputError, match=f"of layer 'both' must hold 4 tensors, .* got {count}"):
        layer(sequences(), initial_state=states)


def test_outputs_of_two_sizes_cannot_be_added():
    layer = layers.Bidirectional(layers.GRU(2), "sum", backward_layer=layers.GRU(UNITS, go_backwards=True), name="both")
    with pytest.raises(InputError, match="`merge_mode` 'sum' of layer 'both' needs outputs of one size, got 2 and 3"):
        layer(sequences())
