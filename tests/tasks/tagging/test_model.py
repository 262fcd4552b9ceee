"""The tagger: its text path, its invariances, legal tags, Keras's fit, saving."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.data import Sentences
from nlpseq.errors import InputError
from nlpseq.tag_schemes import is_legal
from nlpseq.tasks import TokenTagger
from nlpseq.text import UNKNOWN, TokenEncoder

pytestmark = pytest.mark.usefixtures("portable")

SENTENCES = [["Ada", "met", "Bo", "Li"], ["met", "."], ["Bo", "met", "Ada", "."], ["."]]
TAGS = [[1, 0, 1, 2], [0, 0], [1, 0, 1, 0], [0]]
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
ODD = ["", " \n", "never seen", "😀👍", "\x00\x07", b"\xff\xfe", "word " * 200_000, "w" * 10_000]


def sentences(repeat=8):
    return Sentences(SENTENCES * repeat, TAGS * repeat)


def encoder(**options):
    return TokenEncoder.learn(sentences(1).ragged()[0], **{"max_tokens": 40, **options})


@functools.cache  # a tagger traces its answers once; those that train make their own
def tagger(**settings):
    return new_tagger(**settings)


def new_tagger(**settings):
    options = {"units": 5, "embedding_size": 6, "character_units": 4, "scheme": "bio", **settings}
    task = TokenTagger(encoder(), LABELS, **options)
    task.build()
    rng = np.random.default_rng(3)
    task.set_weights([rng.normal(size=w.shape) for w in task.get_weights()])
    return task


def assert_rows_equal(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("output", ["crf", "softmax"])
@pytest.mark.parametrize("cell, characters", [("rnn", "cnn"), ("lstm", "rnn"), ("gru", "none")])
def test_neighbours_and_padding_change_nothing(cell, characters, output):
    task = tagger(cell=cell, characters=characters, output=output, layers=2)
    together = task.predict_tokens([*SENTENCES, ["met"] * 33, []])
    alone = [task.predict_tokens([tokens]) for tokens in SENTENCES]
    assert together["tags"][:4] == [answer["tags"][0] for answer in alone]
    assert_rows_equal(together["scores"][:4], [answer["scores"][0] for answer in alone])
    assert together["tags"][-1] == [] and together["scores"][-1].shape == (0,)


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_scores_are_the_probabilities_of_the_tags(output):
    task = tagger(output=output, scheme=None)
    tokens = tf.ragged.constant([SENTENCES[0]])
    emissions = task(tokens)
    mask = tf.sequence_mask([4], emissions.shape[1])
    tags = task.decide(emissions, mask)[0, :4]
    answer = task.predict_tokens([SENTENCES[0]])
    assert answer["tags"][0] == [LABELS[i] for i in tags]
    marginals = task.marginals(emissions, mask)[0, :4]
    np.testing.assert_allclose(tf.reduce_sum(marginals, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(tf.gather(marginals, tags, batch_dims=1), answer["scores"][0], atol=1e-5)


def test_no_illegal_sequence_comes_out_of_the_crf():
    rng = np.random.default_rng(5)
    words = [["Ada", "met", "Bo", "Li", "."][i] for i in rng.integers(0, 5, size=400)]
    texts = [words[i : i + 10] for i in range(0, 400, 10)]
    illegal = {
        output: sum(not is_legal(tags, "bio") for tags in tagger(output=output).predict_tokens(texts)["tags"])
        for output in ("crf", "softmax")
    }
    assert illegal["crf"] == 0 and illegal["softmax"] > 0


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_odd_texts_get_an_answer(output):
    answer = tagger(output=output).predict_text(ODD)
    assert answer["tokens"][0] == answer["tags"][0] == []
    assert answer["tokens"][2] == ["never", "seen"]
    assert [len(row) for row in answer["tags"]] == [len(row) for row in answer["tokens"]]
    assert len(answer["tags"][6]) == 40
    assert all(np.isfinite(scores).all() for scores in answer["scores"])


def test_no_texts():
    empty = {"tokens": [], "tags": [], "scores": []}
    assert tagger().predict_text([]) == tagger().predict_tokens([]) == empty
    assert tagger().answer(tf.constant([], tf.string))["tags"].shape[0] == 0


def test_texts_and_their_tokens_give_the_same():
    task = tagger()
    text, tokens = task.predict_text(["Ada met Bo Li", ""]), task.predict_tokens([SENTENCES[0], []])
    assert text["tokens"] == tokens["tokens"] and text["tags"] == tokens["tags"]
    assert_rows_equal(text["scores"], tokens["scores"])


def test_answers_are_padded_and_cut_at_the_longest():
    answer = tagger().answer(tf.constant(["Ada met Bo", "Ada", ""]))
    assert answer["tags"].shape == answer["tokens"].shape == answer["scores"].shape == (3, 3)
    assert answer["length"].numpy().tolist() == [3, 1, 0]
    assert answer["tags"].numpy()[1, 1:].tolist() == [b"", b""]
    assert answer["scores"].numpy()[2].tolist() == [0, 0, 0]


def test_characters_tell_unseen_words_apart():
    scores = {
        characters: tagger(characters=characters).predict_tokens([["Xab"], ["Zed"]])["scores"]
        for characters in ("rnn", "cnn", "none")
    }
    for characters, (one, other) in scores.items():
        assert (abs(one - other).max() < 1e-6) == (characters == "none")


def test_singletons_alone_are_replaced_in_training():
    task = tagger(singleton_dropout=1.0)
    ids = task.encoder(tf.ragged.constant(SENTENCES))[..., 0].to_tensor()
    replaced = task._dropped(ids, ids > 0)
    assert task.encoder.singletons == 1  # Li
    li = ids.numpy() == task.encoder.vocabulary(tf.constant("li")).numpy()
    np.testing.assert_array_equal(replaced, np.where(li, UNKNOWN, ids))
    assert li.sum() == 1


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_fit_learns(output):
    task = new_tagger(output=output, dropout=0.0, output_dropout=0.0)
    batches = task.prepare(sentences(), batch_size=8, training=True)
    task.compile(keras.optimizers.Adam(0.05))
    validation = task.prepare(sentences(1), batch_size=3)
    history = task.fit(batches, validation_data=validation, epochs=5, verbose=0, shuffle=False).history
    assert history["loss"][-1] < history["loss"][0]
    answers = task.predict_tokens(SENTENCES)["tags"]
    expected = [[LABELS[i] for i in tags] for tags in TAGS]
    right = [a == b for x, y in zip(answers, expected) for a, b in zip(x, y)]
    assert history["val_accuracy"][-1] == pytest.approx(np.mean(right))
    assert np.mean(right) > 0.9


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_loss_is_the_mean_over_real_tokens(output):
    task = tagger(output=output, scheme=None)
    ((ids, tags),) = task.prepare(sentences(1), batch_size=4)
    emissions = task(ids)
    loss = task.default_loss()(tags, emissions)
    if output == "crf":
        total = -tf.reduce_sum(task.crf.log_likelihood(tags, emissions, tags >= 0))
    else:
        chances = tf.nn.log_softmax(emissions).numpy()
        total = -sum(chances[i, t, k] for i, row in enumerate(TAGS) for t, k in enumerate(row))
    np.testing.assert_allclose(loss, total / 11, rtol=1e-5)


def test_keras_file_round_trip(tmp_path):
    task = tagger(cell="gru", characters="cnn")
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config()
    expected, got = (each.predict_tokens(SENTENCES) for each in (task, loaded))
    assert expected["tags"] == got["tags"]
    assert_rows_equal(expected["scores"], got["scores"])


@pytest.mark.parametrize("name", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_mixed_precision(name):
    with training.precision(name):
        task = TokenTagger(encoder(), LABELS, "bio", units=4, embedding_size=4, character_units=3)
    task.compile()
    task.fit(task.prepare(sentences(), 8, training=True), verbose=0, shuffle=False)
    assert task.recurrent[0].compute_dtype == name
    assert all(np.isfinite(scores).all() for scores in task.predict_tokens(SENTENCES)["scores"])


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "lstn"}, "unknown `cell` 'lstn': did you mean lstm"),
    ({"output": "crff"}, "unknown `output` 'crff': did you mean crf"),
    ({"characters": "cn"}, "unknown `characters` 'cn': did you mean cnn"),
    ({"scheme": "bioes", "output": "crf"}, None),
    ({"scheme": "iob9"}, "unknown tag scheme 'iob9'"),
])  # fmt: skip
def test_unknown_options(wrong, message):
    if message is None:
        assert tagger(**wrong).settings["scheme"] == "bioes"
        return
    with pytest.raises(InputError, match=message):
        tagger(**wrong)
