"""Scores against their definitions, naive forecasts, and what is fitted on validation windows."""

import numpy as np
import pytest

from nlpseq.tasks.forecasting import calibration, evaluation, report
from nlpseq.tasks.forecasting.data import load_series
from nlpseq.tasks.forecasting.splits import naive_error

LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture(scope="module")
def windows():
    random = np.random.default_rng(0)
    columns = {f"s{i}": (10 + random.normal(size=90)).round(2).tolist() for i in range(4)}
    columns["s1"][-3] = None
    return load_series(columns, test=None).split(horizon=6, windows=3, season=4, context=12).test


@pytest.mark.parametrize("count, is_said", [(1, True), (9, True), (10, False)])
def test_intervals_of_few_windows_are_reported(count, is_said, capsys):
    report.print_calibration(calibration.Calibration(1.0, 0.5, 0.5, count))
    assert ("note: intervals follow" in capsys.readouterr().out) == is_said


def test_scores_are_those_of_their_definitions(windows):
    random = np.random.default_rng(1)
    quantiles = np.sort(10 + random.normal(size=(len(windows), 6, 3)), axis=-1)
    actual = evaluation.scored(windows, quantiles, quantiles[..., 1], LEVELS)
    mase, smape, inside, loss, total = [], [], [], 0.0, 0.0
    for row, (series, origin) in enumerate(zip(windows.series, windows.origins)):
        values = windows.store.series(int(series))
        before = values[: len(values) - 18]
        scale = np.nanmean(np.abs(before[4:] - before[:-4]))
        errors, relative = [], []
        for step in range(6):
            y, low, f, high = values[origin + step], *quantiles[row, step]
            if np.isnan(y):
                continue
            errors.append(abs(y - f) / scale)
            relative.append(200 * abs(y - f) / (abs(y) + abs(f)))
            inside.append(low <= y <= high)
            loss += sum(2 * max(q * (y - x), (q - 1) * (y - x)) for q, x in zip(LEVELS, (low, f, high))) / 3
            total += abs(y)
        mase.append(np.mean(errors))
        smape.append(np.mean(relative))
    expected = {"mase": np.mean(mase), "smape": np.mean(smape), "coverage_80": np.mean(inside)}
    expected["weighted_quantile_loss"] = loss / total
    assert {name: actual[name] for name in expected} == pytest.approx(expected)


def test_naive_forecasts(windows):
    actual = evaluation.naive_forecasts(windows, 4, [4, 12])
    assert set(actual) == {"naive", "seasonal_naive", "seasonal_naive_12"}
    row = len(windows) - 1
    values = windows.store.series(int(windows.series[row]), int(windows.origins[row]))
    np.testing.assert_array_equal(actual["naive"][row], values[-1])
    np.testing.assert_array_equal(actual["seasonal_naive"][row], values[[-4, -3, -2, -1, -4, -3]])


def test_a_missing_value_is_repeated_from_the_season_before():
    values = [1.0, 2, 3, 4, 5, None, 7, 8]
    data = load_series({"y": [*values, 0.0, 0.0]}).split(horizon=2, windows=1, season=4, context=4)
    np.testing.assert_array_equal(evaluation.naive_forecasts(data.test, 4)["seasonal_naive"], [[5.0, 2.0]])
    assert naive_error(np.array([1.0, 2, 4]), 5) == 1.5  # too short for a season: consecutive values


class Fixed:
    """What is fitted of a forecaster, whose quantiles are too close to its median and whose base is better."""

    def __init__(self, windows, width):
        from nlpseq.tasks.forecasting.paths import spread_out

        self.spread_out, self.windows, self.width, self.by_steps = spread_out, windows, width, False
        self.settings = type("Settings", (), {"quantiles": LEVELS})
        self.blend, self.correction, self.persistence = (Value() for _ in range(3))

    def predict_windows(self, windows):
        median = 10.0 + 3.0 * self.blend.value + np.zeros((len(windows), 6, 1))
        offsets = self.width * np.array([-1.0, 0.0, 1.0]) * self.correction.value
        return {"quantiles": median + offsets}


class Value:
    def assign(self, value):
        self.value = np.asarray(value)


def test_calibration_distrusts_a_bad_network_and_widens_narrow_intervals(windows):
    many = windows.select(np.tile(np.arange(len(windows)), 60))
    task = Fixed(many, width=0.3)
    actual = calibration.calibrate(task, many)  # pyright: ignore[reportArgumentType]
    assert actual.blend == 0.0 and actual.before < 0.5
    assert actual.after == pytest.approx(0.8, abs=0.1)


def test_of_few_independent_errors_an_interval_is_the_widest_of_them():
    errors, level = np.arange(1.0, 11), 0.8

    def factor(count):
        return calibration._factor(errors, np.full(10, 5.0), level, errors > 0, count)

    assert factor(1e9) == pytest.approx(np.quantile(errors, level) / 5)
    assert factor(4) == 2.0 > factor(20) > factor(1e9)


def test_the_share_of_the_network_is_the_smallest_within_a_standard_error():
    random = np.random.default_rng(0)
    base, noise = np.ones(50), random.normal(0, 0.5, 50)
    choose = calibration._smallest
    assert choose({0.0: base, 0.5: base - 0.01 + noise - noise.mean()}) == 0.0
    assert choose({0.0: base, 0.5: base - 0.2 + noise - noise.mean()}) == 0.5
