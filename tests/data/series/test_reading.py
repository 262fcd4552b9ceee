"""Series of files and objects in the shapes that users have, and what is said of those that cannot be right."""

import datetime
import json

import numpy as np
import pandas as pd
import pytest

from nlpseq.data.files.columns import Role
from nlpseq.data.series import Columns, Frequency, read_series
from nlpseq.errors import InputError

DAYS = [f"2024-02-{day:02d}" for day in range(1, 21)]


def write(folder, text, name="a.csv"):
    path = folder / name
    path.write_text(text)
    return path


def rows(*columns):
    return "\n".join(",".join(map(str, row)) for row in zip(*columns)) + "\n"


def values(table, item=None):
    one = table.series[0] if item is None else next(one for one in table.series if one.item == item)
    return one.columns["value"].tolist()


def test_long_with_items_covariates_and_future_rows(tmp_path):
    text = "item,time,value,price,shop\n"
    text += rows(["a"] * 3, DAYS[:3], [1, 2, ""], [5, 6, 7], ["x"] * 3)
    text += rows(["b"] * 3, DAYS[2:5], [3, 4, 5], [8, 9, 8], ["y"] * 3)
    table = read_series(write(tmp_path, text))
    assert [one.item for one in table.series] == ["a", "b"] and table.frequency.name == "D"
    np.testing.assert_array_equal(table.series[0].columns["value"], [1, 2, np.nan])
    assert table.series[0].columns["price"].tolist() == [5, 6, 7]  # known where the value is still to come
    assert (table.covariates, table.statics) == (("price",), ("shop",)) and table.series[1].static == {"shop": "y"}
    assert str(table.series[1].times[0]) == "2024-02-03 00:00:00"


def test_items_named_by_two_columns(tmp_path):
    keys = [(shop, dept, day) for shop in (1, 2) for dept in (7, 8) for day in DAYS]
    text = "Store,Dept,Date,Weekly_Sales\n" + "".join(f"{s},{d},{t},{s * d}\n" for s, d, t in keys)
    table = read_series(write(tmp_path, text))
    assert [one.item for one in table.series] == ["1, 7", "1, 8", "2, 7", "2, 8"]
    assert set(values(table, "2, 8")) == {16.0}


def test_wide_a_column_a_series_with_unequal_ends(tmp_path):
    text = "Date;north;south\n" + "".join(f"{d};{i},5;{i if i > 3 else ''}\n" for i, d in enumerate(DAYS))
    table = read_series(write(tmp_path, text))
    assert values(table, "north")[:2] == [0.5, 1.5]  # a comma is a decimal point here
    south = next(one for one in table.series if one.item == "south")
    assert south.columns["value"][0] == 4 and str(south.times[0].date()) == DAYS[4]


def test_wide_a_row_a_series_as_m4_and_with_dates(tmp_path):
    m4 = '"V1",' + ",".join(f'"V{i}"' for i in range(2, 12)) + "\n"
    m4 += '"H1",' + ",".join(map(str, range(10))) + '\n"H2",5,6,,8' + "," * 6 + "\n"
    table = read_series(write(tmp_path, m4))
    assert values(table, "H1") == list(range(10)) and len(table.series[1]) == 4 and not table.frequency.unit
    dated = "Country,Lat," + ",".join(f"1/{day}/20" for day in range(13, 31)) + "\nX,1.5," + ",".join("3" * 18) + "\n"
    table = read_series(write(tmp_path, dated))
    assert table.frequency.name == "D" and str(table.series[0].times[0].date()) == "2020-01-13"
    assert values(table, "X") == [3.0] * 18


@pytest.mark.parametrize("text, items, expected", [
    ("Country Name,Country Code,Indicator,1960,1961,1962\nFrance,FRA,GDP,1,2,3\nItaly,ITA,GDP,3,2,1\n",
     ["France", "Italy"], "YS"),
    ("geo\\time;2015;2016;2017\nDE;1;2;3\nFR;3;2;1\n", ["DE", "FR"], "YS"),
    ("unique_id,0,1,2\n7,1,2,3\n8,3,2,1\n", ["7", "8"], ""),
    ("City,1,2,3\nRome,1,2,3\nParis,3,2,1\n", ["Rome", "Paris"], ""),
    ("name;Jan 2020;Feb 2020\nA;1;2\nB;3;4\n", ["A", "B"], "MS"),
    ("Rome,2,7,5\nParis,3,2,1\n", ["Rome", "Paris"], ""),
    ("Rome,2024-01-01,1\nBern,2024-01-01,3\nRome,2024-01-02,3\nBern,2024-01-02,3\n", ["Rome", "Bern"], "D"),
    ("2024-01-01,sun\n2024-01-02,1\n", None, "line 1: 'sun'"),
])  # fmt: skip
def test_the_first_row_is_a_header_or_not(tmp_path, text, items, expected):
    if items is None:
        with pytest.raises(InputError, match=expected):
            read_series(write(tmp_path, text))
        return
    table = read_series(write(tmp_path, text))
    assert (
        [one.item for one in table.series] == items and table.frequency.name == expected and values(table)[0] in (1, 2)
    )


