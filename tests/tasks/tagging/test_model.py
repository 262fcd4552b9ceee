"""The tagger: its text path, its invariances, legal tags, Keras's fit, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.errors import InputError
from nlpseq.tag_schemes import is_legal
from nlpseq.tasks import TokenTagger
from nlpseq.text import UNKNOWN
from tests.tasks.tiny import ODD, SENTENCES, TAG_NAMES, TAGS, new_tagger, sentences, tagger, tokens

pytestmark = pytest.mark.usefixtures("portable", "eager")


EPOCHS = 12


def answers(task, sentences):
    """The answers to sentences of tokens, op by op."""
    rows = tf.ragged.constant(sentences, tf.string, ragged_rank=1).to_tensor("")
    return {name: value.numpy() for name, value in task.answer_tokens(rows).items()}


def assert_rows_equal(rows, others):
    for row, other in zip(rows, others, strict=True):
        np.testing.assert_allclose(row, other, atol=1e-5)


@pytest.mark.parametrize("options", [
    {}, {"cell": "rnn", "characters": "cnn", "layers": 2},
    pytest.param({"cell": "gru", "characters": "none", "model": "softmax"}, marks=pytest.mark.slow),
    {"model": "softmax", "linear": "features"},
])  # fmt: skip
def test_neighbours_and_padding_change_nothing(options):
    task = tagger(**options)
    together = answers(task, [*SENTENCES, ["met"] * 17, []])
    alone = [answers(task, [sentence]) for sentence in SENTENCES]
    for row, (sentence, answer) in enumerate(zip(SENTENCES, alone)):
        length = len(sentence)
        assert together["tags"][row, :length].tolist() == answer["tags"][0].tolist()
        np.testing.assert_allclose(together["scores"][row, :length], answer["scores"][0], atol=1e-5)
    assert together["length"].tolist() == [4, 2, 4, 1, 17, 0]


@pytest.mark.parametrize("model", ["crf", "softmax"])
def test_scores_are_the_probabilities_of_the_tags(model):
    task = tagger(model=model)
    emissions = task(tf.ragged.constant([SENTENCES[0]]))
    mask = tf.sequence_mask([4], emissions.shape[1])
    tags = task.decide(emissions, mask)[0, :4]
    answer = answers(task, [SENTENCES[0]])
    assert answer["tags"][0].tolist() == [TAG_NAMES[i].encode() for i in tags]
    marginals = task.marginals(emissions, mask)[0, :4]
    np.testing.assert_allclose(tf.reduce_sum(marginals, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(tf.gather(marginals, tags, batch_dims=1), answer["scores"][0], atol=1e-5)


def test_the_crf_decodes_legal_sequences_only():
    rng = np.random.default_rng(5)
    words = [["Ada", "met", "Bo", "Li", "."][i] for i in rng.integers(0, 5, size=400)]
    texts = [words[i : i + 10] for i in range(0, 400, 10)]
    illegal = {
        model: sum(not is_legal(tags.astype(str), "bio") for tags in answers(tagger(model=model), texts)["tags"])
        for model in ("crf", "softmax")
    }
    assert illegal["crf"] == 0 and illegal["softmax"] > 0


def test_odd_texts_get_an_answer():
    answer = tagger().predict_text([*ODD, "word " * 200_000, "w" * 10_000])
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


def test_every_given_token_has_a_tag():
    sentences = [["Ada", "met", ""], ["Ada", "", "met"], [""], [], ["Bo"] * 50, [b"\xff", "\ud800"]]
    answer = tagger().predict_tokens(sentences)
    assert [len(row) for row in answer["tags"]] == [len(row) for row in answer["tokens"]] == [3, 3, 1, 0, 40, 2]
    assert answer["tokens"][:4] == sentences[:4]
    alone = [tagger().predict_tokens([sentence])["tags"][0] for sentence in sentences]
    assert alone == answer["tags"]
    for wrong in (["Ada"], [["Ada", 1]]):
        with pytest.raises(InputError, match="must be a list of tokens|expected strings, got 1"):
            tagger().predict_tokens(wrong)


def test_answers_are_padded_to_the_longest():
    answer = tagger().answer(tf.constant(["Ada met Bo", "Ada", ""]))
    assert answer["tags"].shape == answer["tokens"].shape == answer["scores"].shape == (3, 3)
    assert answer["length"].numpy().tolist() == [3, 1, 0]
    assert answer["tags"].numpy()[1, 1:].tolist() == [b"", b""]
    assert answer["scores"].numpy()[2].tolist() == [0, 0, 0]


@pytest.mark.parametrize("characters", ["rnn", "cnn", "none"])
def test_characters_tell_unseen_words_apart(characters):
    emissions = new_tagger(characters=characters)(tf.ragged.constant([["Xab"], ["Zed"]]))[:, 0]
    assert (np.abs(emissions[0] - emissions[1]).max() < 1e-6) == (characters == "none")


def test_singletons_alone_are_replaced_in_training():
    task = new_tagger(singleton_dropout=1.0)
    ids = task.preprocessor(tf.ragged.constant(SENTENCES))[..., 0].to_tensor()
    replaced = task._dropped(ids, ids > 0)
    assert task.preprocessor.singletons == 1  # Li
    li = ids.numpy() == task.preprocessor.vocabulary(tf.constant("li")).numpy()
    np.testing.assert_array_equal(replaced, np.where(li, UNKNOWN, ids))
    assert li.sum() == 1


@pytest.mark.parametrize("model", ["softmax", pytest.param("crf", marks=pytest.mark.slow)])
def test_fit_learns(model):
    task = new_tagger(model=model, characters="none", dropout=0.0, output_dropout=0.0)
    batches = task.prepare(sentences(1), batch_size=4)
    task.compile(keras.optimizers.Adam(0.1))
    options = {"validation_freq": EPOCHS, "epochs": EPOCHS, "verbose": 0, "shuffle": False}
    history = task.fit(batches, validation_data=task.prepare(sentences(1), batch_size=3), **options).history
    assert history["loss"][-1] < history["loss"][0]
    ((ids, tags),) = batches
    correct = (task.decide(task(ids), tags >= 0) == tags)[tags >= 0]
    assert history["val_f1"][-1] > 0.9
    assert np.mean(correct) > 0.9


@pytest.mark.parametrize("model", ["crf", "softmax"])
def test_loss_is_the_mean_over_real_tokens(model):
    task = new_tagger(model=model, scheme=None)
    ((ids, tags),) = task.prepare(sentences(1), batch_size=4)
    emissions = task(ids)
    loss = task.default_loss()(tags, emissions)
    if model == "crf":
        total = -tf.reduce_sum(task.crf.log_likelihood(tags, emissions, tags >= 0))
    else:
        log_probabilities = tf.nn.log_softmax(emissions).numpy()
        total = -sum(log_probabilities[i, t, k] for i, row in enumerate(TAGS) for t, k in enumerate(row))
    np.testing.assert_allclose(loss, total / 11, rtol=1e-5)


def test_a_vector_is_the_mean_over_tokens():
    """The output layer is linear: it makes of it the mean of the emissions."""
    task = tagger(model="softmax")
    emissions = task(tf.constant(["Ada met Bo Li"]))[0, :4]
    np.testing.assert_allclose(task.head(task.embed_text(["Ada met Bo Li"]))[0], np.mean(emissions, 0), atol=1e-5)


def test_keras_file_round_trip(tmp_path):
    task = new_tagger(cell="gru", characters="cnn")
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config() and loaded.scheme == "bio"
    ((ids, tags),) = task.prepare(sentences(1), batch_size=4)
    np.testing.assert_allclose(task(ids), loaded(ids), atol=1e-6)
    np.testing.assert_array_equal(task.decide(task(ids), tags >= 0), loaded.decide(loaded(ids), tags >= 0))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_mixed_precision(name):
    with training.precision(name):
        task = TokenTagger(tokens(), TAG_NAMES, "bio", units=4, embedding_size=4, character_units=3)
    task.compile(run_eagerly=True)
    history = task.fit(task.prepare(sentences(1), 4, training=True), verbose=0, shuffle=False).history
    assert task.recurrent[0].compute_dtype == name and np.isfinite(history["loss"]).all()
    assert np.isfinite(answers(task, SENTENCES)["scores"]).all()


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "lstn"}, "unknown `cell` 'lstn': did you mean lstm"),
    ({"model": "crff"}, "unknown `model` 'crff': did you mean crf"),
    ({"characters": "cn"}, "unknown `characters` 'cn': did you mean cnn"),
    ({"scheme": "iob9"}, "unknown tag scheme 'iob9'"),
])  # fmt: skip
def test_unknown_settings(wrong, message):
    with pytest.raises(InputError, match=message):
        TokenTagger(tokens(), TAG_NAMES, **wrong)


def test_a_crf_over_very_many_tags_is_refused():
    with pytest.raises(InputError, match="10,001 tags are more than the 10,000"):
        TokenTagger(tagger().preprocessor, [f"T{number}" for number in range(10_001)])
