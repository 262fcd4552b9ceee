"""The detector: streaming is the whole, the future changes nothing, nor do batch, padding and neighbours."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import Recording, Recordings
from nlpseq.errors import InputError
from nlpseq.tasks import AnomalyDetector
from nlpseq.tasks.anomalies.alarms import peaks
from nlpseq.tasks.anomalies.density import parameters, surprise
from nlpseq.tasks.anomalies.novelty import COLD
from nlpseq.training import train
from nlpseq.training.settings import TrainingSettings

pytestmark = pytest.mark.usefixtures("portable")
METHODS = ("predictor", "autoencoder")
CHANNELS = ["a", "b"]


def series(steps, seed=0, channels=2):
    random = np.random.default_rng(seed)
    values = np.sin(np.arange(steps)[:, None] / 5 + np.arange(channels)) + 0.1 * random.normal(size=(steps, channels))
    values[steps // 2, 0] = np.nan
    return values


def randomised(detector):
    """Random weights, not zero biases, so that every one matters."""
    detector.ensure_built()
    random = np.random.default_rng(5)
    for variable in detector.trainable_variables:
        variable.assign(random.normal(0, 0.5, variable.shape))
    return detector


@pytest.fixture(scope="module", params=METHODS)
def detector(request):
    from nlpseq import engine

    with engine.mode("portable"):
        sizes = {"window": 4, "warm_up": 5, "rest": 7, "season": 10, "longest_season": 12}
        yield randomised(AnomalyDetector(CHANNELS, units=3, method=request.param, **sizes))


@pytest.fixture(scope="module")
def whole(detector):
    return detector.detect([series(120)])[0]


def test_streaming_equals_the_whole(detector, whole):
    step = tf.function(lambda values, **states: detector.step(values, states), autograph=False)
    states, rows = detector.first_states(tf.constant([10])), []
    for values in series(120):
        actual, states = step(tf.constant(values[np.newaxis]), **states)
        rows.append({name: value.numpy()[0] for name, value in actual.items()})
    for name, expected in whole.items():
        np.testing.assert_allclose([row[name] for row in rows], expected, rtol=1e-5, atol=1e-5)
    assert whole["alarm"].any()


def test_the_past_does_not_change_when_the_future_comes(detector, whole):
    changed = series(120)
    changed[80:] = 1e6
    for other in (changed, series(120)[:81]):
        actual = detector.detect([other])[0]
        for name, expected in whole.items():
            np.testing.assert_allclose(actual[name][:80], expected[:80], rtol=1e-6, atol=1e-6)


def test_batch_padding_and_neighbours_change_nothing(detector, whole):
    actual = detector.detect([series(90, 1), series(120), series(200, 2)])[1]
    for name, expected in whole.items():
        np.testing.assert_allclose(actual[name], expected, rtol=1e-6, atol=1e-6)


def test_alarms_are_peaks_that_reach_the_threshold(detector, whole):
    expected = peaks(whole["score"].astype(float), 7) >= detector.threshold
    expected[:5] = False
    np.testing.assert_array_equal(whole["alarm"], expected)


def test_the_unit_of_the_values_changes_nothing(detector, whole):
    for name, value in detector.detect([8 * series(120)])[0].items():
        np.testing.assert_allclose(value, whole[name], rtol=1e-4, atol=1e-4)


def test_odd_series():
    """Scores are finite; constant, missing, short and empty series raise no alarm, the change of a constant does."""
    change = np.where(np.arange(200) < 150, 45.0, 46.0)
    extreme = np.array([np.inf, 1, -np.inf, 1e300])
    quiet = [np.full(200, 45.0), np.zeros(200), np.full(200, np.nan), np.arange(3.0), extreme, np.zeros(0)]
    actual = AnomalyDetector(units=2).detect([change, *quiet])
    assert all(np.isfinite(row["score"]).all() for row in actual)
    assert [len(row["alarm"]) for row in actual[1:]] == [len(row) for row in quiet]
    assert not any(row["alarm"].any() for row in actual[1:])
    assert np.flatnonzero(actual[0]["alarm"])[0] == 150


@pytest.mark.parametrize("values", (np.zeros(30), np.zeros((30, 3)), np.zeros((2, 3, 2)), [["a", "b"]]))
def test_series_of_another_shape_are_refused(detector, values):
    with pytest.raises(InputError, match=r"arrays of shape \(steps, 2\), one for each series|expected numbers in each"):
        detector.detect([series(20), values])


def test_a_wished_rate_of_alarms_counts_also_where_there_are_labels():
    values, detector = series(400), AnomalyDetector(CHANNELS, units=2)
    values[[200, 300]] += 9
    labelled = Recordings([Recording("x", values, ((200, 200),))])
    assert detector.calibrate(labelled).by_labels and not detector.calibrate(labelled, rate=5.0).by_labels
    assert detector.threshold == pytest.approx(detector.calibrate(labelled, "rate", 5.0).threshold) != 1e-3
    with pytest.raises(InputError, match="`false_alarms` is not for `threshold` labels"):
        detector.calibrate(labelled, "labels", 1.0)
    with pytest.raises(InputError, match="`threshold` labels requires anomalies in the validation split"):
        detector.calibrate(Recordings([Recording("x", values)]), "labels")


def test_the_surprise_is_the_density():
    random = np.random.default_rng(0)
    outputs, values = random.normal(size=(4, parameters(2, 3))), random.normal(size=(4, 2))
    observed = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
    actual = surprise(
        tf.constant(outputs, tf.float32), tf.constant(values, tf.float32), tf.constant(observed, tf.float32)
    )
    for row, numbers, is_observed, result in zip(outputs, values, observed, actual.numpy()):
        weights = np.exp(row[:3]) / np.exp(row[:3]).sum()
        parts = row[3:].reshape(3, 4)
        density = 0.0
        for weight, (m0, m1, s0, s1) in zip(weights, parts):
            densities = [
                np.exp(-abs(u - m) / np.exp(s)) / (2 * np.exp(s)) for u, m, s in zip(numbers, (m0, m1), (s0, s1))
            ]
            density += weight * np.prod([p for p, real in zip(densities, is_observed) if real])
        assert result == pytest.approx(-np.log(density) if is_observed.any() else 0.0, abs=1e-5)


def test_what_is_labelled_or_before_the_start_is_no_target():
    detector = AnomalyDetector(units=2, steps=40)
    values = np.arange(40.0)[:, None]
    ((_, targets),) = detector.prepare(Recordings([Recording("x", values, ((20, 29),), 5)]), 1)
    expected = np.ones(40)
    expected[:5] = expected[20:30] = 0
    np.testing.assert_array_equal(targets.numpy()[0, :, 1], expected)


@pytest.mark.slow
def test_it_learns_and_is_saved(tmp_path):
    data = Recordings([Recording(str(seed), series(300, seed)) for seed in range(3)])
    detector = AnomalyDetector(CHANNELS, units=8, steps=40, components=2)
    settings = TrainingSettings(epochs=6, batch_size=8, learning_rate=0.02, patience=6)
    history, _ = train(detector, data, data, settings)
    assert history["val_loss"][-1] < history["val_loss"][0] - 0.3
    assert detector.calibrate(data, "rate", 0.0).threshold > 0
    assert not any(row["alarm"].any() for row in detector.detect(data.values))
    detector.save(tmp_path / "detector.keras")
    loaded: Any = keras.saving.load_model(tmp_path / "detector.keras")
    assert loaded.threshold == pytest.approx(detector.threshold) and loaded.channels == CHANNELS
    for name, value in detector.detect([series(100)])[0].items():
        np.testing.assert_array_equal(loaded.detect([series(100)])[0][name], value)


def test_first_steps_are_cold(whole):
    assert (whole["score"][:COLD] < -1).all() and not whole["alarm"][:5].any()
