"""Random masks: what is drawn, where a cell applies it, and how long it is stored."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, ResetBeforeGRUCell, SimpleRNNCell
from nlpseq.cells.contract import RandomMasks
from tests.cells.test_cells import CELLS
from tests.layers.helpers import BATCH, FEATURES, TIME, UNITS, assert_close, normal, randomize, sequences

pytestmark = pytest.mark.usefixtures("eager")
every_cell = pytest.mark.parametrize("make", [make for make, _ in CELLS])


def built(make, features=FEATURES, units=UNITS, **options):
    cell = make(units, **options)
    cell.build((BATCH, features))
    return randomize(cell)


def zeros(cell, batch=BATCH):
    return [tf.zeros((batch, size)) for size in cell.state_sizes]


# What is drawn


@every_cell
def test_dropout_masks_have_the_rate_and_keep_the_mean(make):
    cell = built(make, 300, 400, dropout=0.25, recurrent_dropout=0.5, seed=1)
    masks = cell.draw_masks(tf.ones((20, TIME, 300)), zeros(cell, 20), training=True)
    recurrent = [*tf.nest.flatten(masks.recurrent), *tf.nest.flatten([masks.step] if masks.step is not None else [])]
    assert len(tf.nest.flatten(masks.inputs)) == len(recurrent) == cell.gates
    for mask in tf.nest.flatten(masks.inputs):
        check_mask(mask.numpy(), (20, 300), 0.25)
    for mask in recurrent:
        check_mask(mask.numpy(), (20, 400), 0.5)
    assert len({mask.numpy().tobytes() for mask in recurrent}) == cell.gates  # one of its own for each gate


def check_mask(mask, shape, rate):
    assert mask.shape == shape
    np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - rate)], rtol=1e-6)
    assert np.mean(mask == 0) == pytest.approx(rate, abs=0.02)


def test_input_dropout_alone_has_one_mask_for_all_gates():
    cell = built(LSTMCell, dropout=0.5)
    assert cell.draw_masks(sequences(), zeros(cell), training=True).inputs.shape == (BATCH, FEATURES)
    cell = built(LSTMCell, dropout=0.5, implementation=1)
    assert len(cell.draw_masks(sequences(), zeros(cell), training=True).inputs) == 4


def test_zoneout_masks_have_the_rate_of_their_state_at_every_step():
    cell = built(LSTMCell, units=300, projection_size=200, zoneout=[0.2, 0.4], seed=1)
    mask = cell.draw_masks(tf.ones((20, TIME, FEATURES)), zeros(cell, 20), training=True).zoneout.numpy()
    assert mask.shape == (20, TIME, 500)
    assert mask[..., :200].mean() == pytest.approx(0.2, abs=0.02)
    assert mask[..., 200:].mean() == pytest.approx(0.4, abs=0.02)
    assert not np.array_equal(mask[:, 0], mask[:, 1])


def test_the_mask_of_the_recurrent_kernel_has_the_rate():
    cell = built(GRUCell, units=100, weight_dropout=0.3, seed=1)
    mask = cell.draw_masks(sequences(), zeros(cell), training=True).recurrent_kernel
    check_mask(mask.numpy(), (100, 300), 0.3)


@every_cell
def test_nothing_is_drawn_in_inference_or_at_rate_zero(make):
    cell = built(make, dropout=0.5, recurrent_dropout=0.5, zoneout=0.5, weight_dropout=0.5)
    state = cell.seed_generator.state.numpy().tolist()
    assert cell.draw_masks(sequences(), zeros(cell)) == RandomMasks()
    assert cell.seed_generator.state.numpy().tolist() == state
    assert built(make).draw_masks(sequences(), zeros(cell), training=True) == RandomMasks()


# Where it is applied


def random_mask(*shape, seed):
    return 2.0 * (normal(*shape, seed=seed) > 0).astype("float32")


def test_a_cell_of_one_gate_under_dropout():
    cell = built(SimpleRNNCell)
    W, U, b = cell.get_weights()
    x, h = normal(BATCH, FEATURES), normal(BATCH, UNITS, seed=1)
    inputs, recurrent = random_mask(BATCH, FEATURES, seed=2), random_mask(BATCH, UNITS, seed=3)
    output, _ = cell(x, [h], training=True, masks=RandomMasks(tf.constant(inputs), tf.constant(recurrent)))
    assert_close(output, np.tanh((x * inputs) @ W + (h * recurrent) @ U + b))


@pytest.mark.parametrize("make, reference", CELLS[1:])
def test_each_gate_has_its_mask(make, reference):
    """Masks of entries are those of the rows of the kernels, if each row of the batch is taken alone."""
    cell = built(make)
    W, U, b = cell.get_weights()
    x = normal(BATCH, FEATURES)
    states = [normal(BATCH, UNITS, seed=10 + i) for i in range(cell.states)]
    inputs = [random_mask(BATCH, FEATURES, seed=20 + gate) for gate in range(cell.gates)]
    recurrent = [random_mask(BATCH, UNITS, seed=30 + gate) for gate in range(cell.gates)]
    masks = RandomMasks(list(map(tf.constant, inputs)), list(map(tf.constant, recurrent)))
    output, _ = cell(x, states, training=True, masks=masks)
    for row in range(BATCH):
        alone = slice(row, row + 1)
        masked_W = W * np.concatenate([np.repeat(mask[alone].T, UNITS, axis=1) for mask in inputs], axis=1)
        masked_U = U * np.concatenate([np.repeat(mask[alone].T, UNITS, axis=1) for mask in recurrent], axis=1)
        expected = reference(cell, masked_W, masked_U, b, x[alone], [state[alone] for state in states])
        assert_close(output[alone], expected[0])


@every_cell
def test_the_mask_of_the_recurrent_kernel_drops_its_entries(make):
    cell, plain = built(make), built(make)
    kernel, recurrent, bias = cell.get_weights()
    mask = random_mask(*recurrent.shape, seed=4)
    plain.set_weights([kernel, recurrent * mask, bias])
    x, states = normal(BATCH, FEATURES), [normal(BATCH, size, seed=5) for size in cell.state_sizes]
    output, _ = cell(x, states, training=True, masks=RandomMasks(recurrent_kernel=tf.constant(mask)))
    assert_close(output, plain(x, states)[0])


@pytest.mark.parametrize("make", [*(make for make, _ in CELLS), MinGRUCell])
def test_zoneout_keeps_the_entries_of_its_mask(make):
    cell, plain = built(make, zoneout=0.3), built(make)
    x, states = normal(BATCH, FEATURES), [normal(BATCH, size, seed=5 + size) for size in cell.state_sizes]
    keep = normal(BATCH, sum(cell.state_sizes), seed=6) > 0
    _, new = cell(x, states, training=True, masks=RandomMasks(zoneout=tf.constant(keep)))
    _, expected = plain(x, states)
    for one, after, before, mask in zip(new, expected, states, np.split(keep, cell.states, axis=1), strict=True):
        assert_close(one, np.where(mask, before, after))


def test_zoneout_in_inference_is_the_mean_of_its_masks():
    cell, plain = built(LSTMCell, zoneout=[0.0, 0.9]), built(LSTMCell)
    x, before = normal(BATCH, FEATURES), [normal(BATCH, UNITS, seed=seed) for seed in (1, 2)]
    _, (h, c) = cell(x, before)
    _, (expected_h, expected_c) = plain(x, before)
    assert_close(h, expected_h)
    assert_close(c, 0.9 * before[1] + 0.1 * expected_c)


# How long it is stored


@every_cell
def test_steps_by_hand_share_given_masks(make):
    cell = built(make, dropout=0.4, recurrent_dropout=0.4, seed=3)
    layer = nlpseq.layers.RNN(cell, return_sequences=True, engine="portable")
    state = cell.seed_generator.state.numpy()
    expected = layer(sequences(), training=True)
    cell.seed_generator.state.assign(state)
    states = zeros(cell)
    masks = cell.draw_masks(sequences()[:, 0], states, training=True)
    for step in range(TIME):
        output, states = cell(sequences()[:, step], states, training=True, masks=masks)
        assert_close(output, expected[:, step])


def test_steps_by_hand_draw_a_zoneout_mask_each():
    cell = built(SimpleRNNCell, units=200, zoneout=0.5)
    states, x = zeros(cell), normal(BATCH, FEATURES)
    masks = cell.draw_masks(x, states, training=True)
    assert masks.zoneout is None
    is_zoned = [cell(x, states, training=True, masks=masks)[0].numpy() == 0 for _ in range(2)]
    assert np.any(is_zoned[0] != is_zoned[1])


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("mode", ["portable", "graph"])
@every_cell
def test_a_run_leaves_no_masks_in_the_cell(make, mode):
    cell = built(make, dropout=0.5, recurrent_dropout=0.5, weight_dropout=0.5)
    layer = nlpseq.layers.RNN(cell, engine="portable")
    cell(sequences()[:, 0], zeros(cell), training=True)  # stores masks of this batch size
    call = tf.function(layer) if mode == "graph" else layer
    call(sequences(), training=True)
    output, _ = cell(sequences()[:2, 0], zeros(cell, 2), training=True)
    assert output.shape == (2, UNITS)


def test_keras_draws_one_mask_for_all_steps_of_a_sequence():
    cell = built(SimpleRNNCell, recurrent_dropout=0.5, weight_dropout=0.3, activation=None, use_bias=False)
    cell.set_weights([np.zeros((FEATURES, UNITS)), np.eye(UNITS)])
    layer = keras.layers.RNN(cell, return_sequences=True)
    first = layer(sequences(), initial_state=[tf.ones((BATCH, UNITS))], training=True).numpy()
    factor = first[:, 0]
    for step in range(TIME):  # a unit is dropped at every step, or scaled at every step
        assert_close(first[:, step], factor ** (step + 1))
    runs = [layer(sequences(), initial_state=[tf.ones((BATCH, UNITS))], training=True).numpy() for _ in range(3)]
    assert any(np.any(run != first) for run in runs)


def test_single_steps_store_their_masks_until_reset_as_in_keras():
    cell = built(GRUCell, recurrent_dropout=0.5, dropout=0.5)
    x, states = sequences()[:, 0], [tf.ones((BATCH, UNITS))]
    first = cell(x, states, training=True)[0].numpy()
    assert_close(cell(x, states, training=True)[0], first)
    cell.reset_dropout_mask()
    cell.reset_recurrent_dropout_mask()
    assert np.any(cell(x, states, training=True)[0].numpy() != first)


def test_the_candidate_of_the_reset_before_cell_has_its_mask_in_the_step():
    cell = built(ResetBeforeGRUCell, recurrent_dropout=0.5)
    masks = cell.draw_masks(sequences(), zeros(cell), training=True)
    assert len(masks.recurrent) == 2 and masks.step.shape == (BATCH, UNITS)


@pytest.mark.usefixtures("graph")
def test_stored_masks_end_with_their_graph_and_their_batch():
    cell = built(GRUCell, features=40, recurrent_dropout=0.5, dropout=0.5, weight_dropout=0.5)

    def step(x):
        return cell(x, zeros(cell, len(x)), training=True)[0]

    in_graph = tf.function(step)
    x = normal(BATCH, 40)
    eager = step(x)
    assert np.any(in_graph(x) != eager)  # not a constant of the graph
    assert np.any(in_graph(x) != in_graph(x))
    assert step(x).shape == eager.shape
    assert step(x[:2]).shape == (2, UNITS)
