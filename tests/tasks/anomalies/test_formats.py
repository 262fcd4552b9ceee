"""A detector in other formats than saved_model: the same scores and alarms, of whole series and step by step."""

import numpy as np
import pytest

from nlpseq import runtime, serving
from nlpseq.errors import InputError
from nlpseq.tasks import AnomalyDetector
from tests.tasks.anomalies.test_detector import CHANNELS, randomised, series
from tests.tasks.tiny import METRICS, converted, dataset, without_tensorflow

pytestmark = pytest.mark.usefixtures("portable")


def fitted_task(method, **options):
    sizes = {"units": 3, "window": 4, "warm_up": 5, "rest": 7, "season": 10, "longest_season": 12}
    detector = randomised(AnomalyDetector(CHANNELS, method=method, **sizes, **options))
    detector._usual.assign([3.0, 1.0]), detector._counts.assign(np.ones(6))
    return detector


@pytest.mark.parametrize("method", ["predictor", pytest.param("autoencoder", marks=pytest.mark.slow)])
def test_onnx(method, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")
    detector, inputs = fitted_task(method), series(90)
    model = runtime.load(converted(tmp_path, detector))
    (expected,), (actual,), empty = detector.detect([inputs]), model.answer([inputs]), model.answer([inputs[:0]])
    assert actual["alarm"] == expected["alarm"].tolist() and any(actual["alarm"])
    np.testing.assert_allclose(actual["surprise"], expected["surprise"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(actual["score"], expected["score"], rtol=1e-4, atol=1e-4)
    assert empty == [{"score": [], "alarm": [], "surprise": []}]

    states, steps = model.run("init", {"values": inputs[np.newaxis, :5], "season": np.array([10])}), []
    for row in inputs[5:]:
        outputs = model.run("step", {"values": row[np.newaxis], **states})
        states = {name: outputs[name] for name in states}
        steps.append(outputs)
    assert [row["alarm"][0] for row in steps] == actual["alarm"][5:]
    np.testing.assert_allclose([row["score"][0] for row in steps], actual["score"][5:], rtol=1e-4, atol=1e-4)


def test_predict_takes_arrays_and_files(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")
    model, inputs = runtime.load(converted(tmp_path, fitted_task("predictor"))), series(20)
    (tmp_path / "a.csv").write_text("a,b\n" + "\n".join(",".join(map(repr, row)) for row in inputs.tolist()))
    actual, shorter, of_file = model.predict([inputs, inputs[:7], tmp_path / "a.csv"])
    assert [row["score"] for row in actual] == [row["score"] for row in of_file] and len(actual) == 20
    assert shorter == actual[:7]
    assert without_tensorflow(tmp_path, [np.nan_to_num(inputs).tolist()])[0][4]["score"] == actual[4]["score"]
    with pytest.raises(InputError, match=r"expected arrays of shape .time, 2., one for each series, got .* .20, 3."):
        model.predict([np.ones((20, 3))])
    with pytest.raises(InputError, match="unknown `signature`"):
        model.run("stop", {})


@pytest.mark.slow
@pytest.mark.parametrize("method", ["predictor", "autoencoder"])
def test_an_export_in_all_formats(method, tmp_path):
    """Whether scores and alarms agree is checked while they are written."""
    pytest.importorskip("onnxruntime"), pytest.importorskip("ai_edge_litert")
    options = {"data": dataset(), "settings": {}, "metrics": METRICS, "formats": ["onnx", "litert"]}
    path = serving.export(fitted_task(method, cell="lstm"), tmp_path, **options)
    assert (path / "model.onnx").exists() and (path / "model.tflite").exists()
