"""Series of files and objects in the shapes that users have, and what is said of those that cannot be right."""

import json

import numpy as np
import pandas as pd
import pytest

from nlpseq.data.files.columns import Role
from nlpseq.data.series import Columns, read_series
from nlpseq.data.series.reading import split_tables
from nlpseq.errors import InputError
from tests.data.series.small import DAYS, rows, values, write


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
    ("time,value\n" + rows([*DAYS, *(f"2024-02-21 {h:02d}:00" for h in range(12))], range(32)),
     "line 22: the series has steps of several frequencies, 20 of 1 day, 11 of 1 hour"),
    ("time,value\n" + rows([f"2024-{m:02d}-{d}" for m in range(1, 7) for d in ("01", 11, 21)], range(18)),
     "line 5: .* the steps are not equal: 3 of 11 days, 13 of 10 days: .* leave out the column of the times"),
    ("time,value\n" + rows([f"{k}/{k + 1}/2024" for k in range(1, 8)], range(7)),
     "line 2: day or month may be first in '1/2/2024'"),
    pytest.param(
        "time,value\n1600-01-01,1\n1600-01-02,2\n", "line 2: 1600-01-01 is not between the years 1678 and 2261",
        marks=pytest.mark.skipif(pd.__version__ < "3", reason="which this pandas takes for no times"),
    ),
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


def test_a_dict_of_splits_without_training():
    with pytest.raises(InputError, match="the dict has no training split: expected one named train"):
        read_series({"test": [1.0, 2.0]})


def test_numbers_of_rows_without_a_name_are_no_series():
    table = read_series({"": list(range(20)), "Date": DAYS, "Mean number": list(range(20, 40))})
    assert len(table) == 1 and values(table)[0] == 20


def test_columns_called_id_name_items_where_times_repeat():
    table = read_series({"date": DAYS * 2, "shop_id": [3] * 20 + [4] * 20, "hotel_code": [1] * 40, "y": range(40)})
    assert [one.item for one in table.series] == ["3", "4"]
    with pytest.raises(InputError, match="name the `item` columns"):
        read_series({"date": DAYS * 2, "place": [3] * 20 + [4] * 20, "y": range(40)})


def test_units_behind_names():
    table = read_series({"Time (s)": list(range(20)), "Sales [$]": list(range(20)), "other": [1, 2] * 10})
    assert table.names == {"time": "Time (s)", "value": "Sales [$]"} and table.covariates == ("other",)
    both = read_series({"Load (MW)": list(range(20)), "Load (MVar)": list(range(20)), "date": DAYS})
    assert len(both) == 2


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
    table = read_series(write(tmp_path, text.replace("0,5", "2,000.5")))  # which commas are, the other column tells
    assert [one.columns["value"][0] for one in table.series] == [1234, 2000.5]


def test_titles_above_and_trailing_commas(tmp_path):
    years = [*map(str, range(1960, 2000)), ""]
    bank = f'"Source","Bank",\n\n{",".join(["Country", *years])}\n{",".join(["Peru", *years])}\n'
    table = read_series(write(tmp_path, bank))
    assert (table.series[0].item, str(table.series[0].times[0].date())) == ("Peru", "1960-01-01")


def test_arrays_in_files(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(60.0).reshape(30, 2))
    np.savez(tmp_path / "b.npz", data=np.arange(180.0).reshape(30, 2, 3))
    assert [len(read_series(tmp_path / name).series) for name in ("a.npy", "b.npz")] == [2, 2]
    assert "the first of the last axis counts" in read_series(tmp_path / "b.npz").notes[0]


def test_arrays_in_files_and_beside_tables(tmp_path):
    np.save(tmp_path / "scaler.npy", np.ones(3))
    assert list(split_tables(tmp_path)) == ["train"]
    write(tmp_path, "time,y\n" + rows(DAYS, range(20)), "data.csv")
    write(tmp_path, "about the data", "README.txt")
    assert values(read_series(split_tables(tmp_path)["train"])) == list(range(20))
    np.save(tmp_path / "test.npy", np.ones(3))
    (tmp_path / "data.csv").rename(tmp_path / "train.csv")
    assert list(split_tables(tmp_path)) == ["train", "test"]
    for shape in ((0,), (0, 2), (2, 0)):
        np.save(tmp_path / "empty.npy", np.zeros(shape))
        with pytest.raises(InputError, match="empty.npy is empty: expected an array of numbers"):
            read_series(tmp_path / "empty.npy")


@pytest.mark.parametrize("header", ["", "time  a b\n", "# of a sensor\n# time a b\n"])
@pytest.mark.parametrize("hours", [True, False])
def test_columns_between_blanks(tmp_path, header, hours):
    times = [f"2024-01-0{1 + hour // 24} {hour % 24:02d}:30" if hours else f"{hour}" for hour in range(40)]
    text = header + "".join(f"  {time}   {1.5 * hour}  -1e-3\n" for hour, time in enumerate(times))
    table = read_series(write(tmp_path, text, "a.txt"))
    assert [one.columns["value"][3] for one in table.series][-2:] == [4.5, -0.001]
    assert [one.item for one in table.series] == (["a", "b"] if header else ["2", "3"])
    assert table.frequency.name == ("h" if hours else "")


def test_texts_that_are_no_columns_between_blanks(tmp_path):
    assert values(read_series(write(tmp_path, " 1 2.5  3\n", "a.txt"))) == [1, 2.5, 3]
    assert values(read_series(write(tmp_path, "a; b\n" + "2,5; 1\n" * 3, "a.txt")), "a") == [2.5] * 3
    with pytest.raises(InputError, match="line 2: 'of two 3' in the column 'a text' is not a number"):
        read_series(write(tmp_path, "a text\nof two 3\n", "a.txt"))


@pytest.mark.parametrize(
    "columns, name",
    [
        ({"year": range(1990, 2002), "mm": range(1, 13)}, "YS"),
        ({"year": [2024] * 12, "month": range(1, 13), "dd": range(1, 13)}, "MS"),
        ({"date": DAYS[:12], "he": range(12)}, "D"),
        ({"index": range(1990, 2002), "x": range(12)}, "YS"),
    ],
)
def test_values_with_names_as_of_parts_of_times(columns, name):
    """Rain in mm, degree days and helium are parts of times only where the times are the same without them."""
    table = read_series({key: list(cells) for key, cells in columns.items()})
    assert table.frequency.name == name and len(table.series[0]) == 12
    assert len(set(table.series[0].columns["value"])) == 12


def test_months_of_one_year_are_no_season():
    table = read_series({"shop": list(range(60)), "month": ["2009-10"] * 60, "y": [1.0] * 60}, grid=False)
    assert str(table.series[0].times[0].date()) == "2009-10-01"
    table = read_series({"shop": list(range(60)) * 2, "season": ["1989/90"] * 60 + ["1990/91"] * 60, "y": [1.0] * 120})
    assert str(table.series[0].times[0].date()) == "1989-01-01" and len(table) == 60
