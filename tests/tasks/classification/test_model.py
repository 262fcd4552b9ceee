"""The classifier: its text path, its invariances, Keras's fit, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.errors import InputError
from nlpseq.tasks import TextClassifier, decisions
from tests.tasks.tiny import LABELS, ODD, TEXTS, classifier, labelled_texts, new_classifier, words, write

pytestmark = pytest.mark.usefixtures("portable", "eager")


@pytest.mark.parametrize("cell, pooling, options", [
    ("rnn", "last", {}), ("lstm", "max", {}), ("gru", "attention", {"layers": 2}),
    ("gru", "mean", {"bidirectional": False}), ("lstm", "max_mean", {"skip": True}),
])  # fmt: skip
def test_neighbours_and_padding_change_nothing(cell, pooling, options):
    task = classifier(cell=cell, pooling=pooling, **options)
    together = task.answer(tf.constant([*TEXTS, "film " * 17, ""]))["scores"].numpy()
    alone = np.concatenate([task.answer(tf.constant([text]))["scores"] for text in TEXTS])
    np.testing.assert_allclose(alone, together[: len(TEXTS)], atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_label_is_the_one_with_the_highest_score():
    answer = classifier().predict_text(TEXTS)
    assert answer["label"] == [LABELS[i] for i in answer["scores"].argmax(axis=1)]
    assert len(set(map(tuple, answer["scores"].round(3)))) == len(TEXTS)


def test_odd_texts_get_an_answer():
    texts = [*ODD, "word " * 200_000]
    answer = classifier().predict_text(texts)
    assert len(answer["label"]) == len(texts) and np.isfinite(answer["scores"]).all()


@pytest.mark.parametrize("make", [np.array, tf.constant, lambda texts: tf.ragged.constant([texts])[0]])
def test_texts_as_arrays_and_tensors(make):
    task = classifier()
    np.testing.assert_array_equal(task.predict_text(make(TEXTS))["scores"], task.predict_text(TEXTS)["scores"])
    assert task.predict_text(make(TEXTS)[0])["label"] == task.predict_text(TEXTS)["label"][:1]


@pytest.mark.parametrize("wrong", [None, 3, [None], {"a": 1}, np.array([1]), [["a"], []]], ids=str)
def test_what_is_no_text(wrong):
    with pytest.raises(InputError, match="expected strings, got"):
        classifier().predict_text(wrong)


def test_no_texts():
    answer = classifier().predict_text([])
    assert answer["label"] == [] and answer["scores"].shape == (0, 3)
    assert classifier().answer(tf.constant([], tf.string))["scores"].shape == (0, 3)


def test_long_texts_are_truncated():
    task = new_classifier(words(max_tokens=3))
    scores = task(tf.constant(["a good film", "a good film not bad"]))
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)


def test_strings_and_ids_give_the_same():
    task = classifier()
    ids = task.preprocessor(tf.constant(TEXTS)).to_tensor(shape=(None, 8, 1))
    np.testing.assert_allclose(task(tf.constant(TEXTS)), task(ids), atol=1e-6)


def test_word_dropout_replaces_real_words_only():
    task = new_classifier(words(ngrams=2), word_dropout=0.9, dropout=0.0, output_dropout=0.0)
    ids = task.preprocessor(tf.constant(TEXTS)).to_tensor(shape=(None, 7, 2))
    unknown = task(tf.where(ids[..., :1] > 0, [[[1, 0]]], 0))
    assert np.abs(task(ids) - unknown).max() > 1e-3
    dropped = np.concatenate([task(tf.tile(ids, [10, 1, 1]), training=True) for _ in range(3)])
    dropped = dropped.reshape(30, *unknown.shape)
    assert np.abs(dropped - unknown).max(axis=-1).min() < 1e-5


def test_ngrams_count():
    task = new_classifier(words(ngrams=3), pooling="max_mean")
    ids = task.preprocessor(tf.constant(TEXTS)).to_tensor(shape=(None, 8, 3))
    for column in (1, 2):
        without = task(ids * [number != column for number in range(3)])
        assert np.abs(task(ids) - without).max() > 1e-3


def test_fit_learns_and_takes_callbacks():
    task = new_classifier(dropout=0.0, output_dropout=0.0, word_dropout=0.0)
    batches = task.prepare(labelled_texts(2), batch_size=4, training=True)
    task.compile(keras.optimizers.Adam(0.05))
    epochs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    history = task.fit(batches, epochs=3, callbacks=[callback], verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert epochs == [0, 1, 2]


def test_fit_takes_raw_strings():
    task = new_classifier(dropout=0.0, output_dropout=0.0, word_dropout=0.0)
    task.compile(keras.optimizers.Adam(0.05), run_eagerly=True)
    history = task.fit(labelled_texts(1).dataset().batch(4), epochs=4, verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_vectors_are_what_the_output_layer_reads():
    task = classifier(pooling="max_mean", skip=True)
    np.testing.assert_allclose(task.head(task.embed_text(TEXTS)), task(tf.constant(TEXTS)), atol=1e-5)


def test_the_share_of_both_classifiers(tmp_path, monkeypatch):
    task, data = new_classifier(words(ngrams=2), linear="bayes"), labelled_texts()
    task.adapt(data)
    texts = tf.constant(TEXTS)
    assert task.choose_share(data) is None  # too few
    monkeypatch.setattr(decisions, "ENOUGH", 1)
    monkeypatch.setattr(decisions, "best_share", lambda *_: 0.8)
    assert task.choose_share(data) == pytest.approx(0.8)
    ids, features = task._read(texts)
    np.testing.assert_allclose(task(texts), 0.8 * task.head(features) + 0.2 * task.linear(ids), atol=1e-5)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    np.testing.assert_allclose(loaded(texts), task(texts), atol=1e-6)
    np.testing.assert_allclose(loaded.predict_text(TEXTS)["scores"], tf.nn.softmax(task(texts)), atol=1e-6)
    assert new_classifier(words()).choose_share(data) is None  # there is one


def test_keras_file_round_trip(tmp_path):
    preprocessor = words(ngrams=3, lowercase=False, truncation="middle")
    task = new_classifier(preprocessor, cell="gru", pooling="attention", skip=True)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config() and loaded.labels == LABELS
    np.testing.assert_allclose(task(tf.constant(TEXTS)), loaded(tf.constant(TEXTS)), atol=1e-6)


@pytest.mark.parametrize("name", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_mixed_precision(name):
    with training.precision(name):
        task = TextClassifier(words(), LABELS, units=4, embedding_size=4)
    assert keras.config.dtype_policy().name == "float32"
    task.compile(run_eagerly=True)
    history = task.fit(task.prepare(labelled_texts(1), 4, training=True), verbose=0, shuffle=False).history
    assert task.recurrent[0].compute_dtype == name and np.isfinite(history["loss"]).all()
    scores = task.answer(tf.constant(TEXTS))["scores"].numpy()
    assert scores.dtype == np.float32 and np.isfinite(scores).all()


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "lstn"}, "unknown `cell` 'lstn': did you mean lstm"),
    ({"pooling": "maxi"}, "unknown `pooling` 'maxi': did you mean max"),
    ({"unit": 3}, "unknown argument `unit`: did you mean units"),
])  # fmt: skip
def test_unknown_settings(wrong, message):
    with pytest.raises(InputError, match=message):
        TextClassifier(words(), LABELS, **wrong)


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
def test_training_answers_and_an_export_trace_the_network_once_each(monkeypatch, tmp_path):
    traces, features = [], TextClassifier._features

    def counted(task, ids, training=False):
        traces.append(training)
        return features(task, ids, training)

    monkeypatch.setattr(TextClassifier, "_features", counted)
    task, data = new_classifier(words()), labelled_texts()
    task.compile()
    task.fit(task.prepare(data, 4, training=True), validation_data=task.prepare(data), verbose=0)
    task.predict_text(TEXTS)
    task.calibrate(data)
    write(tmp_path, task)
    assert traces == [True, False, False]
