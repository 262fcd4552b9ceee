"""Lower case against Python's own tables."""

import unicodedata

import tensorflow as tf

from nlpseq.text.case import lowercase


def lower(*texts):
    return [text.decode() for text in lowercase(tf.constant(texts)).numpy()]


def reference(character):
    """The simple case folding, by Python's full one."""
    folded = character.casefold()
    if len(folded) > 1:  # only full folding changes the length
        folded = character.lower()
    return folded if len(folded) == 1 else {"İ": "i"}.get(character, character)


def test_every_character():
    database = unicodedata if unicodedata.unidata_version == "14.0.0" else unicodedata.ucd_3_2_0
    characters = [chr(point) for point in range(1, 0x110000) if not 0xD800 <= point < 0xE000]
    characters = [item for item in characters if database.category(item) != "Cn"]
    assert lower("".join(characters)) == ["".join(map(reference, characters))]


def test_forms_of_a_word_meet():
    assert len(set(lower("BİR", "bir", "Bİr", "BI\u0307R", "BİR".lower()))) == 1
    assert len(set(lower("ΟΔΟΣ", "οδος", "Οδοσ"))) == 1
    assert lower("ISI ılık", "STRAẞE", "ÀÉÎ x Õ", "", "\xdf") == ["isi ılık", "straße", "àéî x õ", "", "ß"]


def test_no_text_changes_another():
    texts = ["É", "", "eÉe ÀÀ", "plain ASCII"]
    assert lower(*texts) == [lower(text)[0] for text in texts]
    assert lowercase(tf.zeros([0], tf.string)).shape == (0,)
