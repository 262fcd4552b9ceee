"""NAB's score against one written point by point, and against the published scores of published detectors."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from nlpseq.tasks.anomalies.data import load_anomalies
from nlpseq.tasks.anomalies.nab import PROFILES, nab_score, probation
from tests import real_data

# Of the detector of the benchmark: mean and deviation of 6,400 values, every 100 steps; digits as it wrote its scores.
WINDOW, STEP, DIGITS = 6400, 100, 12


def by_points(scores, windows, profile, threshold):
    """The normalised score of one series, from the equations of the paper, one point at a time."""
    tp, fp, fn = PROFILES[profile]

    def sigma(y):
        return 2 / (1 + math.exp(5 * y)) - 1

    raw, best = 0.0, dict.fromkeys(range(len(windows)), -fn)
    for i, score in enumerate(scores):
        if i < probation(len(scores)) or score < threshold:
            continue
        inside = [n for n, (left, right) in enumerate(windows) if left <= i <= right]
        before = [(left, right) for left, right in windows if right < i]
        if inside:
            left, right = windows[inside[0]]
            reward = tp * sigma(-(right - i + 1) / (right - left + 1)) / sigma(-1)
            best[inside[0]] = max(best[inside[0]], reward)
        elif before:
            left, right = before[-1]
            place = (i - right) / (right - left)
            raw += fp * (-1 if place > 3 else sigma(place))
        else:
            raw -= fp
    raw += sum(best.values())
    lowest, perfect = -fn * len(windows), tp * len(windows)
    return 100 * (raw - lowest) / (perfect - lowest)


@pytest.mark.parametrize("profile", PROFILES)
def test_against_the_equations(profile):
    random = np.random.default_rng(3)
    scores, windows = random.random(400).round(2), ((90, 119), (200, 240), (300, 310))
    for threshold in (0.2, 0.9, 0.98):
        actual = nab_score([scores], [windows], profile, threshold)
        assert actual.score == pytest.approx(by_points(scores, windows, profile, threshold), abs=1e-9)
    best = max(by_points(scores, windows, profile, threshold) for threshold in [*np.unique(scores), 2.0])
    assert nab_score([scores], [windows], profile).score == pytest.approx(best, abs=1e-9)


def test_perfect_alarms_nothing_and_alarms_in_probation():
    scores = np.zeros(200)
    scores[[100, 10]] = 1
    assert nab_score([scores], [[(100, 119)]]).score == pytest.approx(100)
    scores[100] = 0
    assert nab_score([scores], [[(100, 119)]], threshold=0.5).score == pytest.approx(0)


def windowed_gaussian(values):
    """The scores of the benchmark's detector of that name: 1 - Q of the distance from the mean."""
    scores, start, end = np.zeros(len(values)), 0, 0
    mean = deviation = 0.0
    for time, value in enumerate(values):
        if time:
            distance = abs(value - mean) / deviation
            scores[time] = 1 - 0.5 * math.erfc(distance / 1.4142)
        if time < WINDOW or (time - WINDOW) % STEP == STEP - 1:
            start, end = max(0, time + 1 - WINDOW), time + 1
            mean, deviation = values[start:end].mean(), values[start:end].std() or 1e-6
    return scores.round(DIGITS)


@pytest.mark.real_data
def test_the_published_scores_come_out():
    folder = real_data.beside("nab")
    data = load_anomalies(folder)
    windows = [item.windows or () for item in data.test]
    final = json.loads((folder / "results" / "final_results.json").read_text())
    thresholds = json.loads((folder / "config" / "thresholds.json").read_text())
    published = np.load(folder / "results" / "htmjava.npz")
    assert len(data.test) == 58 and sum(map(len, windows)) == 116
    scores = {
        "htmjava": [published[item.name] for item in data.test],
        "windowedGaussian": [windowed_gaussian(item.values[:, 0]) for item in data.test],
    }
    for detector, rows in scores.items():
        for profile, name in zip(PROFILES, ("standard", "reward_low_FP_rate", "reward_low_FN_rate")):
            threshold = thresholds[detector][name]["threshold"]
            assert nab_score(rows, windows, profile, threshold).score == pytest.approx(final[detector][name], abs=1e-6)


@pytest.mark.real_data
def test_every_row_of_a_file_is_a_step():
    """Some files have times that repeat or go back; their windows count rows all the same."""
    folder = real_data.beside("nab")
    for item in load_anomalies(folder).test:
        assert len(item) == len(pd.read_csv(folder / "data" / item.name))
