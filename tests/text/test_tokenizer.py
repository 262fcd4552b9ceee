"""The word tokenizer against expected tokens, and its behaviour in the graph."""

import random
import re

import pytest
import tensorflow as tf
from tokenizers import Regex, pre_tokenizers

from nlpseq.text import WordPreprocessor, WordTokenizer
from nlpseq.text.truncation import truncate_texts

# All tokens in one pattern, for the engine of another library.
LETTER = r"[\p{L}\p{N}]"
WHOLE = (
    r"https?://[^\s<>]*[^\s<>.,;:!?)\]]",
    rf"{LETTER}[\p{{L}}\p{{N}}._+-]*@[\p{{L}}\p{{N}}-]+(?:\.[\p{{L}}\p{{N}}-]+)+",
    r"\p{N}+(?:[.,:/-]\p{N}+)+",
    r"(?:\p{L}\.){2,}",
    r"(?i:\b(?:Mr|Mrs|Ms|Dr|St|Jr|vs|etc|Inc|Co|Corp)\.)",
    r"[.]{2,}|-{2,}|[!?]{2,}|[:;=]-?[()]",
)
WORDS = (r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*", r"\S")
PARTS = [
    *(
        "don't",
        "Mr.",
        "etc.",
        "U.S.",
        "3.5",
        "1,000/2",
        "a@b.c",
        "x.y+z@d-e.org",
        "http://x.y/z?q=1,",
        "https://",
        "..",
    ),
    *("!?", ":-)", "=(", "été", "e\u0301", "'", "’", "@", "+", "-", "_", "<", ">", ",", "a", "B", "7", *[" "] * 8),
]
# Where an address would begin inside another token, it is one all the same.
INSIDE = re.compile(r"[\u0301'’/:,][^ '’/:,@]*@|[^\W_]https?://|['’\u0301]https?://")


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
        ("\ufeffco\u00adoperate \u200eab\u200f", ["cooperate", "ab"]),
        ("❤\ufe0f a\ufe0f 👩\u200d👧", ["❤", "a", "👩", "👧"]),
        ("می\u200cخواهم क\u094d\u200dष", ["میخواهم", "क\u094dष"]),
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


@pytest.mark.parametrize("keep_whole", [False, True])
def test_random_texts_agree_with_another_library(keep_whole):
    rng = random.Random(keep_whole)
    texts = ["".join(rng.choices(PARTS, k=rng.randrange(20))) for _ in range(2000)]
    texts = [text for text in texts if not INSIDE.search(text)]
    pattern = Regex("|".join([*(WHOLE if keep_whole else ()), *WORDS]))
    library = pre_tokenizers.Split(pattern, "removed", invert=True)
    actual = WordTokenizer(lowercase=False, strip_markup=False, keep_whole=keep_whole)(tf.constant(texts)).to_list()
    assert len(texts) > 1000
    for text, words in zip(texts, actual):
        assert [word.decode() for word in words] == [word for word, _ in library.pre_tokenize_str(text)], text


@pytest.mark.parametrize("truncation", ["end", "middle"])
def test_what_is_not_needed_is_not_read(truncation):
    options = {"max_tokens": 6, "truncation": truncation}
    words = [f"w{number}" for number in range(400)]
    preprocessor = WordPreprocessor.learn([" ".join(words)], **options)
    texts = [" ".join(words[:count]) for count in (0, 5, 6, 7, 30, 400)] + [
        " " * 5000 + "<br>".join(words) + "\n" * 5000
    ]
    expected = preprocessor.vocabulary(preprocessor.tokenizer(tf.constant(texts))).to_list()
    remaining = [row if len(row) <= 6 or truncation == "end" else row[:2] + row[-4:] for row in expected]
    assert preprocessor(texts)[..., 0].to_list() == [row[:6] for row in remaining]
    longest = preprocessor.tokenizer(["ü" * 100_000], 4, 2).to_list()[0]
    assert sum(len(word.decode()) for word in longest) == 600


def test_characters_of_both_ends():
    actual = truncate_texts(tf.constant(["äöüß", "äöü", "ä", ""]), 1, 2, "-").numpy()
    assert [text.decode() for text in actual] == ["ä-üß", "äöü", "ä", ""]
