"""Wrong shapes are said in one sentence by pooling, attention, the CRF and searches, whatever was called before."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import layers
from nlpseq.decoding import Step, beam_search, greedy
from nlpseq.errors import InputError
from tests.layers.helpers import BATCH, FEATURES, MASK, TIME, UNITS, normal, sequences

pytestmark = pytest.mark.usefixtures("eager")

X, QUERY = sequences(), normal(BATCH, 2, UNITS, seed=3)
KEYS = normal(BATCH, TIME, UNITS, seed=4)
MASKS = {
    "mask (batch, time, 1)": MASK[..., None],
    "mask longer": np.ones((BATCH, TIME + 1), bool),
    "mask of one row": MASK[:1],
    "mask of time alone": MASK[0],
}
POOLING = {
    **{name: ((X,), {"mask": mask}, "mask") for name, mask in MASKS.items()},
    "rank": ((X[0],), {}, "ndim=2|batch, time, features"),
    "features": ((X[..., :2],), {}, "axis -1"),
}
ATTENTION = {
    **{name: ((QUERY, X), {"mask": mask}, "mask") for name, mask in MASKS.items()},
    "query of one row": ((QUERY[:1], X), {}, "`query`"),
    "query of other size": ((QUERY[..., :2], X), {}, "`query`"),
    "query of rank 4": ((QUERY[None], X), {}, "`query`"),
    "memory of other features": ((QUERY, X[..., :2]), {}, "`memory`"),
    "memory of rank 2": ((QUERY, X[:, 0]), {}, "`memory`"),
    "coverage of one row": ((QUERY, X), {"coverage": normal(1, 2, TIME)}, "`coverage`"),
    "coverage of one step": ((QUERY, X), {"coverage": normal(BATCH, TIME)}, "`coverage`"),
    "keys of another length": ((QUERY, X), {"keys": KEYS[:, 1:]}, "`keys`"),
}
EMISSIONS = {
    **{name: ((X,), {"mask": mask}, "mask") for name, mask in MASKS.items()},
    "features": ((X[..., :2],), {}, "axis -1|emissions"),
    "rank": ((X[0],), {}, "ndim=2|emissions"),
}
LAYERS = {
    "Pooling": (lambda: layers.Pooling("attention"), (X,), POOLING),
    "Bahdanau": (lambda: layers.BahdanauAttention(UNITS, coverage=True), (QUERY, X), ATTENTION),
    "Luong": (lambda: layers.LuongAttention(coverage=True), (QUERY, X), ATTENTION),
    "CRF": (lambda: layers.CRF(FEATURES), (X,), EMISSIONS),
}


def as_symbol(array) -> Any:
    return keras.KerasTensor(array.shape, array.dtype)


@pytest.mark.parametrize("name", LAYERS)
def test_wrong_shapes_of_layers(name):
    make, right, wrong_calls = LAYERS[name]
    layer: Any = make()
    layer(*right)
    for wrong, options, words in wrong_calls.values():
        symbols, symbolic = (keras.tree.map_structure(as_symbol, values) for values in (wrong, options))
        for arguments, keywords in ((wrong, options), (symbols, symbolic)):
            with pytest.raises(ValueError, match=words):
                layer(*arguments, **keywords)
        layer(*right)


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("name", LAYERS)
def test_wrong_rows_in_a_graph_that_does_not_know_them(name):
    make, right, _ = LAYERS[name]
    layer = make()
    layer(*right)
    signature = [tf.TensorSpec([None] * array.ndim, array.dtype) for array in (*right, MASK)]
    call = tf.function(lambda *tensors: layer(*tensors[:-1], mask=tensors[-1]), input_signature=signature)
    call(*right, MASK)
    with pytest.raises(tf.errors.InvalidArgumentError, match="mask"):
        call(*right, MASK[:1])
    if len(right) == 2:
        with pytest.raises(tf.errors.InvalidArgumentError, match="query"):
            call(right[0][:1], right[1], MASK)


@pytest.mark.parametrize("method", ["log_likelihood", "decode", "decode_nbest", "marginals"])
def test_wrong_shapes_of_a_crf(method):
    layer = layers.CRF(FEATURES)
    layer(X)
    tags = [np.zeros((BATCH, TIME), np.int32)] if method == "log_likelihood" else []
    call = getattr(layer, method)
    call(*tags, X, MASK)
    for mask in MASKS.values():
        with pytest.raises(InputError, match="mask"):
            call(*tags, X, mask)
    for emissions in (X[..., :2], X[0]):
        with pytest.raises(InputError, match="emissions"):
            call(*tags, emissions)
    for wrong in ([tag[..., None], tag[:1], tag[:, 1:], tag + FEATURES, tag - 1] for tag in tags):
        for other in wrong:
            with pytest.raises(InputError, match="`tags`"):
                call(other, X)


BIGRAMS = tf.constant(normal(4, 4))


def step(tokens, states):
    return Step(tf.gather(BIGRAMS, tokens), states)


@pytest.mark.parametrize("search", [greedy, beam_search])
@pytest.mark.parametrize("wrong, words", [
    ({"states": [tf.zeros((2, 3)), tf.zeros((3, 3))]}, "`states`"),
    ({"states": tf.zeros(())}, "`states`"),
    ({"start": tf.zeros(3, tf.int32)}, "`start`"),
    ({"start": tf.zeros((2, 1), tf.int32)}, "`start`"),
    ({"end": [0, 1]}, "`end`"),
    ({"max_length": [4, 4, 4]}, "`max_length`"),
    ({"step": lambda tokens, states: Step(BIGRAMS[0], states)}, "`logits`"),
    ({"step": lambda tokens, states: Step(BIGRAMS[:1], states)}, "`logits`"),
    ({"step": lambda tokens, states: Step(step(tokens, states).logits, states[:, :1])}, "`states`"),
    ({"step": lambda tokens, states: Step(*step(tokens, states)[:2], tf.zeros(3))}, "`attention`"),
])  # fmt: skip
def test_wrong_shapes_of_a_search(search, wrong, words):
    arguments = {"step": step, "states": tf.zeros((2, 3)), "start": tf.zeros(2, tf.int32), "end": 0, "max_length": 3}
    search(**arguments)
    with pytest.raises(InputError, match=words):
        search(**{**arguments, **wrong})


def test_a_source_mask_of_another_shape():
    def attending(tokens, states):
        return Step(*step(tokens, states)[:2], tf.ones((len(tokens), 5)) / 5)

    for mask in (np.ones((1, 5), bool), np.ones((2, 4), bool), np.ones((2, 5, 1), bool)):
        with pytest.raises(InputError, match="source_mask"):
            beam_search(attending, tf.zeros((2, 3)), 1, 0, 3, coverage_penalty=0.1, source_mask=mask)
