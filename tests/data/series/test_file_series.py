"""A folder of files with the same columns: a series each, or parts of the same."""

import gzip

import numpy as np
import pytest

from nlpseq.data import load_series
from nlpseq.errors import InputError
from tests.data.series.small import rows, write

DAYS = [f"2024-01-{day:02}" for day in range(1, 29)]
LATER = [f"2024-02-{day:02}" for day in range(1, 29)]


@pytest.mark.parametrize("header", ["date,sales\n", "time,item,sales\n", "sales\n"])
def test_files_with_the_same_times_are_items(tmp_path, capsys, header):
    for name, level in (("paris", 0), ("rome", 100)):
        columns = [DAYS, ["a"] * 28, [level + number for number in range(28)]]
        chosen = {"date,sales\n": columns[::2], "time,item,sales\n": columns, "sales\n": columns[2:]}[header]
        write(tmp_path, header + rows(*chosen), f"{name}.csv")
    table = load_series(tmp_path).table
    assert len(table) == 2 and all("paris" in one.item or "rome" in one.item for one in table.series)
    assert [one.columns["value"][0] for one in table.series] == [0, 100]
    assert all(list(one.columns) == ["value"] for one in table.series)
    assert "2 files with the same columns are read as one series each" in capsys.readouterr().out


def test_files_of_other_times_are_parts_of_the_same_series(tmp_path, capsys):
    for name, days in (("2024b", LATER), ("2024a", DAYS)):
        write(tmp_path, "date,sales\n" + rows(days, range(28)), f"{name}.csv")
    (one,) = load_series(tmp_path).table.series
    np.testing.assert_array_equal(one.columns["value"][[0, 27, 31, 58]], [0, 27, 0, 27])
    assert "read as parts of one" in capsys.readouterr().out


def test_files_of_other_columns_are_refused(tmp_path):
    write(tmp_path, "date,sales\n" + rows(DAYS, range(28)), "a.csv")
    write(tmp_path, "date,visitors\n" + rows(DAYS, range(28)), "b.csv")
    with pytest.raises(InputError, match="expected train.csv"):
        load_series(tmp_path)


def test_files_of_a_split_are_no_series(tmp_path):
    for name in ("train_a.csv", "train_b.csv", "test.csv"):
        write(tmp_path, "date,sales\n" + rows(DAYS, range(28)), name)
    with pytest.raises(InputError, match="train"):
        load_series(tmp_path)


def test_items_of_compressed_files_have_their_names_without_suffixes(tmp_path):
    for name in ("paris", "rome"):
        with gzip.open(tmp_path / f"{name}.csv.gz", "wt") as file:
            file.write("date,sales\n" + rows(DAYS, range(28)))
    assert [one.item for one in load_series(tmp_path).table.series] == ["paris", "rome"]
