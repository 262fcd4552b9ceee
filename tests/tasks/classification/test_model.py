"""The classifier: its text path, its invariances, Keras's fit, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.data import Examples
from nlpseq.errors import InputError
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordEncoder

pytestmark = pytest.mark.usefixtures("portable")

TEXTS = ["a good film", "a bad film , not good", "not bad at all", "dull"]
LABELS = ["no", "yes", "maybe"]
ODD = ["", " \n", "never seen", "😀👍", "\x00\x07", b"\xff\xfe", "word " * 200_000]


def encoder(**options):
    return WordEncoder.learn(TEXTS, **{"max_tokens": 40, "ngram_min_count": 1, **options})


def classifier(encoder=encoder(), **settings):
    task = TextClassifier(encoder, LABELS, **{"units": 5, "embedding_size": 6, **settings})
    task.build()
    rng = np.random.default_rng(3)
    task.set_weights([rng.normal(size=w.shape) for w in task.get_weights()])
    return task


def examples(repeat=8):
    texts = [text.encode() for text in TEXTS] * repeat
    return Examples(np.array(texts, object), np.arange(len(texts)) % len(LABELS))


@pytest.mark.parametrize("pooling", ["last", "max", "mean", "attention"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_neighbours_and_padding_change_nothing(cell, pooling):
    task = classifier(cell=cell, pooling=pooling, layers=2)
    together = task.predict_text([*TEXTS, "film " * 33, ""])["scores"]
    alone = np.concatenate([task.predict_text(text)["scores"] for text in TEXTS])
    np.testing.assert_allclose(alone, together[: len(TEXTS)], atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_label_is_the_one_with_the_highest_score():
    answer = classifier().predict_text(TEXTS)
    assert answer["label"] == [LABELS[i] for i in answer["scores"].argmax(axis=1)]
    assert len(set(map(tuple, answer["scores"].round(3)))) == len(TEXTS)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_odd_texts_get_an_answer(bidirectional):
    answer = classifier(bidirectional=bidirectional).predict_text(ODD)
    assert len(answer["label"]) == len(ODD)
    assert np.isfinite(answer["scores"]).all()


def test_no_texts():
    answer = classifier().predict_text([])
    assert answer["label"] == [] and answer["scores"].shape == (0, 3)
    assert classifier().answer(tf.constant([], tf.string))["scores"].shape == (0, 3)


def test_long_texts_are_cut():
    task = classifier(encoder(max_tokens=3))
    scores = task.predict_text(["a good film", "a good film not bad"])["scores"]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)


def test_strings_and_ids_give_the_same():
    task = classifier()
    texts = tf.constant(TEXTS)
    ids = task.encoder(texts).to_tensor(shape=(None, 40, 1))
    np.testing.assert_allclose(task(texts), task(ids), atol=1e-6)


def test_word_dropout_replaces_real_words_only():
    task = classifier(encoder(ngrams=2), word_dropout=0.9, dropout=0.0, output_dropout=0.0)
    ids = task.encoder(tf.constant(TEXTS)).to_tensor(shape=(None, 30, 2))
    unknown = task(tf.where(ids[..., :1] > 0, [[[1, 0]]], 0))
    assert np.abs(task(ids) - unknown).max() > 1e-3
    drawn = np.stack([task(ids, training=True) for _ in range(30)])
    assert np.abs(drawn - unknown).max(axis=-1).min() < 1e-5


@pytest.mark.parametrize("changed", [{"skip": True}, {"pooling": "max_mean"}])
def test_runs_of_words_count(changed):
    task = classifier(encoder(ngrams=3), **changed)
    together = task.predict_text([*TEXTS, "film " * 33])["scores"]
    alone = np.concatenate([task.predict_text(text)["scores"] for text in TEXTS])
    np.testing.assert_allclose(alone, together[: len(TEXTS)], atol=1e-5)
    words = task.encoder(tf.constant(TEXTS)).to_tensor(shape=(None, 16, 3))
    without = task(words * [1, 0, 0])
    assert np.abs(task(words) - without).max() > 1e-3


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_fit_learns_and_takes_callbacks(run_eagerly):
    task = classifier(dropout=0.0, output_dropout=0.0, word_dropout=0.0)
    batches = task.prepare(examples(), batch_size=8, training=True)
    task.compile(keras.optimizers.Adam(0.05), run_eagerly=run_eagerly)
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    history = task.fit(batches, epochs=3, callbacks=[callback], verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert seen == [0, 1, 2]


def test_fit_takes_raw_strings():
    task = classifier(dropout=0.0, output_dropout=0.0, word_dropout=0.0)
    task.compile(keras.optimizers.Adam(0.05))
    history = task.fit(examples().dataset().batch(8), epochs=3, verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_keras_file_round_trip(tmp_path):
    learnt = encoder(ngrams=3, lowercase=False, truncation="middle")
    task = classifier(learnt, cell="gru", pooling="attention", skip=True)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.labels == LABELS and loaded.encoder.get_config() == learnt.get_config()
    expected, got = (each.predict_text(TEXTS)["scores"] for each in (task, loaded))
    np.testing.assert_allclose(expected, got, atol=1e-6)


@pytest.mark.parametrize("name", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_mixed_precision(name):
    with training.precision(name):
        task = TextClassifier(encoder(), LABELS, units=4, embedding_size=4)
    assert keras.config.dtype_policy().name == "float32"
    task.compile()
    task.fit(task.prepare(examples(), 8, training=True), verbose=0, shuffle=False)
    assert task.recurrent[0].compute_dtype == name
    scores = task.predict_text(TEXTS)["scores"]
    assert scores.dtype == np.float32 and np.isfinite(scores).all()


def test_unknown_cell_and_pooling():
    with pytest.raises(InputError, match="unknown `cell` 'lstn': did you mean lstm"):
        classifier(cell="lstn")
    with pytest.raises(InputError, match="unknown `pooling` 'maxi': did you mean max"):
        classifier(pooling="maxi")
