"""Running text to ids and back."""

import random

import keras
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpseq.errors import InputError
from nlpseq.text import END, UNKNOWN, LinePreprocessor

LINES = ["the cat sat , and the dog sat", "it's here", "", "  two   blanks "]
KINDS = ["word", "character", "bpe", "unigram", "wordpiece"]


def learnt(kind="word", **options):
    return LinePreprocessor.learn(LINES, kind, size=60, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_end_is_a_symbol_and_decoding_gives_the_text_back(kind):
    encoder = learnt(kind)
    ids = encoder(["\n".join(LINES), "the cat\r\n\r\nit's here\r", ""])
    assert [row.count(END) for row in ids.to_list()] == [3, 3, 0]
    assert ids[1].numpy()[-1] == END
    whole, other, empty = (text.decode() for text in encoder.decode(ids).numpy())
    assert whole == "the cat sat , and the dog sat\nit's here\n\ntwo blanks"
    assert other == "the cat\n\nit's here\n" and empty == ""


def test_running_text_ends_every_line():
    encoder = learnt()
    running = encoder.encode_corpus([line.encode() for line in LINES] * 300)
    expected = [id_ for line in LINES for id_ in [*encoder([line]).to_list()[0], END]] * 300
    assert running.numpy().tolist() == expected


def test_pretokenized_words_are_separated_by_blanks():
    lines = ["<unk> n't u.s. $ N", "a , b"]
    assert learnt(pretokenized=True)(lines).row_lengths().numpy().tolist() == [5, 3]
    encoder = LinePreprocessor.learn(lines, pretokenized=True)
    assert encoder.tokenizer.pieces[4:] == [" $", " ,", " <unk>", " N", " a", " b", " n't", " u.s."]
    assert encoder.decode(encoder(lines)).numpy().tolist() == [line.encode() for line in lines]


def test_dense_and_ragged_ids_decode_alike():
    encoder = learnt()
    ids = encoder(["the cat\nsat", "it's"])
    assert encoder.decode(ids.to_tensor()).numpy().tolist() == encoder.decode(ids).numpy().tolist()


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_what_is_not_needed_is_not_read(kind):
    rng, encoder = random.Random(0), learnt(kind)
    parts = [
        "the",
        " ",
        " ",
        "\n",
        "\r\n",
        ",",
        "it's",
        "cat" * 30,
        "\u200d",
        "!",
        "dog",
        "  \n ",
        b"\xff".decode("latin-1"),
    ]
    texts = ["".join(rng.choices(parts, k=rng.randrange(300))) for _ in range(60)] + [
        "\n" * 500,
        "!" * 500,
        "",
        "a" * 500,
    ]
    rows = encoder(texts).to_list()
    for count in (1, 2, 7):
        assert encoder(texts, first=count).to_list() == [row[:count] for row in rows]
        at_start = encoder.tokenizer(texts).to_list()
        assert encoder.tokenizer(texts, count).to_list() == [row[:count] for row in at_start]
    ordinary = texts[:60]  # of one word, the part that is read is split elsewhere
    ordinary += ["! " * 5000, "\n!" * 5000, "the cat " * 200, "it's a''cat ' '" * 200]
    assert encoder(ordinary, last=40).to_list() == [row[-40:] for row in encoder(ordinary).to_list()]


@pytest.mark.parametrize("pattern, characters", [("!", 8), ("'", 8), ("a'", 64), ("'a'' ", 8), ("dog ", 64)])
def test_of_marks_few_characters_are_read_for_the_last_ids(pattern, characters):
    """A string for each of many characters takes memory: apostrophes are marks, but within words."""
    left = learnt()._end(tf.constant([pattern * 9000]), 40)
    assert tf.strings.length(left).numpy().tolist() == [40 * characters]


CHARACTERS = learnt("character")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(alphabet="thecatsd,' \n", max_size=20), min_size=1, max_size=4))
def test_texts_of_known_characters_come_back_normalised(texts):
    encoder = CHARACTERS
    actual = [text.decode() for text in encoder.decode(encoder(texts)).numpy()]
    assert actual == ["\n".join(" ".join(line.split()) for line in text.split("\n")) for text in texts]


def test_config_round_trip_and_unknown_words():
    encoder = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(learnt(pretokenized=True, lowercase=True, max_tokens=7))
    )
    assert encoder.max_tokens == 7 and encoder.tokenizer.pretokenized
    assert encoder(tf.constant(["THE zebra"])).to_list()[0][1] == UNKNOWN


def test_no_words_and_no_room():
    with pytest.raises(InputError, match="hold no words"):
        LinePreprocessor.learn([b"", b" "])
    with pytest.raises(InputError, match="`max_tokens` must be at least 1"):
        learnt(max_tokens=0)
