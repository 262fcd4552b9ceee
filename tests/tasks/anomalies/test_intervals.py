"""Anomalies as intervals, in tables of their own."""

import numpy as np
import pytest

from nlpseq.data import load_anomalies
from nlpseq.errors import InputError
from tests.tasks.anomalies.files import MARKS, VALUES, lines


def test_anomalies_as_intervals_and_one_file_of_labels(tmp_path):
    days = [f"2024-01-01 {n // 60:02d}:{n % 60:02d}" for n in range(200)]
    lines(tmp_path / "a" / "data.csv", ["time,x", *(f"{day},{value}" for day, value in zip(days, VALUES))])
    lines(tmp_path / "a" / "events.csv", ["start,end", f"{days[150]},{days[159]}", "2025-01-01 00:00,2025-01-01 01:00"])
    data = load_anomalies(tmp_path / "a")
    assert data.test.items[0].windows == ((150, 159),) and "1 anomaly is in no recording: line 3" in data.notes[0]
    lines(tmp_path / "a" / "events.csv", ["start,end", "150,159"])
    with pytest.raises(InputError, match=r"events.csv, line 2: data.csv has times: give starts and ends as these"):
        load_anomalies(tmp_path / "a")
    for split in ("train", "test"):
        lines(tmp_path / "b" / f"{split}.csv", ["x", *VALUES])
    lines(tmp_path / "b" / "intervals.csv", ["name,start_index,end_index", "test,150,159"])
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((350, 359),)
    (tmp_path / "b" / "intervals.csv").unlink()
    np.save(tmp_path / "b" / "labels.npy", np.array([MARKS, [0] * len(MARKS)]).T)
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((350, 359),)