def test_a_row_a_year_and_a_column_a_month(tmp_path):
    months = "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec"
    text = f"Year,{months},Mean\n" + "".join(f"{year},{months_of(year)},5\n" for year in (2000, 2001))
    table = read_series(write(tmp_path, text))
    assert (table.frequency.name, len(table), len(table.series[0])) == ("MS", 1, 24)
    assert values(table)[11:13] == [11, 12] and "'Mean'" in table.notes[0]


def months_of(year):
    return ",".join(str(12 * (year - 2000) + month) for month in range(12))


def test_json_lines_of_lists_of_values(tmp_path):
    lines = [{"item_id": name, "start": "2024-01-01", "target": [1, None, 3]} for name in "ab"]
    path = write(tmp_path, "\n".join(map(json.dumps, lines)), "a.jsonl")
    table = read_series(path, frequency="MS")
    assert [one.item for one in table.series] == ["a", "b"] and str(table.series[0].times[2].date()) == "2024-03-01"
    np.testing.assert_array_equal(values(table), [1, np.nan, 3])


def test_numbers_without_header_or_times(tmp_path):
    assert values(read_series(write(tmp_path, "1.5\n2\n3\n", "a.txt"))) == [1.5, 2, 3]
    assert len(read_series(write(tmp_path, "0,1,2\n.5,.6,.7\n.8,.9,1\n")).series[0]) == 2  # 0,1,2 are names
    assert len(read_series(write(tmp_path, "0.5,0.6,0.7\n.5,.6,.7\n.8,.9,1\n")).series[0]) == 3


def test_frames_with_times_as_index_and_parquet(tmp_path):
    index = pd.date_range("2024-01-01", periods=5, freq="h", tz="Europe/Paris", name="when")
    frame = pd.DataFrame({"load": range(5)}, index)
    table = read_series(frame)
    assert table.frequency.name == "h" and str(table.series[0].times.tz) == "Europe/Paris"
    frame.reset_index().to_parquet(tmp_path / "a.parquet")
    assert (read_series(tmp_path / "a.parquet").series[0].times == index).all()
    assert values(read_series(frame["load"])) == [0, 1, 2, 3, 4]


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


