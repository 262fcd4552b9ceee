"""Times of series: their forms, their zones and the steps between them."""

import datetime

import numpy as np
import pandas as pd
import pytest

from nlpseq.data.series import Frequency, read_series
from nlpseq.errors import InputError
from tests.data.series.small import DAYS, rows, values, write


def test_gaps_are_missing_and_unsorted_rows_are_sorted(tmp_path):
    text = "ds,y\n" + rows([DAYS[0], DAYS[4], DAYS[1], DAYS[2], DAYS[1]], [0, 4, 1, 2, 1])
    table = read_series(write(tmp_path, text))
    np.testing.assert_array_equal(values(table), [0, 1, 2, np.nan, 4])
    message = " ".join(table.notes)
    assert "times are sorted" in message and "1 row repeats a time" in message and "1 of 5 steps" in message


@pytest.mark.parametrize("name, expected", [
    ("2021,2022,2023", "YS"), ("2021Q1,2021Q2,2021Q3", "QS"), ("2021-01,2021-02,2021-03", "MS"),
    ("2021-01-31,2021-02-28,2021-03-31", "MS"), ("3/1/2021,10/1/2021,17/1/2021", "W"),
    ("1.2.2021 00:00,1.2.2021 00:30,1.2.2021 01:00", "30min"), ("1609459200,1609459260,1609459320", "min"),
    ("20210101,20210102,20210103", "D"), ("2021-W01,2021-W02,2021-W03", "W"),
    ("2021-01-01T00:00:00Z,2021-01-01T01:00:00Z,2021-01-01T02:00:00Z", "h"), ("1,2,3", ""),
    ("2024-01-01 23:00,2024-01-01 24:00,2024-01-02 01:00", "h"), ("23:50,23:55,00:00", "5min"),
    ("2021013122,2021013123,2021020100", "h"), ("202101312350,202101312355,202102010000", "5min"),
    ("20210131235958,20210131235959,20210201000000", "s"), ("2021M11,2021M12,2022M01", "MS"),
    ("2020-W53-5,2021-W01-5,2021-W02-5", "W"), ("2020-365,2020-366,2021-001", "D"),
    ("1949.917,1950,1950.083", "MS"), ("1949.958,1950.042,1950.125", "MS"), ("0.0,0.1,0.2", ""), ("7.5,10,12.5", ""),
    ("43831.9583333,43832,43832.0416667", "h"), ("2021:01:31 23:00:00,2021:02:01 00:00:00,2021:02:01 01:00:00", "h"),
    ("2021-01-31_23:00,2021-02-01_00:00,2021-02-01_01:00", "h"), ("2021-01-01,02/01/2021,2021-01-03", "D"),
    ("2021-01-29,2021-02-26,2021-03-31", "BME"),
])  # fmt: skip
def test_forms_of_times(name, expected):
    table = read_series({"time": name.split(","), "value": [1, 2, 3]})
    assert table.frequency.name == expected and len(table.series[0]) == 3


@pytest.mark.parametrize("times", [
    [datetime.time(23, 50), datetime.time(23, 55), datetime.time(0)],
    [datetime.timedelta(minutes=minutes) for minutes in (0, 5, 10)],
])  # fmt: skip
def test_clocks_and_lengths_of_time_as_objects(times):
    assert read_series({"time": times, "value": [1, 2, 3]}).frequency.name == "5min"


def test_month_ends_stay_month_ends():
    times = read_series({"time": ["2021-01-31", "2021-02-28", "2021-04-30"], "y": [1, 2, 3]}).series[0].times
    assert [str(time.date()) for time in times] == ["2021-01-31", "2021-02-28", "2021-03-31", "2021-04-30"]


def test_time_zones():
    spring = ["2024-03-31 00:00", "2024-03-31 01:00", "2024-03-31 03:00", "2024-03-31 04:00"]  # 2:00 does not exist
    assert len(read_series({"time": spring, "y": range(4)}, time_zone="Europe/Berlin").series[0]) == 4
    assert len(read_series({"time": spring, "y": range(4)}).series[0]) == 5
    offsets = ["2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"]
    assert str(read_series({"time": offsets, "y": range(3)}).series[0].times.tz) == "UTC"
    for end in ("CET", "+01:00[Europe/Paris]"):
        times = (
            read_series({"time": [f"2024-07-01 0{hour}:00 {end}" for hour in range(3)], "y": range(3)}).series[0].times
        )
        assert str(times[0]) == "2024-07-01 00:00:00+01:00"
    same = [f"2024-01-01T0{hour}:00+05:30" for hour in range(3)]
    assert str(read_series({"time": same, "y": range(3)}).series[0].times[0]) == "2024-01-01 00:00:00+05:30"


