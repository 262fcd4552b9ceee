"""The vocabulary against counts made by hand."""

import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text import PADDING, UNKNOWN, Vocabulary, WordTokenizer


def learn(*texts, **options):
    return Vocabulary.learn([WordTokenizer()(list(texts))], **options)


def test_frequent_words_come_first_and_ties_by_spelling():
    assert learn("b a b", "c a b").words == ["b", "a", "c"]
    assert learn("z y x").words == ["x", "y", "z"]


def test_cut_off_and_size():
    texts = ("a a a b b c",)
    assert learn(*texts, min_count=2).words == ["a", "b"]
    assert learn(*texts, max_size=3).words == ["a"]
    assert len(learn(*texts, max_size=3)) == 3


def test_ids_start_after_padding_and_unknown():
    vocabulary = learn("b b a")
    ids = vocabulary(tf.constant([["b", "a"], ["never", ""]]))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [[2, 3], [UNKNOWN, UNKNOWN]]
    assert PADDING == 0 and UNKNOWN == 1


def test_ragged_in_ragged_out():
    ids = learn("a b")(tf.ragged.constant([["a"], [], ["b", "a"]]))
    assert ids.to_list() == [[2], [], [3, 2]]


def test_table_made_inside_a_graph_lives_on():
    vocabulary = Vocabulary(["a", "é"])
    look_up = tf.function(vocabulary)
    assert look_up(tf.constant(["é"])).numpy().tolist() == [3]
    assert vocabulary(tf.constant(["a"])).numpy().tolist() == [2]


def test_config_round_trip():
    vocabulary = Vocabulary(["a", "é", "世"])
    assert Vocabulary.from_config(vocabulary.get_config()).words == vocabulary.words


def test_no_words_is_an_input_error():
    with pytest.raises(InputError, match="no words"):
        learn("", "  ")
    with pytest.raises(InputError, match="no word occurs 5 times"):
        learn("a b c", min_count=5)
