"""The forecasting recipe: files of the user, and bad input."""

import json

import numpy as np
import pytest

from nlpseq.serving import Export
from recipes import forecasting
from tests.recipes import helpers

SMALL = ["--units", "4", "--hidden", "4", "--epochs", "1", "--batch-size", "64", "--horizon", "4", "--context", "14"]


def run(monkeypatch, *flags):
    return helpers.run(monkeypatch, forecasting, *flags)


def write(path, length=60, odd=""):
    """A long file of two shops with a weekly season, a covariate and a gap."""
    random = np.random.default_rng(0)
    lines = ["shop,date,sales,promotion"]
    for name in ("north", "south"):
        for day in range(length):
            value = 10 + 5 * (day % 7 == 5) + random.normal()
            if day != 20:
                lines.append(f"{name},{np.datetime64('2024-01-01') + day},{value:.3f},{day % 9 // 8}")
    path.write_text("\n".join([*lines, *([odd] if odd else [])]) + "\n")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("method", ["direct", "steps"])
def test_own_file_to_export(tmp_path, monkeypatch, capsys, method):
    flags = ["--dataset", write(tmp_path / "sales.csv"), "--output", tmp_path / "out", "--windows", "2", *SMALL]
    assert run(monkeypatch, *flags, "--method", method, "--paths", "10") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "2 series of 60 steps of D; covariates: promotion (known ahead)" in shown
    assert "2 of 120 steps of 'D' have no row, in 2 of 2 series: they count as missing values" in shown
    assert "chosen for these data: " in shown and "season 7" in shown and "test MASE" in shown
    export = Export(tmp_path / "out")
    assert {item.name for item in export.path.iterdir()} >= {
        "saved_model.pb", "metrics.json", "model_card.md", "forecasts.png", "horizon.png", "calibration.png",
    }  # fmt: skip
    test = export.metrics["test"]
    assert {"mase", "smape", "mape", "rmse", "weighted_quantile_loss", "coverage_80", "coverage_95"} <= set(test)
    assert set(test["rivals"]) == {"naive", "seasonal_naive"} and test["rivals"]["naive"]["mase"] > 0
    assert json.loads((export.path / "metrics.json").read_text())["test"]["mase"] == test["mase"]


BAD = {
    "text in numbers": (["--dataset", "{tmp}/odd.csv"], "line 120: 'many' in the column 'sales' is not a number"),
    "twice": (["--dataset", "{tmp}/twice.csv"], "set --duplicates to first, last, mean or sum"),
    "horizon": (["--dataset", "{tmp}/sales.csv", "--horizon", "70"], "--horizon 70 and --windows 1 need more steps"),
    "three values": (["--dataset", "{tmp}/three.csv", "--horizon", "4"], "the longest series has 3 values: give 4"),
    "no such column": (["--dataset", "{tmp}/sales.csv", "--value", "price"], "there is no column 'price'"),
    "frequency": (["--dataset", "{tmp}/sales.csv", "--frequency", "often"], "unknown --frequency 'often'"),
    "quantiles": (["--quantiles", "0.1", "0.9"], "--quantiles must ascend between 0 and 1 and contain 0.5"),
    "formats": (["--method", "steps", "--formats", "saved_model,onnx"], "of --method steps have the format"),
    "precision": (["--mixed-precision", "bfloat16"], "--mixed-precision must be no"),
    "unknown dataset": (["--dataset", "nlpseq_serie"], "did you mean nlpseq_series"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, name):
    write(tmp_path / "sales.csv")
    write(tmp_path / "odd.csv", odd="south,2024-03-01,many,0")
    write(tmp_path / "twice.csv", odd="south,2024-02-29,1.5,0")
    (tmp_path / "three.csv").write_text("time,value\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n")
    helpers.assert_refused(monkeypatch, capsys, forecasting, tmp_path, *BAD[name])


@pytest.mark.slow
def test_the_embedded_series_need_the_order_of_events(tmp_path, monkeypatch):
    flags = ["--output", tmp_path / "out", "--epochs", "6"]
    assert run(monkeypatch, *flags) == 0
    test = Export(tmp_path / "out").metrics["test"]
    assert test["mase"] < 0.6 * min(rival["mase"] for rival in test["rivals"].values())
    assert 0.7 < test["coverage_80"] < 0.9


def test_the_order_of_events_decides_what_follows():
    from nlpseq.corpora.series import DELAY, EFFECT, shop

    changes = {True: [], False: []}
    for number in range(20):
        series = shop(number)
        level = np.nanmedian(series["value"])
        for red in np.flatnonzero(series["red"]):
            near = np.flatnonzero(series["blue"][max(0, red - 5) : red + 6])
            if len(near) == 1:
                blue = max(0, red - 5) + near[0]
                after = series["value"][max(red, blue) + DELAY :][:14]
                if len(after) == 14:
                    changes[bool(red < blue)].append(np.nanmean(after) / level)
    rises, falls = np.mean(changes[True]), np.mean(changes[False])
    assert rises / falls == pytest.approx((1 + EFFECT) / (1 - EFFECT), rel=0.15)
