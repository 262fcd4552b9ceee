"""How series are split into training, validation and test, and what is said of odd ones."""

import json

import numpy as np
import pytest

from nlpseq.data.series import Frequency
from nlpseq.errors import InputError
from nlpseq.tasks.forecasting import defaults, windows
from nlpseq.tasks.forecasting.calendar import phases
from nlpseq.tasks.forecasting.data import load_series
from nlpseq.tasks.forecasting.settings import ForecastingSettings


def series(*lengths, start="2024-01-01", **columns):
    """Rows of several series, which end at different days."""
    rows = []
    for name, length in enumerate(lengths):
        for day in range(length):
            time = str(np.datetime64(start) + day)
            rows.append({"item": f"s{name}", "time": time, "value": float(day), **columns})
    return rows


def test_no_window_sees_what_a_later_split_is_tested_on():
    data = load_series(series(60, 40, 9)).split(horizon=5, windows=2, season=7, context=14)
    store = data.test.store
    before = store.lengths - 10
    assert data.test.origins.tolist() == [50, 55, 30, 35]  # the short one is trained on
    for number in (0, 1):
        validation = data.validation.origins[data.validation.series == number]
        assert validation.max() + 5 == before[number] and validation.min() >= before[number] - 10
    ends = data.validation.origins[[0, 6]]  # the first ones
    for passed in range(3):
        drawn = data.train.draw(200, 0, passed)
        last = np.where(np.isfinite(drawn.targets()), drawn.origins[:, np.newaxis] + np.arange(5), 0).max(axis=1)
        assert (last < np.array([*ends, 9])[drawn.series]).all()
    assert not np.array_equal(data.train.draw(9, 0, 0).origins, data.train.draw(9, 0, 1).origins)
    np.testing.assert_array_equal(data.train.draw(9, 3, 1).origins, data.train.draw(9, 3, 1).origins)


def test_the_past_of_a_window_ends_before_its_targets():
    data = load_series(series(60)).split(horizon=5, windows=1, season=7, context=14)
    actual = windows.past_of(data.test, 14, [], [])
    np.testing.assert_array_equal(actual["values"][0], np.arange(41, 55))
    np.testing.assert_array_equal(data.test.targets()[0], np.arange(55, 60))
    assert actual["times"].shape == (1, 19) and np.ptp(np.diff(actual["times"][0])) == 0
    early = data.test.select([0])
    early.origins[:] = 3
    assert np.isnan(windows.past_of(early, 14, [], [])["values"][0, :11]).all()


def test_a_folder_with_a_test_part_as_m4(tmp_path):
    names = ",".join(f"V{i}" for i in range(1, 42))
    (tmp_path / "train.csv").write_text(
        names + "\n" + "".join(f"H{k}," + ",".join(str(i % 4 + k) for i in range(40)) + "\n" for k in (1, 2))
    )
    (tmp_path / "test.csv").write_text("V1,V2,V3,V4\nH1,1,2,3\nH2,7,8,9\n")
    data = load_series(tmp_path)
    assert defaults.profile(data).ahead == 3
    split = data.split(horizon=3, season=4, context=8)
    np.testing.assert_array_equal(split.test.targets(), [[1, 2, 3], [7, 8, 9]])
    assert split.test.origins.tolist() == [40, 40]


def test_covariates_that_go_on_are_known():
    rows = series(30, price=1.0, holiday=0.0)
    rows += [{"item": "s0", "time": "2024-02-01", "value": None, "price": 2.0, "holiday": 1.0}]
    data = load_series(rows)
    assert set(data.known) == {"price", "holiday"} and not data.past()
    assert load_series(series(30, price=1.0, holiday=0.0)).known == ("holiday",)
    assert load_series(rows, known="none").known == () and load_series(rows, covariates="none").table.covariates == ()
    with pytest.raises(InputError, match="`known` names 'colour'"):
        load_series(rows, known="colour")


def test_covariates_that_end_before_the_values_are_reported(capsys):
    rows = series(30, 20, price=1.0, rain=0.5)
    for row in rows[25:30]:
        row["price"] = None
    rows[-1]["price"], rows[0]["rain"] = 2.0, 0.0
    assert "'price' ends before the values in 1 of 2 series, in 's0' at 2024-01-25" in load_series(rows).notes[-1]
    rows[29]["rain"] = None
    assert "at 2024-01-25 00:00:00, and so does rain: from there on" in load_series(rows).notes[-1]
    rows[29]["price"] = rows[29]["rain"] = 1.0  # a gap is no end
    assert not any("ends before" in note for note in load_series(rows).notes)


