"""Readings of machines: anomalies are in the order of phases alone."""

import numpy as np
import pytest

from nlpseq.corpora.sensors import FIRST, LONGEST, SHORTEST, NlpseqSensors, sensor_readings
from nlpseq.errors import InputError
from nlpseq.tasks.anomalies.recordings import windows_of


def test_as_many_anomalies_as_asked_after_the_first_steps():
    for seed in range(5):
        values, labels = sensor_readings(1500, 4, seed)
        windows = windows_of(labels)
        assert len(values) == 1500 and len(windows) == 4 and windows[0][0] >= FIRST
        assert all(SHORTEST <= right - left + 1 <= 4 * LONGEST for left, right in windows)


def test_single_readings_tell_nothing():
    """Every reading in an anomaly is within the range of normal operation, but for noise."""
    for seed in range(5):
        values, labels = sensor_readings(1500, 4, seed)
        normal = values[~labels]
        slack = 0.1 * np.ptp(normal, axis=0)
        assert (values[labels] > normal.min(0) - slack).all() and (values[labels] < normal.max(0) + slack).all()


def test_it_is_deterministic():
    (first, marked), (second, again) = sensor_readings(300, 1, 3), sensor_readings(300, 1, 3)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(marked, again)
    assert not np.array_equal(first, sensor_readings(300, 1, 4)[0])


def test_negative_numbers_are_refused():
    with pytest.raises(InputError, match="`anomalies` must be at least 0"):
        sensor_readings(10, -1)


def test_the_splits_of_the_builder(monkeypatch, tmp_path):
    monkeypatch.setattr(NlpseqSensors, "SIZES", {"train": (2, 0), "validation": (1, 1), "test": (1, 2)})
    monkeypatch.setattr(NlpseqSensors, "STEPS", 600)
    builder = NlpseqSensors(data_dir=tmp_path)
    builder.download_and_prepare()
    actual = {split: list(builder.as_dataset(split=split).as_numpy_iterator()) for split in ("train", "test")}
    assert [row["labels"].any() for row in actual["train"]] == [False, False]
    assert len(windows_of(actual["test"][0]["labels"])) == 2 and actual["test"][0]["values"].shape == (600, 2)
