"""A forecaster: what its forecasts do not depend on, what its losses are, and what is saved."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.tasks.forecasting import distributions
from nlpseq.tasks.forecasting.objectives import pinball, quantile_weights
from tests.tasks.forecasting.small import CONTEXT, HORIZON, forecaster, inputs, preprocessor

METHODS = ["direct", "steps"]


@pytest.fixture(autouse=True)
def quick(portable):
    """Nothing is compiled."""


@pytest.fixture(scope="module", params=METHODS)
def task(request):
    task = forecaster(method=request.param)
    task.correction.assign([2.0, 1.2, 0.7, 1.0, 1.5, 0.4, 1.0])
    return task


@pytest.mark.parametrize("options", [
    {"method": "direct"}, {"method": "steps"}, {"method": "steps", "distribution": "negative_binomial"},
])  # fmt: skip
def test_every_weight_learns(options):
    task = forecaster(**options)
    future = {"future": np.full((3, HORIZON), 1000.0)} if task.by_steps else {}
    examples = {name: tf.constant(value) for name, value in (inputs() | future | {"unit": np.ones(3)}).items()}
    with tf.GradientTape() as tape:
        outputs = task(examples, training=True)
        loss = task.compute_loss(examples, tf.fill([3, HORIZON], tf.constant(1000.0, tf.float64)), outputs)
    for weight, gradient in zip(task.trainable_variables, tape.gradient(loss, task.trainable_variables)):
        assert gradient is not None, weight.path


@pytest.mark.parametrize("changes, message", [
    ({"past": None}, "`inputs` lacks 'past': the model reads item, known, past, static, times, values"),
    ({"pst": np.zeros(3)}, "`inputs` has 'pst'"),
    ({"values": np.zeros((3, CONTEXT - 1))}, "expected values, numbers of shape .any, 16., got float64 .3, 15.[.]$"),
    ({"values": np.zeros(CONTEXT)}, "got float64 .16,"),
    ({"values": np.full((3, CONTEXT), "a")}, "expected values, numbers of shape"),
    ({"known": np.zeros((3, CONTEXT, 1))}, "expected known, numbers of shape .any, 21, 1."),
])  # fmt: skip
def test_inputs_of_other_names_and_shapes_are_refused(changes, message):
    examples = {name: value for name, value in (inputs() | changes).items() if value is not None}
    task = forecaster()
    for answer in (task.forecast, lambda inputs: task.sample(inputs, 2, 1)):
        with pytest.raises(InputError, match=message):
            answer(examples)


def quantiles(task, inputs):
    return task.forecast(inputs)["quantiles"].numpy()


def test_shift_and_scale_of_a_series_are_those_of_its_forecast(task):
    examples = inputs()
    moved = {**examples, "values": 0.25 * examples["values"] - 7000}
    np.testing.assert_allclose(quantiles(task, moved), 0.25 * quantiles(task, examples) - 7000, rtol=1e-5)


def test_quantiles_never_cross(task):
    assert (np.diff(quantiles(task, inputs(8, seed=3)), axis=-1) >= 0).all()


def test_wider_intervals_do_not_move_the_mean():
    task, given = forecaster(), inputs()
    before = task.forecast(given)
    task.correction.assign([1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 4.0])
    after = task.forecast(given)
    assert (after["quantiles"][..., -1] > before["quantiles"][..., -1]).numpy().all()
    np.testing.assert_allclose(after["mean"], before["mean"], rtol=1e-7)  # scaled quantiles are float32


def test_batch_and_neighbours_change_nothing(task):
    examples, expected = inputs(5), quantiles(task, inputs(5))
    for row in range(5):
        alone = {name: value[row : row + 1] for name, value in examples.items()}
        np.testing.assert_allclose(quantiles(task, alone)[0], expected[row], rtol=1e-5)


def test_missing_values_and_covariates_of_padding_are_not_read(task):
    examples = inputs()
    other = {**examples, "past": examples["past"].copy(), "values": examples["values"].copy()}
    other["past"][-1, :5] = np.nan
    full = quantiles(task, examples)
    assert np.isfinite(full).all() and np.isfinite(quantiles(task, other)).all()
    filled = np.where(np.isnan(examples["values"]), 0.0, examples["values"])
    assert np.abs(quantiles(task, {**examples, "values": filled}) - full).max() > 1  # zeros are values


def test_constant_and_empty_series(task):
    examples = inputs(2)
    examples["values"][0], examples["values"][1] = 5.0, np.nan
    actual = quantiles(task, examples)
    if not task.counts:
        np.testing.assert_array_equal(actual[0], 5.0)
    assert np.isnan(actual[1]).all()


def test_an_untrained_forecaster_repeats_the_season():
    description = preprocessor(past=[], known=[], items=[], statics={}, base=np.eye(8)[[2] * HORIZON] * 50)
    task = forecaster(description=description)
    for weight in task.trainable_weights:
        weight.assign(tf.zeros_like(weight) if weight is not task.network.base_logits else description.base)
    examples = {name: inputs()[name] for name in ("values", "times")}
    examples["values"][:, -1] = np.nan  # then that of the season before is repeated
    expected = examples["values"][:, [-4, -3, -2, -5, -4]]
    np.testing.assert_allclose(quantiles(task, examples)[1, :, 3], expected[1], rtol=1e-6)


def test_sampled_paths_follow_the_quantiles():
    task = forecaster()
    task.persistence.assign(0.5)
    actual = task.sample(inputs(), 4000, 1).numpy()
    assert actual.shape == (3, 4000, HORIZON)
    np.testing.assert_allclose(
        np.quantile(actual, [0.1, 0.5, 0.9], axis=1).transpose(1, 2, 0),
        quantiles(task, inputs())[..., [1, 3, 5]],
        atol=12,
    )
    alone = task.sample({name: value[1:2] for name, value in inputs().items()}, 4000, 1)
    np.testing.assert_allclose(alone[0], actual[1], rtol=1e-6)


@pytest.mark.usefixtures("portable")
def test_quantiles_of_counts_are_whole_numbers_and_means_are_not():
    examples = inputs()
    real, counts = (
        forecaster(description=preprocessor(domain=domain)).forecast(examples) for domain in ("positive", "count")
    )
    np.testing.assert_array_equal(counts["quantiles"], np.round(real["quantiles"]))
    np.testing.assert_array_equal(counts["mean"], real["mean"])


def test_counts_are_whole_and_not_negative():
    description = preprocessor(domain="count")
    task = forecaster(method="steps", distribution="negative_binomial", description=description)
    examples = inputs()
    examples["values"] = np.round(np.abs(examples["values"] - 1000) / 40)
    actual = task.sample(examples, 30, 2).numpy()
    np.testing.assert_allclose(actual, np.round(actual), atol=1e-3)
    assert actual.min() >= 0 and actual.max() > 0


def test_step_by_step_the_network_reads_what_it_reads_in_training():
    """Parameters of the first step of the horizon, from all values at once and from the states."""
    task = forecaster(method="steps")
    examples = inputs()
    level, scale = task.level_and_scale(examples)
    z = np.nan_to_num((examples["values"] - level) / scale).astype(np.float32)
    mask = np.isfinite(examples["values"])
    parameters = task({**examples, "future": np.zeros((3, HORIZON))})
    (past, known), vector = task.features(examples), task.vector(examples, 3)
    uniform = tf.random.stateless_uniform([HORIZON, 3, 7], [20, 0], 1e-6, 1.0)
    expected = distributions.student_sample(parameters[:, CONTEXT][:, tf.newaxis], uniform[0][:, tf.newaxis])
    paths = task.network.paths(z, mask, past, known, vector, tf.cast(scale, tf.float32), 7)
    np.testing.assert_allclose(paths[..., 0], expected, rtol=1e-4, atol=1e-5)


def test_losses_are_those_of_scipy():
    random = np.random.default_rng(0)
    parameters = random.normal(size=(50, 3)).astype(np.float32)
    m, s, v = (part.numpy() for part in distributions.student_parameters(parameters))
    values = random.normal(size=50).astype(np.float32)
    expected = -scipy.stats.t.logpdf(values, v, m, s)
    np.testing.assert_allclose(distributions.student_loss(parameters, values), expected, rtol=1e-4)
    scale = np.full(50, 7.0, np.float32)
    mu, r = (part.numpy() for part in distributions.negative_binomial_parameters(parameters, scale))
    counts = random.integers(0, 20, 50).astype(np.float32)
    expected = -scipy.stats.nbinom.logpmf(counts, r, r / (r + mu))
    np.testing.assert_allclose(distributions.negative_binomial_loss(parameters, counts, scale), expected, rtol=1e-3)


def test_samples_have_their_distributions():
    random = np.random.default_rng(1)
    uniform = random.uniform(1e-6, 1, size=(3, 100_000)).astype(np.float32)
    parameters = np.array([0.5, 0.2, 0.0], np.float32)
    m, s, v = (float(part) for part in distributions.student_parameters(parameters))
    actual = distributions.student_sample(np.tile(parameters, (100_000, 1)), uniform)
    levels = [0.05, 0.5, 0.9]
    np.testing.assert_allclose(np.quantile(actual, levels), scipy.stats.t.ppf(levels, v, m, s), atol=0.05)
    scale = np.full(100_000, 9.0, np.float32)
    actual = distributions.negative_binomial_sample(np.tile(parameters, (100_000, 1)), scale, uniform).numpy()
    mu, r = distributions.negative_binomial_parameters(parameters, scale[:1])
    np.testing.assert_allclose(actual.mean(), mu[0], rtol=0.02)
    np.testing.assert_allclose(actual.var(), mu[0] + mu[0] ** 2 / r[0], rtol=0.05)


def test_pinball_and_mean():
    errors = tf.constant([[2.0, -1.0, 0.5]])
    by_hand = 2 * (0.1 * 2.0 * 1 + 0.5 * 1.0 * 3 + 0.9 * 0.5 * 1) / 5
    np.testing.assert_allclose(pinball(errors, [0.1, 0.5, 0.9]), [by_hand], rtol=1e-6)
    levels = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(quantile_weights(levels.tolist()) @ scipy.stats.gamma.ppf(levels, 2), 2.0, rtol=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_saved_and_loaded_it_answers_as_before(tmp_path, method):
    task = forecaster(method=method)
    task.blend.assign(0.5)
    task.save(tmp_path / "a.keras")
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    np.testing.assert_array_equal(quantiles(loaded, inputs()), quantiles(task, inputs()))


@pytest.mark.slow
def test_an_ensemble_averages_quantiles():
    tasks = [forecaster(seed) for seed in (1, 2)]
    mean = np.mean([quantiles(task, inputs()) for task in tasks], axis=0)
    np.testing.assert_allclose(quantiles(tasks[0].combined(tasks[1:]), inputs()), mean, rtol=1e-5)


def test_what_training_draws_is_a_function_of_its_variables():
    task, examples = forecaster(outliers=0.5), inputs(8, seed=3)
    before = [np.array(variable) for variable in task.variables]
    first, second = (task(examples, training=True).numpy() for _ in range(2))
    for variable, value in zip(task.variables, before):
        variable.assign(value)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(task(examples, training=True).numpy(), first)


def test_the_level_of_a_damaged_window_is_that_of_its_damaged_values():
    description = preprocessor(base=np.eye(8)[[1] * HORIZON] * 50)  # the level
    task, examples = forecaster(outliers=0.9, description=description), inputs(8, seed=3)
    for weight in task.trainable_weights:
        weight.assign(tf.zeros_like(weight) if weight is not task.network.base_logits else description.base)
    level = np.nanmean(examples["values"][:, -4:], axis=1)
    np.testing.assert_allclose(task(examples)[:, 0, task.middle], level, rtol=1e-5)
    assert np.abs(task(examples, training=True)[:, 0, task.middle] - level).max() > 20
