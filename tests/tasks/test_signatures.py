"""Signatures of exports with several inputs: rows that are not as many, and states that are no numbers, are refused."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.tasks.checked import checked
from tests.tasks import tiny
from tests.tasks.fitted import FITTED

pytestmark = pytest.mark.usefixtures("portable")

MAKE = {
    "classification": lambda: tiny.new_classifier(bidirectional=False, linear="none"),
    "tagging": lambda: tiny.new_tagger(bidirectional=False, linear="none", model="softmax"),
    "language_model": tiny.new_language_model,
    "forecasting": FITTED["forecasting"][0],
    "anomalies": FITTED["anomalies"][0],
    "speech": lambda: FITTED["speech"][0](bidirectional=False, beam_size=1, normalization="running"),
    "clips": lambda: FITTED["clips"][0](bidirectional=False),
}


def inputs_of(signature):
    """Inputs of two rows, all right."""
    specs = signature.structured_input_signature[1]
    arrays = {}
    for name, spec in specs.items():
        shape = [2, *(6 if size is None else size for size in spec.shape[1:])] if spec.shape.rank else []
        if name in ("times", "known"):
            shape[1] += 5  # the horizon
        value = b"a" if spec.dtype == tf.string else spec.dtype.as_numpy_dtype(1)
        arrays[name] = np.full(shape, value, object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype)
    return arrays


def ask(signature, arrays):
    return signature(**constants(signature, arrays))


def constants(signature, arrays):
    specs = signature.structured_input_signature[1]
    return {name: tf.constant(value, specs[name].dtype) for name, value in arrays.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKE)
def test_rows_and_states(kind, tmp_path):
    task = MAKE[kind]()
    loaded = tf.saved_model.load(str(tiny.write(tmp_path, task))).signatures
    several = {name: signature for name, signature in loaded.items() if len(inputs_of(signature)) > 1}
    assert "step" in several
    for name, signature in several.items():
        arrays = inputs_of(signature)
        ask(signature, arrays)
        batched = [other for other, value in arrays.items() if value.ndim]
        for other in batched * (len(batched) > 1):
            for rows in (0, 1):
                with pytest.raises(tf.errors.InvalidArgumentError, match="must have a row for each row of"):
                    ask(signature, {**arrays, other: arrays[other][:rows]})
        if name == "step" and kind != "forecasting":  # its states are values, which may be missing
            for state in set(arrays) - {"token", "values", "audio", "length", "frame", "history"}:
                with pytest.raises(tf.errors.InvalidArgumentError, match=f"{state} must be finite"):
                    ask(signature, {**arrays, state: arrays[state] * np.nan})


@pytest.mark.slow
def test_steps_seasons_and_paths():
    forecasts, detections = MAKE["forecasting"]().signatures(), MAKE["anomalies"]().signatures()
    arrays = inputs_of(forecasts["forecast"])
    for name in ("times", "mask"):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{name} must have a step for each one of values"):
            ask(forecasts["forecast"], {**arrays, name: arrays[name][:, 1:]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="paths must be at least 1"):
        forecasts["sample"](paths=tf.constant(0), seed=tf.constant(1), **constants(forecasts["forecast"], arrays))
    for name in ("serving_default", "init"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="season must be 0 or more"):
            detections[name](np.ones((2, 6, 2)), np.array([1, -1], "int32"))


def test_what_is_checked():
    @tf.function(autograph=False)
    def add(x, y, n):
        return checked(lambda x, y, n: x + y * n, ["y"])(x, y, n=n)

    x, y = tf.ones([2, 1]), tf.ones([2, 1])
    signature = add.get_concrete_function(tf.TensorSpec([None, 1]), tf.TensorSpec([None, 1]), tf.TensorSpec([]))
    assert signature(x, y, tf.constant(3.0)).numpy().tolist() == [[4.0], [4.0]]
    assert signature(x[:0], y[:0], tf.constant(3.0)).shape == (0, 1)
    for wrong, message in (
        ((x, y[:1]), "y must have a row for each row of x, got rows"),
        ((x, y / 0), "y must be finite"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signature(*wrong, tf.constant(3.0))
