"""The word tokenizer against expected tokens, and its behaviour in the graph."""

import pytest
import tensorflow as tf

from nlpseq.text import WordTokenizer


def tokens(text, **options):
    return [token.decode("utf-8") for token in WordTokenizer(**options)([text]).to_list()[0]]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Good, not bad!", ["good", ",", "not", "bad", "!"]),
        ("don't it’s l'été", ["don't", "it’s", "l'été"]),
        ("'quoted' end'", ["'", "quoted", "'", "end", "'"]),
        ("3.5 stars (of 10)...", ["3", ".", "5", "stars", "(", "of", "10", ")", ".", ".", "."]),
        ("ÉCOLE Straße ΑΒΓ", ["école", "straße", "αβγ"]),
        ("世界 ok", ["世", "界", "ok"]),
        ("a\u00a0b\u200bc\td\ne", ["a", "b", "c", "d", "e"]),
        ("one<br /><br />two </p>", ["one", "two"]),
        ("1 < 2 > 0", ["1", "<", "2", ">", "0"]),
        ("😀 fine👍", ["😀", "fine", "👍"]),
        ("e\u0301t\u0301", ["e\u0301t\u0301"]),
        ("", []),
        (" \n ", []),
        ("before\x00after", ["before", "after"]),
        (b"bad \xff\xfe bytes", ["bad", "\ufffd", "\ufffd", "bytes"]),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def test_options():
    assert tokens("Big <b>CASE</b>", lowercase=False) == ["Big", "CASE"]
    assert tokens("<b>", strip_markup=False) == ["<", "b", ">"]


def test_eager_equals_graph():
    texts = tf.constant(["It's fine.", "", "世界 < 3"])
    tokenizer = WordTokenizer()
    eager, graph = tokenizer(texts), tf.function(tokenizer)(texts)
    assert eager.to_list() == graph.to_list()


def test_only_core_ops():
    graph = tf.function(WordTokenizer()).get_concrete_function(tf.TensorSpec([None], tf.string))
    operations = {operation.type for operation in graph.graph.get_operations()}
    assert "PyFunc" not in operations and "EagerPyFunc" not in operations


def test_config_round_trip():
    tokenizer = WordTokenizer(lowercase=False, strip_markup=False)
    assert WordTokenizer.from_config(tokenizer.get_config()).get_config() == tokenizer.get_config()
