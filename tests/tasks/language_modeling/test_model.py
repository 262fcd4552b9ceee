"""The language model: stepping against reading, carried states, scores, generation, saving."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.data import Lines
from nlpseq.errors import InputError
from nlpseq.tasks import LanguageModel
from nlpseq.text import END, UNKNOWN, LineEncoder

pytestmark = pytest.mark.usefixtures("portable")

LINES = ["the cat sat on the mat", "the dog sat", "a cat , a dog and a mat"]
TEXTS = ["the cat sat", "a dog\nthe mat sat\n", "", "the zebra sat", "mat"]
ODD = ["", " \n", "never seen", "😀👍", "\x00\x07", b"\xff\xfe", "a " * 3000, "a" * 10_000, "\r\n\n\n"]
BEGINS, GOES_ON = tf.constant(True), tf.constant(False)
ARCHITECTURES = {
    "lstm": {"layers": 2},
    "gru, untied": {"cell": "gru", "tied": False},
    "rnn, of one size": {"cell": "rnn", "units": 4, "layers": 3},
}


def lines(repeat=40):
    return Lines(np.array([line.encode() for line in LINES] * repeat, object))


def encoder(kind="word", **options):
    return LineEncoder.learn(LINES, kind, size=40, **{"max_tokens": 3000, **options})


@functools.cache  # a model traces its functions once; those that train make their own
def model(**settings):
    return new_model(**settings)


def new_model(learnt=None, scale=1.0, **settings):
    task = LanguageModel(learnt or encoder(), **{"units": 6, "embedding_size": 4, "layers": 1, **settings})
    task.build()
    rng = np.random.default_rng(3)
    task.set_weights([rng.normal(scale=scale, size=w.shape) for w in task.get_weights()])
    return task


def log_probabilities(task, text):
    """What the model says of each piece, by the logits of the whole text at once."""
    ids = task.encoder([text]).to_list()[0]
    if not ids:
        return np.zeros(0)
    logits = task(tf.constant([[END, *ids[:-1]]]))
    return tf.gather(tf.nn.log_softmax(logits)[0], tf.constant(ids), batch_dims=1).numpy()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_steps_give_the_score_of_the_whole_text(name):
    task = model(**ARCHITECTURES[name])
    text = "the cat sat on the mat\na dog"
    signatures = task.signatures()
    found = signatures["init"](tf.constant([""]))
    gathered = []
    for token in task.encoder([text]).to_list()[0]:
        gathered.append(float(found["log_probabilities"][0, token]))
        states = {key: value for key, value in found.items() if key.startswith("state_")}
        found = signatures["step"](token=tf.constant([token]), **states)
    expected = task.score_text([text])["log_probabilities"][0]
    np.testing.assert_allclose(gathered, expected, atol=1e-5)
    np.testing.assert_allclose(expected, log_probabilities(task, text), atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_prompt_leads_to_the_states_of_its_steps(name):
    task = model(**ARCHITECTURES[name])
    together = task.signatures()["init"](tf.constant(TEXTS))
    for row, text in enumerate(TEXTS):
        found = task.signatures()["init"](tf.constant([""]))
        for token in task.encoder([text]).to_list()[0]:
            states = {key: value for key, value in found.items() if key.startswith("state_")}
            found = task.signatures()["step"](token=tf.constant([token]), **states)
        for key in (key for key in found if key.startswith(("state_", "log_"))):
            np.testing.assert_allclose(together[key][row], found[key][0], atol=1e-5)


def test_scores_and_their_neighbours():
    task = model(layers=2)
    found = task.score_text(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = log_probabilities(task, text)
        np.testing.assert_allclose(found["log_probabilities"][row], alone, atol=1e-5)
        assert found["total"][row] == pytest.approx(alone.sum(), abs=1e-4)
        expected = np.exp(-alone.mean()) if len(alone) else 1.0
        assert found["perplexity"][row] == pytest.approx(expected, rel=1e-4)
    assert found["tokens"][:3] == [["the", "cat", "sat"], ["a", "dog", r"\n", "the", "mat", "sat", r"\n"], []]
    assert found["unknown"] == [0, 0, 0, 1, 0] and not any(found["cut"])


def test_long_texts_are_scored_in_parts_and_cut():
    task = new_model(encoder(max_tokens=2500))
    found = task.score_text(["a " * 2500, "a " * 2501])
    assert found["cut"] == [False, True]
    assert [len(each) for each in found["log_probabilities"]] == [2500, 2500]
    np.testing.assert_allclose(found["log_probabilities"][0], log_probabilities(task, "a " * 2500), atol=1e-4)


@pytest.mark.parametrize("training", [False, True])
def test_carried_states_give_what_one_long_run_gives(training):
    task = new_model(layers=2, dropout=0, hidden_dropout=0, output_dropout=0)
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (3, 21)))
    whole = task(ids, training=training)
    parts = [task((ids[:, at : at + 7], tf.constant(at == 0)), training=training) for at in (0, 7, 14)]
    np.testing.assert_allclose(tf.concat(parts, axis=1), whole, atol=1e-5)
    again = task((ids[:, :7], BEGINS), training=training)
    np.testing.assert_allclose(again, whole[:, :7], atol=1e-5)


def test_training_and_validation_carry_apart():
    task = new_model(dropout=0, hidden_dropout=0, output_dropout=0)
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (2, 8)))
    task((ids[:, :4], BEGINS), training=True)
    task((ids[:, 4:], BEGINS), training=False)
    whole = task(ids, training=True)
    np.testing.assert_allclose(task((ids[:, 4:], GOES_ON), training=True), whole[:, 4:], atol=1e-5)


def test_gradients_stop_between_segments():
    task = new_model(dropout=0, hidden_dropout=0, output_dropout=0)
    ids = tf.constant([[4, 5, 6, 7]])
    with tf.GradientTape() as tape:
        task((ids[:, :2], BEGINS), training=True)
        loss = tf.reduce_sum(task((ids[:, 2:], GOES_ON), training=True)[..., :4])
    read = tape.gradient(loss, task.embedding.embeddings)
    assert not np.any(tf.convert_to_tensor(read).numpy()[4:6])  # what the first segment read


@pytest.mark.parametrize("settings", [{}, {"cell": "gru", "tied": False}, {"units": 4}])
def test_generation_is_that_of_the_models_own_distribution(settings):
    task = model(**settings)
    greedy = task.predict_text(["the cat", ""], length=6, method="greedy")
    for text, added in zip(greedy["text"], greedy["added"]):
        ids = task.encoder([text]).to_list()[0]
        logits = task(tf.constant([[END, *ids]]))[0].numpy()
        logits[:, [0, 1, 2]] = -np.inf
        start = len(ids) - 6
        assert ids[start:] == logits[start:-1].argmax(-1).tolist()
        assert text.endswith(added)


def test_beam_search_finds_at_least_what_greedy_search_finds():
    task = model(layers=2)
    greedy, beam, wide = (
        task.predict_text(TEXTS, length=4, **options)["log_probability"]
        for options in ({"method": "greedy"}, {"method": "beam", "beam_size": 1}, {"method": "beam", "beam_size": 300})
    )
    np.testing.assert_allclose(greedy, beam, atol=1e-5)
    assert all(np.array(wide) >= np.array(greedy) - 1e-5) and sum(wide) > sum(greedy)


def test_a_seed_repeats_and_a_low_temperature_is_greedy():
    task = model()
    draw = lambda **options: task.predict_text(["the cat"] * 3, length=12, **options)["text"]  # noqa: E731
    assert draw(seed=1) == draw(seed=1) != draw(seed=2)
    assert draw(seed=1) == draw(seed=1, batch_size=1) == draw(seed=1, batch_size=2)
    assert len(set(draw(seed=1))) == 3
    assert draw(temperature=1e-4) == draw(top_k=1) == draw(top_p=1e-6) == draw(method="greedy")


def test_log_probability_of_what_was_added():
    task = model(layers=2)
    found = task.predict_text(["the cat"], length=5, seed=4)
    (text,), (total,) = found["text"], found["log_probability"]
    never = tf.reduce_logsumexp(tf.gather(task(tf.constant([[END]])), [0, 1, 2], axis=-1))
    assert np.isfinite(never)
    ids = task.encoder([text]).to_list()[0]
    logits = task(tf.constant([[END, *ids[:-1]]]))[0].numpy()
    logits[:, [0, 1, 2]] = -np.inf
    scores = tf.nn.log_softmax(logits).numpy()
    assert total == pytest.approx(sum(scores[at, ids[at]] for at in range(len(ids) - 5, len(ids))), abs=1e-4)


def test_one_line_ends_where_the_line_ends():
    task = new_model()
    bias = np.zeros(len(task.encoder), np.float32)
    bias[END] = 1e3
    task.bias.assign(bias)
    assert task.predict_text(["the"], length=3)["added"] == ["\n\n\n"]
    assert task.predict_text(["the"], length=3, one_line=True)["added"] == [""]


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_odd_texts_get_an_answer(kind):
    task = new_model(encoder(kind, max_tokens=20_000))
    scores = task.score_text(ODD)
    assert np.all(np.isfinite(scores["total"])) and scores["total"][0] == 0
    assert all(isinstance(text, str) for text in task.predict_text(ODD, length=2)["text"])


def test_no_texts():
    assert model().predict_text([]) == {"text": [], "added": [], "log_probability": []}
    assert model().score_text([])["total"] == []


@pytest.mark.parametrize("options, message", [
    ({"temperature": 0.0}, "`temperature` must be above 0"),
    ({"temperature": np.inf}, "`temperature` must be above 0 and finite"),
    ({"temperature": -1.0}, "`temperature` must be above 0"),
    ({"top_p": 0.0}, "`top_p` must be above 0"),
    ({"top_p": 1.5}, "`top_p` must be above 0 and at most 1"),
    ({"top_k": -1}, "`top_k` must be between 0 and"),
    ({"length": -1}, "`length` must be between 0 and 100000"),
    ({"length": 10**9}, "`length` must be between 0 and 100000"),
    ({"method": "greedy", "seed": 3}, "unknown option of method 'greedy' 'seed'"),
    ({"beam_size": 3}, "unknown option of method 'sample' 'beam_size'"),
    ({"method": "best"}, "unknown `method` 'best'"),
])  # fmt: skip
def test_bad_options_of_generation(options, message):
    with pytest.raises(InputError, match=message):
        model().predict_text(["the"], **options)


def test_a_prompt_over_the_limit():
    with pytest.raises(InputError, match="a prompt is too long: expected at most 3,000 pieces"):
        model().predict_text(["a", "a " * 3001], length=1)


def test_served_generation_checks_its_numbers():
    generate = model().signatures()["generate"]
    good = {"length": 3, "temperature": 0.7, "top_k": 2, "top_p": 0.9, "seed": 5}
    numbers = lambda **changed: {  # noqa: E731
        name: tf.constant(value, tf.int64 if name == "seed" else None) for name, value in {**good, **changed}.items()
    }
    served = generate(tf.constant(["the cat"]), **numbers())["text"].numpy()[0].decode()
    options = {name: value for name, value in good.items() if name != "length"}
    assert [served] == model().predict_text(["the cat"], length=3, **options)["text"]
    for name, wrong in {"length": -1, "temperature": 0.0, "top_k": -1, "top_p": 1.5}.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{name} must be"):
            generate(tf.constant(["the cat"]), **numbers(**{name: wrong}))
    with pytest.raises(tf.errors.InvalidArgumentError, match="a prompt must have at most 3,000 pieces"):
        generate(tf.constant(["a " * 3001]), **numbers())


DROPPED = {
    "dropout": 0.4,
    "hidden_dropout": 0.4,
    "output_dropout": 0.4,
    "embedding_dropout": 0.4,
    "weight_dropout": 0.4,
    "recurrent_dropout": 0.4,
}


@pytest.mark.parametrize("name", DROPPED)
def test_each_dropout_drops_in_training_only(name):
    settings = {**dict.fromkeys(DROPPED, 0.0), name: DROPPED[name]}
    task, still = new_model(layers=2, **settings), new_model(layers=2, **dict.fromkeys(DROPPED, 0.0))
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (4, 9)))
    np.testing.assert_allclose(task(ids), still(ids), atol=1e-5)
    assert np.abs(task(ids, training=True) - still(ids, training=True)).max() > 1e-2


def test_dropped_words_are_dropped_in_all_their_places():
    task = new_model(embedding_dropout=0.5)
    ids = tf.constant([[4, 5, 4, 6], [5, 4, 6, 6]])
    vectors = task._embed(ids, training=True).numpy()
    weights = task.embedding(tf.range(12)).numpy()
    for word in (4, 5, 6):
        found = vectors[ids.numpy() == word]
        assert np.allclose(found, 0) or np.allclose(found, 2 * weights[word], atol=1e-5)


def test_activation_regularisers_are_those_of_the_equation():
    settings = {"dropout": 0, "hidden_dropout": 0, "output_dropout": 0.5}
    task = new_model(units=6, activation_regularization=2.0, temporal_activation_regularization=3.0, **settings)
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (4, 9)))
    seen = []
    readout = task.readout.call
    task.readout.call = lambda outputs, **options: seen.append(outputs.numpy()) or readout(outputs)
    task(ids, training=True)
    hidden, (dropped,) = task._read(ids)[0].numpy(), seen
    assert not dropped.all() and np.allclose(dropped[dropped != 0], 2 * hidden[dropped != 0], atol=1e-5)
    expected = 2 * np.mean(dropped**2), 3 * np.mean((hidden[:, 1:] - hidden[:, :-1]) ** 2)
    np.testing.assert_allclose([float(loss) for loss in task.losses], expected, rtol=1e-5)
    task(ids[:, :1], training=True)  # no change to take the mean of
    assert float(task.losses[1]) == 0
    task(ids, training=False)
    assert not task.losses


@pytest.mark.parametrize("settings", [{}, {"cell": "gru", "tied": False, "weight_dropout": 0.1}])
def test_fit_learns(settings):
    task = LanguageModel(encoder(), units=24, embedding_size=16, layers=1, steps=9, dropout=0.0, **settings)
    batches = task.prepare(lines(), batch_size=4, training=True)
    task.compile(keras.optimizers.Adam(0.02))
    options = {"steps_per_epoch": len(batches), "epochs": 15, "shuffle": False, "verbose": 0}
    losses = task.fit(batches.repeat(), **options).history["loss"]
    assert losses[-1] < min(0.75, losses[0] / 2)
    assert task.score_text(["the cat sat on the mat\n"])["perplexity"][0] < 2.5


def test_one_stream_leaves_nothing_out():
    task = model()
    running = task.encoder.encode_corpus(lines(3).lines).numpy().tolist()
    labels = [label for _, batch in task.prepare(lines(3), batch_size=1) for label in batch.numpy()[0]]
    assert labels == running
    inputs = [id_ for (batch, _), _ in task.prepare(lines(3), batch_size=1) for id_ in batch.numpy()[0]]
    assert inputs == [END, *running[:-1]]
    assert [bool(first) for (_, first), _ in task.prepare(lines(20), batch_size=2)].count(True) == 1


def test_keras_file_round_trip(tmp_path):
    task = new_model(layers=2, weight_dropout=0.1, tied=False)
    task.compile()
    task.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == task.get_config()
    assert loaded.score_text(TEXTS)["total"] == task.score_text(TEXTS)["total"]


@pytest.mark.parametrize("name", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_mixed_precision(name):
    with training.precision(name):
        task = LanguageModel(encoder(), units=6, embedding_size=4, activation_regularization=1.0)
    task.compile()
    assert np.isfinite(task.fit(task.prepare(lines(), 4, training=True), shuffle=False, verbose=0).history["loss"][0])
    assert np.all(np.isfinite(task.score_text(TEXTS)["total"]))
    assert len(task.predict_text(["the"], length=3)["text"]) == 1


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "lstn"}, "did you mean lstm"),
    ({"units": 0}, "`units` must be at least 1"),
    ({"layers": 0}, "`layers` must be at least 1"),
    ({"embedding_size": 0}, "`embedding_size` must be at least 1"),
    ({"steps": 0}, "`steps` must be at least 1"),
    ({"activation_regularization": -1}, "`activation_regularization` must be at least 0"),
    ({"weight_dropout": 1.0}, "`weight_dropout` must be between 0 and 0.95"),
    ({"dropout": -0.1}, "`dropout` must be between 0 and 0.95"),
])  # fmt: skip
def test_unknown_options(wrong, message):
    with pytest.raises(InputError, match=message):
        LanguageModel(encoder(), **wrong)


def test_unknown_words_count_as_unknown():
    assert UNKNOWN in model().encoder(["the zebra"]).to_list()[0]