def test_steps_to_learn_from_are_left_before_many_windows():
    data = load_series(series(20)).split(horizon=4, windows=50, season=7, context=12)
    assert data.test.origins.tolist() == [8, 12, 16] and data.train.draw(9, 0, 0).origins.max() < 8
    assert load_series(series(8)).split(horizon=1, windows=50, season=1, context=2).test.origins.tolist() == [
        3, 4, 5, 6, 7
    ]  # fmt: skip
    with pytest.raises(InputError, match="before the windows of `horizon` 10 no series has two steps to train on"):
        load_series(series(20)).split(horizon=10, windows=1, season=7, context=12)


@pytest.mark.parametrize("lowest, whole, domain, counted, expected", [
    (-2.0, True, "count", False, ["the least is -2: with `domain` count no forecast is"]),
    (0.0, False, "real", True, ["no whole numbers: with `distribution` negative_binomial"]),
    (0.0, False, "positive", False, []), (-1.0, False, "real", False, []),
])  # fmt: skip
def test_values_that_a_domain_does_not_hold_are_reported(lowest, whole, domain, counted, expected):
    profile = defaults.SeriesProfile(Frequency(), 1, 40, (), 0, lowest, whole, 0.1)
    notes = defaults.odd_values(profile, domain, counted)
    assert len(notes) == len(expected) and all(part in note for part, note in zip(expected, notes))


def test_what_is_odd_is_reported(capsys):
    rows = series(60, 40, 3) + [{"item": "flat", "time": f"2024-01-{d:02d}", "value": 2.0} for d in range(1, 31)]
    rows += [{"item": "none", "time": f"2024-01-{d:02d}", "value": None} for d in range(1, 31)]
    data = load_series(rows)
    data.split(horizon=5, windows=2, season=7, context=14)
    message = " ".join(capsys.readouterr().out.split())
    for part in ("'none'", "without any value is left out", "'s2' has 3 values", "1 constant series", "not tested"):
        assert part in message


def test_a_horizon_longer_than_the_series_is_refused():
    with pytest.raises(InputError, match="`horizon` 50 .* longest series has, 60"):
        load_series(series(60)).split(horizon=50, windows=1, season=7, context=14)


def test_three_values_are_too_few():
    with pytest.raises(InputError, match="has 3 values: give 4 or more"):
        load_series(series(3)).split(horizon=1, windows=1, season=1, context=2)


def test_a_column_of_splits_whose_validation_part_is_trained_on_too(tmp_path):
    parts = ["train"] * 20 + ["valid"] * 4 + ["test"] * 4
    rows = "".join(f"2024-02-{day + 1:02d},{day},{part}\n" for day, part in enumerate(parts))
    (tmp_path / "a.csv").write_text("date,value,split\n" + rows)
    data = load_series(tmp_path / "a.csv")
    assert data.ahead == {"": 4} and data.table.series[0].columns["value"].tolist() == list(range(28))
    assert data.table.covariates == ()


