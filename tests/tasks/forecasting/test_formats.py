"""A forecaster in other formats than saved_model: the same forecasts, from arrays and from files."""

import numpy as np
import pytest

from nlpseq import runtime, serving
from nlpseq.errors import InputError
from nlpseq.serving.formats import adding
from nlpseq.tasks.forecasting.ensemble import ForecasterEnsemble
from nlpseq.tasks.forecasting.streaming import ForecastStream
from nlpseq.tasks.forecasting.windows import Store, Windows
from tests.tasks.forecasting.small import CONTEXT, HORIZON, forecaster, preprocessor
from tests.tasks.forecasting.test_export import SCORES, history
from tests.tasks.tiny import converted, dataset, without_tensorflow

pytestmark = pytest.mark.usefixtures("portable")


def calibrated(**options):
    task = forecaster(**options)
    task.blend.assign(0.7)
    task.correction.assign([1.5, 1.4, 0.5, 1, 0.4, 1.2, 1.0])
    return task


def expected_of(task, model, example):
    outputs = ForecastStream(task).forecast(**model.answers.inputs([example]))
    return model.answers.read({name: value[0].numpy().tolist() for name, value in outputs.items()})


VALUES: dict = {"past": [], "known": [], "items": [], "statics": {}, "frequency": "", "seasons": []}  # and no more


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    """A forecaster with covariates and names, and its export in onnx."""
    pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")
    task = calibrated()
    return task, runtime.load(converted(tmp_path_factory.mktemp("onnx"), task))


def test_onnx(default):
    forecasts_agree(*default)


@pytest.mark.slow
@pytest.mark.parametrize("options", [
    pytest.param(
        {"item_size": 0, "cell": "lstm", "description": preprocessor(frequency="h", domain="positive")},
        id="lstm",
    ),
    pytest.param({"description": preprocessor(**VALUES, domain="count")}, id="values alone"),
])  # fmt: skip
def test_onnx_of_other_models(options, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")
    task = calibrated(**options)
    forecasts_agree(task, runtime.load(converted(tmp_path, task)))


def forecasts_agree(task, model):
    """Of histories with gaps and of all lengths, in one batch."""
    inputs = [*task.synthetic_examples(6), *task.odd_examples().values()]
    for example, actual in zip(inputs, model.answer(inputs)):
        expected = expected_of(task, model, example)
        np.testing.assert_allclose(actual["mean"], expected["mean"], rtol=1e-5)
        for level, values in expected["quantiles"].items():
            np.testing.assert_allclose(actual["quantiles"][level], values, rtol=1e-5)


@pytest.mark.slow
def test_values_alone_without_tensorflow(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")
    task = calibrated(description=preprocessor(past=[], known=[], items=[], statics={}, frequency=""))
    model, values = runtime.load(converted(tmp_path, task)), [float(step % 4) for step in range(30)]
    (actual,) = without_tensorflow(tmp_path, [values])
    expected = expected_of(task, model, model.answers.example(values))
    np.testing.assert_allclose(actual["mean"], expected["mean"], rtol=1e-5)
    assert (actual["item"], actual["times"]) == ("", [30, 31, 32, 33, 34])


def test_arrays_and_files(default, tmp_path):
    _, model = default
    path = history(tmp_path)
    (from_file,), (example,) = model.predict(path), model.answers.histories(path)
    arrays = {name: example.arrays[name] for name in ("values", "past", "known", "static")}
    days = np.datetime64("2024-01-01") + np.arange(40 + HORIZON)[-CONTEXT - HORIZON :]
    (actual,) = model.predict([{**arrays, "times": days, "item": "b"}])
    assert actual["times"] == [f"2024-02-{day} 00:00:00" for day in range(10, 15)]
    assert {name: actual[name] for name in ("item", "mean")} == {name: from_file[name] for name in ("item", "mean")}
    with pytest.raises(InputError, match="the model reads known, past, times, values: give a dict with"):
        model.predict([np.arange(10.0)])
    with pytest.raises(InputError, match=r"expected times of shape .21,., for 16 steps and a horizon of 5, got"):
        model.predict([{**arrays, "times": days[:3]}])


def test_sampled_forecasts_are_refused(tmp_path):
    metadata = serving.Metadata("forecasting", [], {}, {}, {}, {})
    described, refused = adding.write_formats(forecaster(method="steps"), metadata, tmp_path, ["onnx"])
    assert not described and "forecasts of `method` steps are sampled, which saved_model alone" in str(refused["onnx"])


@pytest.mark.slow
def test_an_export_in_all_formats(tmp_path):
    """An ensemble; whether forecasts agree is checked while they are written."""
    pytest.importorskip("onnxruntime"), pytest.importorskip("ai_edge_litert")
    description = preprocessor(past=[], known=[], items=[], statics={}, frequency="")
    task = ForecasterEnsemble.of([calibrated(seed=seed, description=description) for seed in range(2)])
    store = Store(["a"], {}, np.array([0]), np.array([60]), np.arange(65.0), np.zeros(65, int), np.zeros((65, 0)), ())
    windows = Windows(store, np.zeros(3, int), np.array([20, 30, 40]), np.array([60]), HORIZON, np.ones(1))
    options = {"data": dataset(), "settings": {}, "metrics": SCORES, "formats": ["onnx", "litert"]}
    path = serving.export(task, tmp_path, examples=windows, **options)
    formats = serving.Metadata.read(path).formats
    assert formats["onnx"]["metrics"].keys() == {"weighted_quantile_loss"}
    values = np.arange(30.0) % 4
    one, *others = (runtime.load(path, name).predict([values])[0]["mean"] for name in formats)
    for other in others:
        np.testing.assert_allclose(other, one, rtol=1e-5)
