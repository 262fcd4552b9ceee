"""Objects of Python hold what their owner put there, for each kind of text."""

import tensorflow as tf

from nlpseq.data import load_labelled_texts, load_parallel_texts, load_running_texts, load_tagged_sentences
from tests.data.contents import pairs_of, sentences_of, text_of
from tests.data.shapes import PAIRS, ROWS, SENTENCES, TEXT
from tests.tasks.tagging.shapes import TOKENS
from tests.tasks.translation.shapes import OWLS


def test_other_kinds_of_objects():
    tokens, tags = ([list(part) for part in side] for side in zip(*TOKENS))
    ragged = tf.data.Dataset.from_tensor_slices((tf.ragged.constant(tokens), tf.ragged.constant(tags)))
    for data in (
        SENTENCES,
        [[list(pair) for pair in sentence] for sentence in SENTENCES],
        TOKENS,
        [list(sides) for sides in TOKENS],
        (tokens, tags),
        {"tokens": tokens, "ner_tags": tags},
        ragged,
        ragged.batch(4),
    ):
        assert sentences_of(load_tagged_sentences(data)) == sorted(SENTENCES)
    for data in (PAIRS, {"en": [a for a, _ in PAIRS], "de": [b for _, b in PAIRS]}, OWLS):
        assert pairs_of(load_parallel_texts(data)) == sorted(PAIRS)
    assert text_of(load_running_texts(TEXT.splitlines())) == TEXT
    assert len(load_labelled_texts(ROWS, test=ROWS[:7]).test) == 7