@pytest.mark.parametrize("columns", [
    {"Date": ["16/12/2006"] * 2 + ["17/12/2006"], "Time": ["22:00:00", "23:00:00", "00:00:00"]},
    {"dteday": ["2006-12-16"] * 2 + ["2006-12-17"], "hr": [22, 23, 0]},
    {"year": [2006] * 3, "month": [12] * 3, "day": [16, 16, 17], "hour": [22, 23, 0]},
    {"Date": ["16.12.2006"] * 2 + ["17.12.2006"], "Time": ["10:00 PM", "11.00 pm", "12:00 AM"]},
])  # fmt: skip
def test_times_in_several_columns(columns):
    table = read_series({**columns, "value": [1, 2, 3]})
    assert table.frequency.name == "h" and str(table.series[0].times[0]) == "2006-12-16 22:00:00"
    assert not table.covariates


@pytest.mark.parametrize("name, cells, expected", [
    ("quarter", [3, 4, 1], "QS"), ("week", [51, 52, 1], "W"), ("month", ["Nov", "December", "jan"], "MS"),
])  # fmt: skip
def test_years_and_their_parts(name, cells, expected):
    table = read_series({"year": [2006, 2006, 2007], name: cells, "value": [1, 2, 3]})
    assert (table.frequency.name, len(table.series[0]), table.covariates) == (expected, 3, ())


def test_the_hour_that_repeats_when_clocks_are_set_back_is_averaged():
    times = ["2023-10-29 00:00", "2023-10-29 01:00", "2023-10-29 02:00", "2023-10-29 02:00", "2023-10-29 03:00"]
    assert values(read_series({"time": times, "value": [1, 2, 3, 5, 6]})) == [1, 2, 4, 6]
    with pytest.raises(InputError, match="twice"):
        read_series({"time": [time.replace("29", "27") for time in times], "value": [1, 2, 3, 5, 6]})


def test_dates_are_read_in_the_order_of_the_more_equal_steps():
    months = [f"01/{month:02d}/{year}" for year in (2020, 2021) for month in range(1, 13)]
    assert read_series({"date": months, "y": range(24)}).frequency.name == "MS"
    days = [f"{month}/{day}/2020" for month in (3, 4) for day in range(1, 13)]
    assert str(read_series({"date": days, "y": range(24)}).series[0].times[1].date()) == "2020-03-02"


def test_times_that_scatter_have_a_usual_step():
    minutes = np.arange(60) * 10 + np.random.default_rng(1).random(60)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta((minutes * 60).round(), "s")
    assert read_series({"time": times, "y": np.arange(60)}).frequency.name == "10min"


def test_steps_below_a_second_and_numbered_steps_are_counted():
    times = pd.date_range("2024-01-01", periods=20, freq="100ms")
    table = read_series({"time": times, "y": range(20)})
    assert table.frequency.name == "" and "100 milliseconds" in table.notes[0]
    table = read_series({"t": [0, 10, 20, 40], "y": [1, 2, 3, 5]})
    assert list(table.series[0].times) == [0, 10, 20, 30, 40] and list(table.frequency.times(0, 2, 5)) == [50, 60]


def test_business_days_have_no_gaps_on_weekends():
    times = pd.bdate_range("2024-01-01", periods=30)
    table = read_series({"date": times.delete(7), "close": range(29)})
    assert table.frequency.name == "B" and len(table.series[0]) == 30 and np.isnan(values(table)[7])


@pytest.mark.parametrize("name, times", [
    ("Datum", [f"{day:02d}.02.2024" for day in range(1, 21)]), ("ts", [1706745600 + 86400 * i for i in range(20)]),
    ("ts", [1000 * (1706745600 + 86400 * i) for i in range(20)]),
])  # fmt: skip
def test_dates_with_points_and_seconds_since_1970(tmp_path, name, times):
    table = read_series(write(tmp_path, f"{name},v\n" + rows(times, range(20))))
    assert table.frequency.name == "D" and str(table.series[0].times[0].date()) == "2024-02-01"
    assert values(table) == list(range(20))


