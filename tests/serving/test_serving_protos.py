"""Warm-up file and signatures are messages of TensorFlow Serving, by its own definitions."""

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tensorflow_serving.apis", reason="needs tensorflow-serving-api")

from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_log_pb2

from nlpseq.serving.warmup import FILE_NAME, read_warmup, write_warmup
from tests.tasks.tiny import exported, served

pytestmark = pytest.mark.usefixtures("portable")


def test_warmup_requests(tmp_path):
    examples = [{"text": np.array([b"a", b""], object)}, {"series": np.ones((1, 3), np.float32), "n": np.array([3])}]
    write_warmup(tmp_path, examples)
    records = tf.data.TFRecordDataset(str(tmp_path / FILE_NAME)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    for log, example in zip(logs, examples, strict=True):
        request = log.predict_log.request
        assert request.model_spec.signature_name == "serving_default"
        assert {name: tf.make_ndarray(value).tolist() for name, value in request.inputs.items()} == {
            name: value.tolist() for name, value in example.items()
        }
    for read, example in zip(read_warmup(tmp_path), examples, strict=True):
        assert {name: value.tolist() for name, value in read.items()} == {
            name: value.tolist() for name, value in example.items()
        }


def test_warmup_requests_of_an_export_fit_its_signature():
    export = served("classification")
    for record in tf.data.TFRecordDataset(str(export.path / FILE_NAME)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        outputs = export.signatures["serving_default"](**inputs)
        response = predict_pb2.PredictResponse()
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        assert response.IsInitialized() and set(response.outputs) == {"label", "scores"}


def test_metadata_is_the_message_of_tensorflow_serving():
    pytest.importorskip("starlette", reason="needs the extra serve")
    from google.protobuf.json_format import ParseDict

    from nlpseq.serving.server.signatures import signature_defs

    path = exported("classification")[1]
    parsed = ParseDict({"signature_def": signature_defs(path)}, get_model_metadata_pb2.SignatureDefMap())
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((path / "saved_model.pb").read_bytes()).meta_graphs[0].signature_def
    assert set(parsed.signature_def) == set(saved)
    for name, signature in parsed.signature_def.items():
        assert signature.inputs == saved[name].inputs and signature.method_name == saved[name].method_name
        assert dict(signature.outputs) == dict(saved[name].outputs)
