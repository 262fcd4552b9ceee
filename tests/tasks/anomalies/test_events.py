"""Scores by event and by range, against loops over points; alarms; random scores win nothing."""

import numpy as np
import pytest

from nlpseq.tasks.anomalies.alarms import peaks, quiet_threshold
from nlpseq.tasks.anomalies.events import BUFFERS, LEVELS, best_threshold, count_events, vus_pr
from nlpseq.tasks.anomalies.recordings import windows_of
from nlpseq.tasks.anomalies.rivals import ROLLING, make_rivals, rolling_z_score

WINDOWS = ((20, 29), (60, 64), (80, 80))


def test_events_and_alarms_are_counted():
    alarms = np.zeros(100, bool)
    alarms[[5, 22, 25, 50, 80]] = True
    actual = count_events([alarms], [WINDOWS], [10])
    assert actual == (2, 3, 3, 4)
    assert (actual.precision, actual.recall) == (3 / 4, 2 / 3)
    assert actual.f1 == pytest.approx(2 * 0.75 * (2 / 3) / (0.75 + 2 / 3))


def test_all_alarms_find_all_and_are_not_precise():
    """With point adjustment they would have an F1 of nearly 1."""
    actual = count_events([np.ones(100, bool)], [WINDOWS], [0])
    assert actual.recall == 1 and actual.precision == 16 / 100


def by_points(scores, windows, longest):
    """VUS-PR, with a loop over widths, thresholds and points."""
    volumes = []
    for width in sorted({int(w) for w in np.linspace(0, longest, BUFFERS)}):
        soft = np.zeros(len(scores))
        ranges = [range(max(0, a - width // 2), min(len(scores), b + width // 2 + 1)) for a, b in windows]
        for (a, b), around in zip(windows, ranges):
            for t in around:
                soft[t] += 1 if a <= t <= b else np.sqrt(1 - (a - t if t < a else t - b) / width)
        soft = np.minimum(soft, 1)
        positive = (sum(b - a + 1 for a, b in windows) + soft.sum()) / 2
        total, before = 0.0, 0.0
        for rank in np.linspace(0, len(scores) - 1, LEVELS).astype(int):
            alarms = scores >= np.sort(scores)[::-1][rank]
            exists = np.mean([alarms[list(around)].any() for around in ranges])
            recall = min(1, soft[alarms].sum() / positive) * exists
            total += (recall - before) * soft[alarms].sum() / alarms.sum()
            before = recall
        volumes.append(total)
    return np.mean(volumes)


def test_vus_pr_against_loops():
    random = np.random.default_rng(1)
    for scores in (random.random(100), random.integers(0, 4, 100).astype(float)):
        assert vus_pr(scores, WINDOWS, 12) == pytest.approx(by_points(scores, WINDOWS, 12), abs=1e-9)


def test_the_best_threshold_is_the_best():
    random = np.random.default_rng(2)
    rows = [peaks(random.random(100).round(2), 5), peaks(random.random(80), 5)]
    windows = [WINDOWS, ((10, 20),)]

    def f1(threshold):
        return count_events([row >= threshold for row in rows], windows, [0, 0]).f1

    values = np.concatenate(rows)
    assert f1(best_threshold(rows, windows, [0, 0])) == max(map(f1, values[np.isfinite(values)]))


def test_the_best_threshold_is_between_the_peaks_of_anomalies_and_the_others():
    scores = np.full(60, -1.0)
    scores[[5, 20, 40]] = [2.0, 8.0, 10.0]
    assert best_threshold([scores], [((20, 20), (40, 40))], [0]) == 5.0
    assert best_threshold([scores], [((5, 5), (20, 20), (40, 40))], [0]) == 0.5
    assert best_threshold([np.full(9, -np.inf)], [((1, 1),)], [0]) == 0.0


def test_a_quiet_threshold_keeps_its_rate():
    scores = [np.random.default_rng(seed).normal(size=2000) for seed in range(3)]
    for rate in (0, 1, 5):
        threshold = quiet_threshold(scores, 10, rate)
        alarms = sum(int((peaks(row, 10) >= threshold).sum()) for row in scores)
        assert alarms <= 6 * rate and (rate == 0 or alarms == 6 * rate)


def test_windows_are_runs():
    assert windows_of(np.array([1, 0, 0, 1, 1])) == ((0, 0), (3, 4)) and windows_of(np.zeros(3)) == ()


def test_the_rolling_z_score():
    values = np.random.default_rng(0).normal(1e6, 3, (500, 2))
    actual = rolling_z_score(values)
    for time in (3, 150, 499):
        past = values[max(0, time - ROLLING) : time]
        expected = np.max(np.abs(values[time] - past.mean(0)) / past.std(0))
        assert actual[time] == pytest.approx(expected, rel=1e-4)


def test_rivals_do_not_look_ahead_and_take_missing_values():
    values = np.random.default_rng(0).normal(size=(300, 2))
    values[50:60, 0] = np.nan
    later = values.copy()
    later[200:] = 99
    for name, rival in make_rivals([values]).items():
        if name != "random":
            scores = rival(values)
            assert np.isfinite(scores).all() and len(scores) == 300
            np.testing.assert_allclose(rival(later)[:200], scores[:200], rtol=1e-9)
