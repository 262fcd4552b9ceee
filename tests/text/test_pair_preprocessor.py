"""Ids of sources and targets: end symbols, truncation and shared vocabularies."""

import keras
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text import END, PairPreprocessor

SOURCES, TARGETS = ["a b c d", "b"], ["x y z w", "y"]
LENGTHS = {"": 0, "a": 1, "a b": 2, "a b c": 3, "a b c d": 4}


def learn(**options):
    return PairPreprocessor.learn(SOURCES, TARGETS, **{"kind": "word", "size": 20, "max_tokens": 4, **options})


def test_sources_end_even_if_truncated_and_targets_do_not():
    preprocessor, texts = learn(), list(LENGTHS)
    sources = preprocessor(tf.constant(texts)).to_list()
    targets = preprocessor.targets([text.translate(str.maketrans("abcd", "xyzw")) for text in texts]).to_list()
    for length, source, target in zip(LENGTHS.values(), sources, targets):
        assert len(source) == min(length, 3) + 1 and source.index(END) == len(source) - 1
        assert len(target) == min(length + 1, 4) and (target[-1] == END) == (length < 4)


def test_what_is_truncated():
    preprocessor = learn()
    ids = preprocessor.source(list(LENGTHS))
    assert preprocessor.is_truncated(ids).numpy().tolist() == [False, False, False, False, True]
    assert preprocessor.truncated_share(["a", "a b c d", "a", "a"], ["x", "x", "x y z w", "x"]) == 0.5


@pytest.mark.parametrize("joint", [True, False])
def test_joint_vocabulary_survives_saving(joint):
    preprocessor = learn(joint=joint)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(preprocessor))
    assert preprocessor.joint == again.joint == joint
    assert len(again.source) == (12 if joint else 8) and len(again.tables) == (2 if joint else 4)
    assert again.targets(["y x"]).to_list() == preprocessor.targets(["y x"]).to_list()


def test_no_room_for_a_token():
    with pytest.raises(InputError, match="`max_tokens` must be at least 2"):
        learn(max_tokens=1)