@pytest.mark.parametrize("length, count, frequency", [
    (12, 1, "YS"), (40, 3, "MS"), (200, 100, "MS"), (900, 50, "h"), (2000, 1, "D"), (5, 2, "D"), (9000, 1, "30min"),
    (700, 400, ""), (30, 1, "B"), (800, 2, "W"), (60_000, 1, "min"), (3, 1, "D"), (300, 9, "QS"),
])  # fmt: skip
def test_all_that_is_open_is_chosen_within_its_range(length, count, frequency):
    step = Frequency.of(frequency)
    profile = defaults.SeriesProfile(step, count, length, step.seasons(), 0, 0.0, True, 0.2)
    chosen = defaults.choose(profile)
    settings = ForecastingSettings()
    assert sorted(chosen) == sorted(settings.automatic())
    filled = settings.filled(chosen)
    filled.check()
    assert filled.series.horizon <= max(1, length // 4) and filled.series.context <= max(length, 2)
    for name, dimension in defaults.SPACE.items():
        assert filled.flat()[name] in (dimension.values(filled.flat()[name]) or [filled.flat()[name]])


@pytest.mark.parametrize("length, frequency, weeks", [(24 * 7 * 12, "h", 4), (24 * 7 * 11, "h", 2), (3000, "D", 104)])
def test_the_past_of_hours_holds_four_weeks_of_a_long_series(length, frequency, weeks):
    step = Frequency.of(frequency)
    chosen = defaults.choose(defaults.SeriesProfile(step, 1, length, step.seasons(), 0, 0.0, False, 0.0))
    assert chosen["context"] // (7 * (24 if frequency == "h" else 1)) == weeks


def test_seasons_of_steps_without_times_are_found():
    random = np.random.default_rng(0)
    hours = np.arange(900)
    day = np.sin(2 * np.pi * hours / 24) + 0.4 * np.sin(2 * np.pi * hours / 168) * np.cos(2 * np.pi * hours / 24)
    assert defaults.found_seasons([day + 0.1 * random.normal(size=900) for _ in range(3)])[0] == 24
    assert defaults.found_seasons([np.cumsum(random.normal(size=900)) for _ in range(5)]) == ()


def test_json_lines_of_series_with_dynamic_features(tmp_path):
    lines = [
        {"item_id": f"s{k}", "start": "2024-01-01", "target": list(range(40)), "promotion": [0] * 45, "freq": "D"}
        for k in range(3)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    data = load_series(tmp_path / "a.jsonl")
    assert data.known == ("promotion",) and data.frequency.name == "D"
    assert data.split(horizon=5, season=7, context=14).test.targets()[0].tolist() == [35, 36, 37, 38, 39]


def test_cycles_of_the_calendar_that_training_has_not_seen_twice_are_left_out():
    hours, day = Frequency.of("h"), 86_400
    counts = [len(phases(np.array([0]), hours, span)) for span in (5, 15 * day, 200 * day, 730 * day, None)]
    assert counts == [1, 2, 2, 3, 3]
    assert len(phases(np.array([0]), Frequency.of("MS"), 5)) == 1


def rows_of(days, shops=("a", "b"), **columns):
    names = ["id", "date", "shop", *columns]
    lines = [",".join(names)]
    for number, (day, shop) in enumerate((day, shop) for day in days for shop in shops):
        time = np.datetime64("2024-01-01") + day
        lines.append(",".join([str(number), str(time), shop, *(str(cell(day)) for cell in columns.values())]))
    return "\n".join(lines) + "\n"


def test_a_test_part_without_values_is_the_future(tmp_path):
    (tmp_path / "train.csv").write_text(rows_of(range(40), sales=lambda day: day, price=lambda day: day % 5))
    (tmp_path / "test.csv").write_text(rows_of(range(40, 47), price=lambda day: 9))
    data = load_series(tmp_path)
    assert data.ahead == {} and data.known == ("price",) and "the future" in data.notes[0]
    assert [len(one) for one in data.table.series] == [47, 47]
    assert data.table.series[1].columns["price"][-7:].tolist() == [9] * 7
    assert np.isnan(data.table.series[1].columns["value"][40:]).all()


def test_a_test_part_of_one_day_and_of_other_series(tmp_path):
    (tmp_path / "train.csv").write_text(rows_of(range(40), sales=lambda day: day))
    (tmp_path / "test.csv").write_text(rows_of([40], shops=("a", "b", "c"), sales=lambda day: day))
    data = load_series(tmp_path)
    assert data.ahead == {"a": 1, "b": 1} and "1 series without a training part left out" in data.notes[0]


def test_objects_by_split_and_futures_that_are_objects():
    days = [str(np.datetime64("2024-01-01") + day) for day in range(47)]
    train = {"ds": days[:40], "y": list(range(40)), "price": [day % 5 for day in range(40)]}
    more = {"ds": days[40:], "price": [9] * 7}
    for data in (load_series(train, test=more), load_series({"train": train, "test": more})):
        assert data.known == ("price",) and len(data.table.series[0]) == 47 and data.ahead == {}
    assert load_series({"train": train, "test": {**more, "y": [1] * 7}}).ahead == {"": 7}


@pytest.mark.parametrize("first", [0, 25])
def test_a_test_part_that_repeats_what_is_before_it(tmp_path, first):
    (tmp_path / "train.csv").write_text(rows_of(range(40), sales=lambda day: day))
    (tmp_path / "test.csv").write_text(rows_of(range(first, 47), sales=lambda day: day))
    data = load_series(tmp_path)
    assert data.ahead == {"a": 7, "b": 7} and [len(one) for one in data.table.series] == [47, 47]
    (tmp_path / "test.csv").write_text(rows_of(range(first, 47), sales=lambda day: 1))
    with pytest.raises(InputError, match="before the end of its training part"):
        load_series(tmp_path)


def test_the_horizon_of_a_file_of_the_monash_archive(tmp_path):
    for place, text in enumerate(
        ("@attribute name string\n@horizon 7", "@attribute name string\n@attribute horizon numeric")
    ):
        rows = [f"{name}:{'7:' if place else ''}{','.join(map(str, range(60)))}" for name in "ab"]
        (tmp_path / "a.tsf").write_text(text + "\n@frequency monthly\n@data\n" + "\n".join(rows))
        data = load_series(tmp_path / "a.tsf")
        assert data.table.statics == () and defaults.choose(defaults.profile(data))["horizon"] == 7


def test_folders_as_of_gluonts(tmp_path):
    for split, length in (("train", 30), ("test", 36)):
        rows = [
            {"item_id": name, "start": "2024-01-01", "target": list(range(length)), "feat_dynamic_real": [[1] * length]}
            for name in "ab"
        ]
        (tmp_path / split).mkdir()
        (tmp_path / split / "data.json").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "metadata.json").write_text(json.dumps({"freq": "1H", "prediction_length": 6}))
    data = load_series(tmp_path)
    assert data.frequency.name == "h" and data.ahead == {"a": 6, "b": 6} and data.known == ("feat_dynamic_real 1",)