@pytest.mark.parametrize("form", ["%b-%y", "%d-%b-%y", "%d/%m/%y"])
@pytest.mark.parametrize("first", [1949, 1964, 1995])
def test_years_of_two_digits_are_of_one_century_and_not_to_come(form, first):
    times = pd.date_range(f"{first}-01-01", periods=96, freq="MS")
    table = read_series({"when": list(times.strftime(form)), "y": list(range(96))})
    assert (table.series[0].times == times).all() and not table.notes


def test_weekends_among_days_of_business_are_refused():
    with pytest.raises(InputError, match="row 3: 2024-02-03 00:00:00 of the series is on a weekend"):
        read_series({"day": DAYS, "y": list(range(20))}, frequency="B")


def test_ranges_of_days_begin_with_their_first():
    weeks = pd.date_range("2024-01-01", periods=12, freq="7D")
    table = read_series(
        {"week": [f"{day:%Y-%m-%d}/{day + pd.Timedelta(days=6):%Y-%m-%d}" for day in weeks], "y": [1] * 12}
    )
    assert (table.series[0].times == weeks).all() and table.frequency.name == "W"


def test_a_frequency_without_dates_is_said():
    for data in ({"y": list(range(9))}, {"id": ["a", "b"], **{f"V{i}": [i, i] for i in range(1, 12)}}):
        assert "`frequency` is not used" in read_series(data, frequency="h").notes[-1]


def test_last_days_of_business_of_months_go_on_as_such():
    days = pd.date_range("2019-01-01", "2022-12-31", freq="BME")
    step = read_series({"time": days, "y": range(len(days))}).frequency
    assert (step.name, Frequency.of(step.name)) == ("BME", step)
    assert (step.times(days[0], 60) == pd.date_range(days[0], periods=60, freq="BME")).all()
    calendar = pd.date_range("2019-01-31", periods=9, freq="ME")
    assert read_series({"time": calendar, "y": range(9)}).frequency == Frequency("M")
    assert step.times(calendar[2], 3)[-1] == pd.Timestamp("2019-05-31")


def test_times_from_one_to_another(tmp_path):
    text = "".join(f"{h:02d}:00 - {h + 1:02d}:00,{h}\n" for h in range(10))
    table = read_series(
        write(tmp_path, "hours,price\n" + "".join(f"01.01.2024 {row}" for row in text.splitlines(True)))
    )
    assert (table.frequency.name, str(table.series[0].times[1])) == ("h", "2024-01-01 01:00:00")


@pytest.mark.parametrize("name, first, expected", [
    ("year", 1800, "YS"), ("year", 1500, ""), ("step", 1900, ""), ("t", 1001, ""), ("time", 2000, "YS"),
])  # fmt: skip
def test_whole_numbers_are_years_unless_their_name_or_size_says_otherwise(name, first, expected):
    table = read_series({name: list(range(first, first + 100)), "y": list(range(100))})
    assert table.frequency.name == expected and len(table.series[0]) == 100


@pytest.mark.parametrize("clock", ["{}:59:59.000 PM", "{}:59:59 p.m.", "{}:59:59,5 pm"])
def test_clocks_of_twelve_hours(clock):
    clocks = [clock.format(hour) for hour in (10, 11)]
    alone = read_series({"time": clocks, "y": [1, 2]}).series[0].times
    beside = read_series({"Date": ["9/25/2017"] * 2, "Time": clocks, "y": [1, 2]}).series[0].times
    assert str(alone[0])[:19] == "1970-01-01 22:59:59" and str(beside[1])[:19] == "2017-09-25 23:59:59"


@pytest.mark.parametrize("columns, expected", [
    ({"YEAR": [2020] * 3, "MO": [2] * 3, "DY": [28, 29, 29], "HR": [23, 0, 1]}, "h"),
    ({"yyyy": [2020] * 3, "mm": [2, 2, 3], "dd": [28, 29, 1]}, "D"),
    ({"year": [2020, 2020, 2021], "DOY": [365, 366, 1]}, "D"),
    ({"Date": ["2/28/2020"] * 3, "Hour Ending": [22, 23, 24]}, "h"),
    ({"season": ["1998/99", "1999/00", "2000/01"]}, "YS"), ({"season": ["2009-10", "2010-11", "2011-12"]}, "YS"),
    ({"month": ["2009-10", "2009-11", "2009-12"]}, "MS"),
])  # fmt: skip
def test_parts_of_dates_by_short_names_and_seasons(columns, expected):
    table = read_series({**columns, "value": [1, 2, 3]})
    assert table.frequency.name == expected and not table.covariates and len(table.series[0]) == 3
