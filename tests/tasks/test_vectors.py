"""Word embeddings that start as pretrained vectors: which rows are trained, and what is saved."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.data import WordVectors
from nlpseq.errors import InputError
from nlpseq.tasks import TextClassifier, TokenTagger, Translator
from nlpseq.tasks.classification.settings import ClassificationSettings
from nlpseq.tasks.vectors import VectorEmbedding
from nlpseq.text import TokenPreprocessor, WordPreprocessor
from nlpseq.training.settings import TrainingSettings
from nlpseq.training.transfer import take_weights
from tests.tasks import tiny
from tests.tasks.tiny import LABELS, TAG_NAMES

pytestmark = pytest.mark.usefixtures("portable", "eager")
WORDS = ["film", "Good", "not", "met", "bo", "a", "b"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    rows = np.random.default_rng(1).normal(size=(len(WORDS), 3))
    path.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(WORDS, rows)))
    return path


def classifier(file, **options):
    return TextClassifier(tiny.words(), LABELS, units=3, **{"vectors": file, **options})


def test_rows_with_a_vector_are_the_vectors_up_to_one_factor(file):
    task = classifier(file)
    task.build()
    names = task.preprocessor.vocabulary.names
    rows, has_vector = WordVectors(file).rows(names)
    start = task.embeddings[0].embeddings.numpy()
    factor = (start / np.where(rows == 0, np.nan, rows))[has_vector]
    assert has_vector.sum() == 4  # "a", "film", "good" and "not"
    np.testing.assert_allclose(factor, np.full_like(factor, factor.flat[0]), rtol=1e-5)
    assert task.settings.embedding_size == 3 and np.abs(start[~has_vector]).min() > 0


@pytest.mark.parametrize(
    "mode, moved",
    [
        ("tuned", True),
        ("later", False),
        pytest.param("frozen", False, marks=pytest.mark.slow),
    ],
)
def test_which_rows_a_step_changes(file, mode, moved):
    task = classifier(file, vectors_training=mode, dropout=0.0, word_dropout=0.0)
    task.compile("sgd")
    before, has_vector = (
        task.embeddings[0].embeddings.numpy(),
        WordVectors(file).rows(task.preprocessor.vocabulary.names)[1],
    )
    task.fit(task.prepare(tiny.labelled_texts(1), training=True), verbose=0)
    changed = (task.embeddings[0].embeddings.numpy() != before).all(axis=1)
    assert changed[has_vector].all() == changed[has_vector].any() == moved
    assert changed[2:][~has_vector[2:]].all()  # words without a vector are always trained


@pytest.mark.slow
def test_vectors_are_released_after_some_passes(file):
    task = classifier(file, vectors_training="later", frozen_epochs=1)
    settings = TrainingSettings(epochs=1, batch_size=16, validations=2)
    held = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: held.append(task.embeddings[0].held.numpy().sum()))
    own = task.callbacks
    task.callbacks = lambda validations: [*own(validations), watch]
    training.train(task, tiny.labelled_texts(), tiny.labelled_texts(1), settings)
    assert held == [4, 4] and task.embeddings[0].held.numpy().sum() == 4
    training.train(task, tiny.labelled_texts(), tiny.labelled_texts(1), TrainingSettings(epochs=2, batch_size=16))
    assert held[2:] == [4, 0]


def test_a_projection_where_the_model_wants_another_size(file):
    task = classifier(file, embedding_size=5)
    task.compile("sgd")
    layer = task.embeddings[0]
    assert layer.embeddings.shape == (len(task.preprocessor.vocabulary), 3)
    assert layer(tf.constant([[1, 2]])).shape == (1, 2, 5)


def test_a_saved_task_needs_no_file(file, tmp_path):
    task = classifier(file)
    task.ensure_built()
    task.save(tmp_path / "task.keras")
    loaded: Any = keras.models.load_model(tmp_path / "task.keras")
    for one, other in zip(task.get_weights(), loaded.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_words_of_other_tasks(file):
    task, source = classifier(file), classifier(file)
    source.preprocessor = WordPreprocessor.learn(["a new film"])
    source = TextClassifier(source.preprocessor, LABELS, units=3, vectors=file)
    source.build()
    task.build()
    lines = take_weights(task, source)
    assert len(lines) == 1 and "words" in lines[0]
    words, others = task.preprocessor.vocabulary.names, source.preprocessor.vocabulary.names
    np.testing.assert_array_equal(
        task.embeddings[0].embeddings[words.index("film")], source.embeddings[0].embeddings[others.index("film")]
    )


def test_taggers_and_translators(file):
    tagger = TokenTagger(tiny.tokens(), TAG_NAMES, units=3, vectors=file)
    tagger.build()
    assert isinstance(tagger.embedding, VectorEmbedding)
    assert tagger.embedding(tf.constant([[2]])).shape == (1, 1, tagger.settings.embedding_size + 3)
    rows = WordVectors(file).rows(["met", "bo"])[0]
    ids = [tagger.preprocessor.vocabulary.names.index(word) for word in ("met", "bo")]
    vectors = tagger.embedding(tf.constant(ids)).numpy()[:, -3:]
    np.testing.assert_allclose(vectors / vectors[0, 0], rows / rows[0, 0], rtol=1e-4)
    translator = Translator(tiny.pair_tokens(), units=4, embedding_size=6, vectors=file)
    translator.build()
    ids = [translator.preprocessor.source_words.index(word) for word in "ab"]
    vectors = translator.source_embedding.embeddings.numpy()[ids]
    rows = WordVectors(file).rows(["a", "b"])[0]
    np.testing.assert_allclose(vectors / vectors[0, 0], rows / rows[0, 0], rtol=1e-4)
    assert translator.preprocessor.count_source_words(["a b a", "c"]) == {"a": 2, "b": 1, "c": 1}
    with pytest.raises(InputError, match="`vectors` are those of source words"):
        Translator(tiny.pair_tokens(joint=True), vectors=file)


def test_rare_words_with_a_vector_are_kept_and_the_first_words_of_the_file_follow(file):
    vectors = WordVectors(file, others=4)
    vocabulary = WordPreprocessor.learn(["good good rare film"], min_count=2, vectors=vectors).vocabulary
    assert vocabulary.words == ["good", "film", "not", "met"] and vocabulary.others == 2
    sentences = tf.ragged.constant([["Good", "Good", "rare"]])
    preprocessor = TokenPreprocessor.learn(sentences, min_count=2, vectors=vectors)
    assert preprocessor.vocabulary.words == ["good", "film", "not", "met"] and preprocessor.singletons == 3


def test_words_that_training_never_shows_have_their_vectors_and_stay_as_they_are(file):
    vectors = WordVectors(file)
    preprocessor = WordPreprocessor.learn(tiny.TEXTS, vectors=vectors)
    task = TextClassifier(preprocessor, LABELS, units=3, vectors=vectors, linear="bayes")
    task.adapt(tiny.labelled_texts(1))
    task.compile("adam")
    ids = preprocessor(["met", "film", "nowhere"]).to_tensor()[..., 0]
    before = task.embeddings[0](ids).numpy()
    rows = vectors.rows(["met", "film"])[0]
    np.testing.assert_allclose(before[:2, 0] / before[0, 0, 0], rows / rows[0, 0], rtol=1e-4)
    np.testing.assert_array_equal(task.linear(ids[:1, :, np.newaxis]), task.linear(ids[2:, :, np.newaxis]))
    task.fit(task.prepare(tiny.labelled_texts(1), training=True), verbose=0)
    after = task.embeddings[0](ids).numpy()
    assert (after[0] == before[0]).all() and (after[1] != before[1]).all()


def test_a_run_is_continued_with_the_same_vectors_only(file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(file.read_text().replace("film 0", "film 1").replace("film -", "film 1"))
    same = tmp_path / "same.txt"
    same.write_text(file.read_text())
    origins = []
    for path in (file, same, other):
        task = classifier(path)
        task.build()
        origins.append(task.origins())
    assert origins[0] == origins[1] != origins[2] and classifier(None).origins() == ()


def test_settings():
    settings = ClassificationSettings.of(vectors="v.txt")
    assert "vectors" not in settings.fixed() and "vectors_training" in settings.fixed()
    with pytest.raises(InputError, match="unknown `vectors_training` 'frosen': did you mean frozen"):
        ClassificationSettings.of(vectors_training="frosen")