@pytest.mark.parametrize(
    "cells, numbers",
    [
        (["1.234,50", "7,25"], [1234.5, 7.25]),
        (["1,234.50", "7"], [1234.5, 7]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1 234,5 \u20ac", "3,25 %"], [1234.5, 3.25]),
        (["1,234", "5,678"], [1234, 5678]),
        (["0,123", "0,456"], [0.123, 0.456]),
    ],
)
def test_numbers_as_people_write_them(cells, numbers):
    assert values(read_series({"day": DAYS[:2], "y": cells})) == numbers


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


@pytest.mark.parametrize("values", ([1, "a", 3], [[1, 2], [3, 4]], [1, [2]], {"a": 1}, 5))
def test_lists_of_other_things_than_numbers_are_refused(values):
    with pytest.raises(InputError, match="row 2: 'target' must be a list of numbers|row 1: 'target' must be"):
        read_series([{"start": "2024-01-01", "target": row, "freq": "D"} for row in ([1, 2], values)])


def test_series_of_the_monash_archive(tmp_path):
    text = (
        "# of a test\n@attribute series_name string\n@attribute start_timestamp date\n@frequency half_hourly\n@data\n"
    )
    table = read_series(write(tmp_path, text + "T1:2020-01-01 06-30-00:1,?,2.5\nT2:2020-01-02 00-00-00:4,5\n", "a.tsf"))
    assert table.frequency.name == "30min" and str(table.series[0].times[0]) == "2020-01-01 06:30:00"
    np.testing.assert_array_equal(table.series[0].columns["value"], [1, np.nan, 2.5])


def test_business_days_have_no_gaps_on_weekends():
    times = pd.bdate_range("2024-01-01", periods=30)
    table = read_series({"date": times.delete(7), "close": range(29)})
    assert table.frequency.name == "B" and len(table.series[0]) == 30 and np.isnan(values(table)[7])


def test_channels_keep_labels_apart():
    label = Role("label", ("label", "is anomaly"))
    data = {"timestamp": DAYS, "a": range(20), "b": range(20), "label": [0] * 20}
    table = read_series(data, Columns(others=(label,)), channels=True, grid=False)
    assert table.values == ("a", "b") and set(table.series[0].columns) == {"a", "b", "label"}


def long(**columns):
    """Rows of three items at 20 days, with columns of one value for each item."""
    items = [name for name in "abc" for _ in DAYS]
    texts = {name: [cells["abc".index(item)] for item in items] for name, cells in columns.items()}
    return {"item": items, "time": DAYS * 3, "value": list(range(60)), **texts}


def test_columns_that_tell_nothing_are_reported_and_those_asked_for_are_kept():
    data = long(promo=[0, 0, 0], code=["x", "y", "z"], size=[3, 3, 4], empty=[None] * 3)
    table = read_series(data)
    assert (table.covariates, table.statics) == ((), ("size",))
    for part in ("'promo' (the same in all rows)", "'code' (another one in each series", "'empty' (no values)"):
        assert part in table.notes[0]
    table = read_series(data, Columns(covariates="promo, size"))
    assert (table.covariates, table.statics, table.notes) == (("promo", "size"), (), ())
    table = read_series(data, Columns(read=("promo", "size=3", "size=9"), read_statics=("code",)))
    assert (table.covariates, table.statics) == (("promo", "size=3", "size=9"), ("code",))
    assert table.series[0].static == {"code": "x"} and table.series[0].columns["size=3"].all()


def test_a_trailing_delimiter_is_no_covariate(tmp_path):
    table = read_series(write(tmp_path, "date;value;\n" + "".join(f"{day};1;\n" for day in DAYS)))
    assert table.covariates == () == table.notes


def test_covariates_asked_for_are_no_series_and_belong_to_all():
    data = {"day": DAYS, "north": range(20), "south": range(20), "warm": [1.5] * 20}
    table = read_series(data, Columns(covariates="warm"))
    assert [one.item for one in table.series] == ["north", "south"]
    assert all(one.columns["warm"].tolist() == [1.5] * 20 for one in table.series)


@pytest.mark.parametrize("text, message", [
    ("time,value\n2024-01-01,1\n2024-01-02,soon\n", "line 3: 'soon' in the column 'value' is not a number"),
    ("time,value\n2024-01-01,1\n2024-13-77,2\n", "line 3: '2024-13-77' is not a time"),
    ("time,value\n2024-01-01,1\n2024-01-02,inf\n", "line 3: the number in the column 'value' is infinite"),
    ("time,value\n2024-01-01,1\n2024-01-02,1e30\n", "line 3: the number in the column 'value' is beyond 1e.18"),
    ("name,comment\n" + rows([f"n{day}" for day in range(20)], ["good"] * 20), "has no column of numbers"),
    ("time,value\n2024-01-01,1\n2024-01-01,2\n2024-01-02,3\n", "line 3: .* twice, with 1 .line 2. and 2"),
    ("time,value\n2024-01-01,\n2024-01-02,NA\n", "all values are missing"),
    ("time,value\n2024-01-01,1\n,2\n", "line 3: the time is missing"),
    ("time,value\n" + rows([f"2024-01-01 {h:02d}:00" for h in range(20)] + ["2024-01-01 19:25"], range(21)),
     "line 22: 2024-01-01 19:25:00 .* not a whole number of steps of 'h'"),
    ("item,time,value\n" + rows(["a"] * 20, DAYS, range(20))
     + rows(["b"] * 20, [f"2024-02-01 {h:02d}:00" for h in range(20)], range(20)), "line .*has steps of"),
    ("time,value\n" + rows([*DAYS, *(f"2024-02-21 {h:02d}:00" for h in range(24))], range(44)),
     "line 2: the series has steps of several frequencies, 20 of 1 day, 23 of 1 hour"),
    ("time,value\n" + rows([f"2024-{m:02d}-{d}" for m in range(1, 7) for d in ("01", 11, 21)], range(18)),
     "line 5: .* the steps are not equal: 3 of 11 days, 13 of 10 days: .* leave out the column of the times"),
    ("time,value\n" + rows([f"{k}/{k + 1}/2024" for k in range(1, 8)], range(7)),
     "line 2: day or month may be first in '1/2/2024'"),
    ("time,value\n1600-01-01,1\n1600-01-02,2\n", "line 2: 1600-01-01 is not between the years 1678 and 2261"),
    ("time,value\n2024-01-01T00:00Z,1\n2024-01-01T01:00,2\n", "line 3: .* has no offset"),
])  # fmt: skip
def test_what_cannot_be_right_is_reported_with_its_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_series(write(tmp_path, text))


def test_unknown_names():
    data = {"time": DAYS, "value": range(20)}
    for options, message in [({"frequency": "fortnights"}, "frequency"), ({"time_zone": "Mars/North"}, "time_zone"),
                          ({"frequency": "-1D"}, "frequency"), ({"time_zone": " "}, "time_zone"),
                          ({"duplicates": "no"}, "duplicates")]:  # fmt: skip
        with pytest.raises(InputError, match=f"unknown `{message}`"):
            read_series(data, **options)
    with pytest.raises(InputError, match="is not a time"):
        read_series({"time": ["2024-01-01", "\ud800"], "value": [1, 2]}, Columns(time="time"))
    with pytest.raises(InputError, match="no column 'when'"):
        read_series(data, Columns(time="when"))
    with pytest.raises(InputError, match="'value' holds the values and is not a covariate: leave it out"):
        read_series(data, Columns(covariates=("value",)))


@pytest.mark.parametrize("name, times", [
    ("Datum", [f"{day:02d}.02.2024" for day in range(1, 21)]), ("ts", [1706745600 + 86400 * i for i in range(20)]),
    ("ts", [1000 * (1706745600 + 86400 * i) for i in range(20)]),
])  # fmt: skip
def test_dates_with_points_and_seconds_since_1970(tmp_path, name, times):
    table = read_series(write(tmp_path, f"{name},v\n" + rows(times, range(20))))
    assert table.frequency.name == "D" and str(table.series[0].times[0].date()) == "2024-02-01"
    assert values(table) == list(range(20))


def prices(index_name="Date"):
    names = pd.MultiIndex.from_product([["Close", "Volume"], ["AAPL", "MSFT"]], names=["Price", "Ticker"])
    days = pd.date_range("2024-02-01", periods=12, freq="B", name=index_name)
    return pd.DataFrame(np.arange(48.0).reshape(12, 4) * 37 % 101, days, names)


@pytest.mark.parametrize("tickers", [["AAPL", "MSFT"], ["MSFT"]])
@pytest.mark.parametrize("as_file", [True, False])
def test_two_rows_of_names_are_those_of_values_and_of_items(tmp_path, tickers, as_file):
    frame = prices().loc[:, (slice(None), tickers)]
    frame.to_csv(tmp_path / "a.csv")
    table = read_series(tmp_path / "a.csv" if as_file else frame)
    assert [one.item for one in table.series] == (tickers if len(tickers) > 1 else [""])
    assert table.covariates == ("Volume",) and table.frequency.name == "B"
    last = table.series[-1].columns
    assert last["value"][:2].tolist() == [37, 84] and last["Volume"][:2].tolist() == [10, 57]


def test_values_alone_and_arrays_of_unequal_length():
    for data in (np.arange(9.0), list(range(9)), pd.Series(range(9))):
        assert values(read_series(data)) == list(range(9))
    for data in ({"a": np.arange(9.0), "b": np.arange(4)}, [np.arange(9.0), np.arange(4)]):
        assert [len(one) for one in read_series(data).series] == [9, 4]
    assert [len(one) for one in read_series([[1.0, 2.0]] * 9).series] == [9, 9]  # rows of two columns


@pytest.mark.parametrize("form", ["%b-%y", "%d-%b-%y", "%d/%m/%y"])
@pytest.mark.parametrize("first", [1949, 1964, 1995])
def test_years_of_two_digits_are_of_one_century_and_not_to_come(form, first):
    times = pd.date_range(f"{first}-01-01", periods=96, freq="MS")
    table = read_series({"when": list(times.strftime(form)), "y": list(range(96))})
    assert (table.series[0].times == times).all() and not table.notes


def test_weekends_among_days_of_business_are_refused():
    with pytest.raises(InputError, match="row 3: 2024-02-03 00:00:00 of the series is on a weekend"):
        read_series({"day": DAYS, "y": list(range(20))}, frequency="B")


def test_a_dict_of_splits_without_training():
    with pytest.raises(InputError, match="the dict has no training split: expected one named train"):
        read_series({"test": [1.0, 2.0]})


def test_ranges_of_days_begin_with_their_first():
    weeks = pd.date_range("2024-01-01", periods=12, freq="7D")
    table = read_series(
        {"week": [f"{day:%Y-%m-%d}/{day + pd.Timedelta(days=6):%Y-%m-%d}" for day in weeks], "y": [1] * 12}
    )
    assert (table.series[0].times == weeks).all() and table.frequency.name == "W"


def test_numbers_of_rows_without_a_name_are_no_series():
    table = read_series({"": list(range(20)), "Date": DAYS, "Mean number": list(range(20, 40))})
    assert len(table) == 1 and values(table)[0] == 20


def test_columns_called_id_name_items_where_times_repeat():
    table = read_series({"date": DAYS * 2, "shop_id": [3] * 20 + [4] * 20, "hotel_code": [1] * 40, "y": range(40)})
    assert [one.item for one in table.series] == ["3", "4"]
    with pytest.raises(InputError, match="name the `item` columns"):
        read_series({"date": DAYS * 2, "place": [3] * 20 + [4] * 20, "y": range(40)})


def test_a_frequency_without_dates_is_said():
    for data in ({"y": list(range(9))}, {"id": ["a", "b"], **{f"V{i}": [i, i] for i in range(1, 12)}}):
        assert "`frequency` is not used" in read_series(data, frequency="h").notes[-1]


def test_units_behind_names():
    table = read_series({"Time (s)": list(range(20)), "Sales [$]": list(range(20)), "other": [1, 2] * 10})
    assert table.names == {"time": "Time (s)", "value": "Sales [$]"} and table.covariates == ("other",)
    both = read_series({"Load (MW)": list(range(20)), "Load (MVar)": list(range(20)), "date": DAYS})
    assert len(both) == 2


def test_last_days_of_business_of_months_go_on_as_such():
    days = pd.date_range("2019-01-01", "2022-12-31", freq="BME")
    step = read_series({"time": days, "y": range(len(days))}).frequency
    assert (step.name, Frequency.of(step.name)) == ("BME", step)
    assert (step.times(days[0], 60) == pd.date_range(days[0], periods=60, freq="BME")).all()
    calendar = pd.date_range("2019-01-31", periods=9, freq="ME")
    assert read_series({"time": calendar, "y": range(9)}).frequency == Frequency("M")
    assert step.times(calendar[2], 3)[-1] == pd.Timestamp("2019-05-31")


def test_thousands_without_points_before_a_comma_are_decimal():
    values = read_series({"y": ["4222,109", "512,125", "NA", "-12,5"] * 60}).series[0].columns["value"]
    assert values[:4].tolist()[::3] == [4222.109, -12.5]


def test_several_columns_of_each_item_are_series_of_their_own(tmp_path):
    text = "item,time,q,r\na,2024-01-01,1,2\nb,2024-01-01,1,2\na,2024-01-02,1,3\nb,2024-01-02,1,2\n"
    table = read_series(write(tmp_path, text))
    assert [one.item for one in table.series] == ["a, q", "a, r", "b, q", "b, r"]
    assert "2 columns of numbers are 2 series of each item" in table.notes[0]


def test_a_comma_beside_semicolons_is_decimal(tmp_path):
    text = "time;a;b\n" + "".join(f"{day};1,234;0,5\n" for day in DAYS)
    assert read_series(write(tmp_path, text)).series[0].columns["value"][0] == 1.234
    assert read_series(write(tmp_path, text.replace(";", "\t"))).series[0].columns["value"][0] == 1234


def test_times_from_one_to_another_titles_and_trailing_commas(tmp_path):
    text = "".join(f"{h:02d}:00 - {h + 1:02d}:00,{h}\n" for h in range(10))
    table = read_series(
        write(tmp_path, "hours,price\n" + "".join(f"01.01.2024 {row}" for row in text.splitlines(True)))
    )
    assert (table.frequency.name, str(table.series[0].times[1])) == ("h", "2024-01-01 01:00:00")
    years = [*map(str, range(1960, 2000)), ""]
    bank = f'"Source","Bank",\n\n{",".join(["Country", *years])}\n{",".join(["Peru", *years])}\n'
    table = read_series(write(tmp_path, bank))
    assert (table.series[0].item, str(table.series[0].times[0].date())) == ("Peru", "1960-01-01")


def test_arrays_in_files(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(60.0).reshape(30, 2))
    np.savez(tmp_path / "b.npz", data=np.arange(180.0).reshape(30, 2, 3))
    assert [len(read_series(tmp_path / name).series) for name in ("a.npy", "b.npz")] == [2, 2]
    assert "the first of the last axis counts" in read_series(tmp_path / "b.npz").notes[0]
