"""The language model: stepping against reading, carried states, scores, generation, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.errors import InputError
from nlpseq.tasks import LanguageModel
from nlpseq.tasks.language_modeling import parts
from nlpseq.text import END, UNKNOWN
from tests.tasks.tiny import ODD, language_model, line_tokens, lines, new_language_model
from tests.tiers import slow_but

pytestmark = pytest.mark.usefixtures("portable")

TEXTS = ["the cat sat", "a dog\nthe mat sat\n", "", "the zebra sat", "mat"]
FIRST, NOT_FIRST = tf.constant(True), tf.constant(False)
ARCHITECTURES = {
    "lstm": {"layers": 2},
    "gru, untied": {"cell": "gru", "tied": False},
    "rnn, of one size": {"cell": "rnn", "units": 4, "layers": 2},
    "two networks": {"layers": 2, "cell": "gru"},
}


@pytest.fixture
def short_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART", 3)


def of(name):
    """The model of an architecture."""
    task = language_model(**ARCHITECTURES[name])
    if name != "two networks":
        return task
    other = new_language_model(**ARCHITECTURES[name])
    other.set_weights([weight[::-1] for weight in other.get_weights()])
    return task.combined([other])


def logits(task, inputs, training):
    """Logits as an array; in training the model gives their factors."""
    return tf.convert_to_tensor(task(inputs, training=training)).numpy()


def log_probabilities(task, text):
    """Those of each token, by the logits of the whole text at once."""
    ids = task.preprocessor([text]).to_list()[0]
    if not ids:
        return np.zeros(0)
    logits = task(tf.constant([[END, *ids[:-1]]]))
    return tf.gather(tf.nn.log_softmax(logits)[0], tf.constant(ids), batch_dims=1).numpy()


def read_by_steps(task, text):
    """The answers of "init" for an empty prompt, and then of "step" for each token of a text."""
    answers = [task.generate.answer_init(tf.constant([""]))]
    for token in task.preprocessor([text]).to_list()[0]:
        states = {key: value for key, value in answers[-1].items() if key.startswith("state_")}
        answers.append(task.generate.answer_step(tf.constant([token]), **states))
    return answers


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_steps_give_the_score_of_the_whole_text(name):
    task = of(name)
    text = "the cat sat on the mat\na dog"
    ids = task.preprocessor([text]).to_list()[0]
    answers = read_by_steps(task, text)
    by_steps = [float(answer["log_probabilities"][0, token]) for token, answer in zip(ids, answers)]
    expected = task.score(tf.constant([text]))["log_probabilities"][0]
    np.testing.assert_allclose(by_steps, expected, atol=1e-5)
    np.testing.assert_allclose(expected, log_probabilities(task, text), atol=1e-5)


@pytest.mark.usefixtures("short_parts")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_prompt_leads_to_the_states_of_its_steps(name):
    task = of(name)
    together = task.generate.answer_init(tf.constant(TEXTS))
    for row in (1, 3):  # the longest, and one with padding
        last = read_by_steps(task, TEXTS[row])[-1]
        for key in (key for key in last if key.startswith(("state_", "log_"))):
            np.testing.assert_allclose(together[key][row], last[key][0], atol=1e-5)


@pytest.mark.usefixtures("short_parts")
def test_scores_and_their_neighbours():
    task = language_model(layers=2)
    scores = task.score_text(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = log_probabilities(task, text)
        np.testing.assert_allclose(scores["log_probabilities"][row], alone, atol=1e-5)
        assert scores["total"][row] == pytest.approx(alone.sum(), abs=1e-4)
        expected = np.exp(-alone.mean()) if len(alone) else 1.0
        assert scores["perplexity"][row] == pytest.approx(expected, rel=1e-4)
    assert scores["tokens"][:3] == [["the", "cat", "sat"], ["a", "dog", r"\n", "the", "mat", "sat", r"\n"], []]
    assert scores["unknown"] == [0, 0, 0, 1, 0] and not any(scores["truncated"])
    assert task.score_text([])["total"] == []


def test_long_texts_are_scored_in_parts_and_truncated():
    task = new_language_model(line_tokens(max_tokens=600))
    scores = task.score(tf.constant(["a " * 600, "a " * 601]))  # more than SCORED_ROWS in all
    assert scores["truncated"].numpy().tolist() == [False, True]
    assert scores["log_probabilities"].shape == (2, 600)
    np.testing.assert_allclose(scores["log_probabilities"][0], log_probabilities(task, "a " * 600), atol=1e-4)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("training", [False, True])
def test_carried_states_give_what_one_long_run_gives(training):
    task = new_language_model(layers=2, dropout=0, hidden_dropout=0, output_dropout=0)
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (3, 21)))
    whole = logits(task, ids, training)
    parts = [logits(task, (ids[:, at : at + 7], tf.constant(at == 0)), training) for at in (0, 7, 14)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)
    again = logits(task, (ids[:, :7], FIRST), training)
    np.testing.assert_allclose(again, whole[:, :7], atol=1e-5)


@pytest.mark.usefixtures("eager")
def test_training_and_validation_carry_apart():
    task = new_language_model(dropout=0, hidden_dropout=0, output_dropout=0)
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (2, 8)))
    task((ids[:, :4], FIRST), training=True)
    task((ids[:, 4:], FIRST), training=False)
    whole = logits(task, ids, training=True)
    np.testing.assert_allclose(logits(task, (ids[:, 4:], NOT_FIRST), training=True), whole[:, 4:], atol=1e-5)


def test_gradients_stop_between_segments():
    task = new_language_model(dropout=0, hidden_dropout=0, output_dropout=0)
    ids = tf.constant([[4, 5, 6, 7]])
    with tf.GradientTape() as tape:
        task((ids[:, :2], FIRST), training=True)
        logits = tf.convert_to_tensor(task((ids[:, 2:], NOT_FIRST), training=True))
        loss = tf.reduce_sum(logits[..., :4])
    gradient = tape.gradient(loss, task.embedding.embeddings)
    assert not np.any(tf.convert_to_tensor(gradient).numpy()[4:6])  # what the first segment read


@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param({"cell": "gru", "tied": False}, marks=pytest.mark.slow),
        {"units": 4},
    ],
)
def test_generation_follows_the_distribution_of_the_model(settings):
    task = language_model(**settings)
    greedy = task.generate(tf.constant(["the cat", ""]), length=6, method="greedy")
    for text, added in zip(greedy["text"].numpy(), greedy["added"].numpy()):
        ids = task.preprocessor([text]).to_list()[0]
        logits = task(tf.constant([[END, *ids]]))[0].numpy()
        logits[:, [0, 1, 2]] = -np.inf
        start = len(ids) - 6
        assert ids[start:] == logits[start:-1].argmax(-1).tolist()
        assert text.endswith(added)


@pytest.mark.slow
def test_beam_search_finds_at_least_what_greedy_search_finds():
    task = language_model(layers=2)
    greedy, beam, wide = (
        task.generate(tf.constant(TEXTS), length=4, **options)["log_probability"].numpy()
        for options in ({"method": "greedy"}, {"method": "beam", "beam_size": 1}, {"method": "beam", "beam_size": 300})
    )
    np.testing.assert_allclose(greedy, beam, atol=1e-5)
    assert (wide >= greedy - 1e-5).all() and wide.sum() > greedy.sum() + 1e-3


@pytest.mark.slow
def test_the_same_seed_samples_the_same_whatever_the_batch_size():
    task = language_model()

    def sampled(**options):
        return task.predict_text(["the cat"] * 3, length=12, **options)["text"]

    assert sampled(seed=1) == sampled(seed=1) != sampled(seed=2)
    assert sampled(seed=1) == sampled(seed=1, batch_size=1) == sampled(seed=1, batch_size=2)
    assert len(set(sampled(seed=1))) == 3
    assert task.predict_text([]) == {"text": [], "added": [], "log_probability": []}


def test_sampling_of_the_most_likely_token_is_greedy_search():
    greedy, *sampled = (
        language_model().generate(tf.constant(["the cat"] * 3), length=6, **options)["text"].numpy().tolist()
        for options in ({"method": "greedy"}, {"temperature": 1e-4}, {"top_k": 1}, {"top_p": 1e-6})
    )
    assert sampled == [greedy] * 3


def test_log_probability_of_what_was_added():
    task = language_model(layers=2)
    answer = task.generate(tf.constant(["the cat"]), length=5, seed=4)
    ids = task.preprocessor(answer["text"]).to_list()[0]
    logits = task(tf.constant([[END, *ids[:-1]]]))[0].numpy()
    logits[:, [0, 1, 2]] = -np.inf
    scores = tf.nn.log_softmax(logits).numpy()
    expected = sum(scores[at, ids[at]] for at in range(len(ids) - 5, len(ids)))
    assert float(answer["log_probability"][0]) == pytest.approx(expected, abs=1e-4)


def test_one_line_ends_where_the_line_ends():
    task = new_language_model()
    bias = np.zeros(len(task.preprocessor), np.float32)
    bias[END] = 1e3
    task.bias.assign(bias)
    prompt = tf.constant(["the"])
    assert task.generate(prompt, length=3)["added"].numpy().tolist() == [b"\n\n\n"]
    assert task.generate(prompt, length=3, one_line=True)["added"].numpy().tolist() == [b""]


@pytest.mark.parametrize("kind", [pytest.param("word", marks=pytest.mark.slow), "bpe"])
def test_odd_texts_get_an_answer(kind):
    task = new_language_model(line_tokens(kind=kind, max_tokens=300))
    texts = tf.constant([*ODD, "a " * 200, "a" * 10_000, "\r\n\n\n"])
    scores = task.score(texts)
    assert np.all(np.isfinite(scores["total"])) and scores["total"][0] == 0
    prompts, answer = texts[:-2], task.generate(texts[:-2], length=2)
    for prompt, text, added in zip(prompts.numpy(), answer["text"].numpy(), answer["added"].numpy()):
        assert text == prompt + added and added.decode() is not None


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
        language_model().predict_text(["the"], **options)


def test_a_prompt_over_the_limit():
    with pytest.raises(InputError, match="a prompt is too long: expected at most 3,000 .*, got 3,001"):
        language_model().predict_text(["a", "a " * 3001], length=1)


WRONG_NUMBERS = [
    *(("length", -1), ("length", 100_001), ("top_k", -1), ("top_p", 1.5), ("top_p", 0.0), ("top_p", np.nan)),
    *(("temperature", value) for value in (0.0, -1.0, 1e-40, np.inf, np.nan)),
]


def test_served_generation_checks_its_numbers():
    task = language_model()
    good = {"length": 3, "temperature": 0.7, "top_k": 2, "top_p": 0.9, "seed": 5}

    def generate(prompt, **changed):
        numbers = {**good, **changed}
        tensors = {name: tf.constant(numbers[name], tf.int64 if name == "seed" else None) for name in good}
        return task.generate.answer_generate(tf.constant([prompt]), **tensors)["text"].numpy().tolist()

    assert generate("the cat") == task.generate(tf.constant(["the cat"]), **good)["text"].numpy().tolist()
    for name, wrong in WRONG_NUMBERS:
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{name} must be"):
            generate("the cat", **{name: wrong})
    with pytest.raises(tf.errors.InvalidArgumentError, match="a prompt must have at most 3,000 tokens"):
        generate("a " * 3001)


DROPPED = {
    "dropout": 0.4,
    "hidden_dropout": 0.4,
    "output_dropout": 0.4,
    "embedding_dropout": 0.4,
    "weight_dropout": 0.4,
    "recurrent_dropout": 0.4,
}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", slow_but(DROPPED, "hidden_dropout", "weight_dropout"))
def test_a_dropout_drops_in_training_only(name):
    settings = {**dict.fromkeys(DROPPED, 0.0), name: DROPPED[name]}
    task, plain = new_language_model(layers=2, **settings), language_model(layers=2, **dict.fromkeys(DROPPED, 0.0))
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (4, 9)))
    np.testing.assert_allclose(task(ids), plain(ids), atol=1e-5)
    dropped, undropped = (logits(one, ids, training=True) for one in (task, plain))
    assert np.abs(dropped - undropped).max() > 1e-2


def test_dropped_words_are_dropped_in_all_their_places():
    task = new_language_model(embedding_dropout=0.5)
    ids = tf.constant([[4, 5, 4, 6], [5, 4, 6, 6]])
    vectors = task._embed(ids, training=True).numpy()
    weights = task.embedding(tf.range(12)).numpy()
    for word in (4, 5, 6):
        vector = vectors[ids.numpy() == word]
        assert np.allclose(vector, 0) or np.allclose(vector, 2 * weights[word], atol=1e-5)


@pytest.mark.usefixtures("eager")
def test_activation_regularizers_are_those_of_the_equation():
    settings = {"dropout": 0, "hidden_dropout": 0, "output_dropout": 0.5}
    task = new_language_model(activation_regularization=2.0, temporal_activation_regularization=3.0, **settings)
    ids = tf.constant(np.random.default_rng(0).integers(3, 12, (4, 9)))
    outputs_seen = []
    readout = task.readout.call
    task.readout.call = lambda outputs, **options: outputs_seen.append(outputs.numpy()) or readout(outputs)
    task(ids, training=True)
    hidden, (dropped,) = task.run(ids)[0].numpy(), outputs_seen
    assert not dropped.all() and np.allclose(dropped[dropped != 0], 2 * hidden[dropped != 0], atol=1e-5)
    expected = 2 * np.mean(dropped**2), 3 * np.mean((hidden[:, 1:] - hidden[:, :-1]) ** 2)
    np.testing.assert_allclose([float(loss) for loss in task.losses], expected, rtol=1e-5)
    task(ids[:, :1], training=True)  # no change to take the mean of
    assert float(task.losses[1]) == 0
    task(ids, training=False)
    assert not task.losses


@pytest.mark.parametrize("settings", [
    {"cell": "gru", "tied": False, "weight_dropout": 0.1}, pytest.param({}, marks=pytest.mark.slow)
])  # fmt: skip
def test_fit_learns(settings):
    task = LanguageModel(line_tokens(), units=24, embedding_size=16, layers=1, steps=9, dropout=0.0, **settings)
    batches = task.prepare(lines(), batch_size=4, training=True)
    task.compile(keras.optimizers.Adam(0.02))
    options = {"steps_per_epoch": len(batches), "epochs": 15, "shuffle": False, "verbose": 0}
    losses = task.fit(batches.repeat(), **options).history["loss"]
    assert losses[-1] < min(0.75, losses[0] / 2)
    assert task.score(tf.constant(["the cat sat on the mat\n"]))["perplexity"][0] < 2.5


def test_one_stream_leaves_nothing_out():
    task = language_model()
    running = task.preprocessor.encode_corpus(lines(3).lines).numpy().tolist()
    batches = list(task.prepare(lines(3), batch_size=1))
    assert [label for _, labels in batches for label in labels.numpy()[0]] == running
    assert [token for (ids, _), _ in batches for token in ids.numpy()[0]] == [END, *running[:-1]]
    assert [first.numpy().all() for (_, first), _ in task.prepare(lines(20), batch_size=2)].count(True) == 1


@pytest.mark.usefixtures("eager", "short_parts")
def test_a_vector_is_the_mean_over_the_context_and_the_tokens():
    task = language_model()
    ids = tf.concat([[END], task.preprocessor(["the cat sat"])[0]], axis=0)
    mean = np.mean(task(ids[tf.newaxis])[0], axis=0)  # logits are linear in the outputs
    np.testing.assert_allclose(task.logits(task.embed_text("the cat sat"))[0], mean, atol=1e-4)


def test_keras_file_round_trip(tmp_path):
    task = new_language_model(layers=2, weight_dropout=0.1, tied=False)
    task.compile()
    task.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == task.get_config()
    expected, actual = (one.score(tf.constant(TEXTS))["total"] for one in (task, loaded))
    np.testing.assert_array_equal(expected, actual)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_mixed_precision(name):
    with training.precision(name):
        task = LanguageModel(line_tokens(), units=6, embedding_size=4, activation_regularization=1.0)
    task.compile(run_eagerly=True)
    batches = task.prepare(lines(8), 1, training=True).take(1)
    assert np.isfinite(task.fit(batches, shuffle=False, verbose=0).history["loss"][0])
    assert task.recurrent[0].compute_dtype == name
    assert np.all(np.isfinite(task.score(tf.constant(TEXTS))["total"]))
    assert task.generate(tf.constant(["the"]), length=3)["text"].shape == 1


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "lstn"}, "did you mean lstm"),
    ({"layers": 0}, "`layers` must be at least 1"),
    ({"activation_regularization": -1}, "`activation_regularization` must be at least 0"),
    ({"weight_dropout": 1.0}, "`weight_dropout` must be between 0 and 0.95"),
])  # fmt: skip
def test_unknown_settings(wrong, message):
    with pytest.raises(InputError, match=message):
        LanguageModel(line_tokens(), **wrong)


def test_unknown_words_count_as_unknown():
    assert UNKNOWN in language_model().preprocessor(["the zebra"]).to_list()[0]


@pytest.mark.parametrize("tokens, words", [
    ([-1], "from 0 to"), ([10**6], "from 0 to"), ([1.5], "dtype float32"), (["a"], "dtype string"),
    ([[1]], r"\(rows,\)"), (1, r"\(rows,\)"),
])  # fmt: skip
def test_a_step_refuses_what_is_no_token(tokens, words):
    task = language_model(layers=2)
    states = tf.nest.map_structure(lambda size: tf.zeros([1, size]), task.state_sizes)
    with pytest.raises(InputError, match=words):
        task.step(tf.constant(tokens), states)


def test_a_step_refuses_states_that_are_not_its_own():
    task = language_model(layers=2)
    one, two = ([[tf.zeros([rows, size]) for size in sizes] for sizes in task.state_sizes] for rows in (1, 2))
    for states in ([], one[:1], [*one, one[0]], [one[0], [*one[1], one[1][0]]]):
        with pytest.raises(InputError, match="2 layers with 4 states in all"):
            task.step([1], states)
    for states in (two, [one[0], two[1]], [[*one[0][:1], one[0][1][:, 1:]], one[1]]):
        with pytest.raises(InputError, match=r"^state \d of a step"):
            task.step([1], states)
    assert task.step([1], one).logits.shape == [1, len(task.preprocessor)]


@pytest.mark.parametrize("options, message", [
    ({"length": "3"}, "`length` must be a whole number, got '3'."), ({"length": 2.5}, "a whole number"),
    ({"batch_size": 2.5}, "`batch_size` must be a whole number"), ({"top_k": 2.5}, "a whole number"),
    ({"one_line": "x"}, "`one_line` must be True or False"),
])  # fmt: skip
def test_options_of_a_wrong_type(options, message):
    with pytest.raises(InputError, match=message):
        language_model().predict_text("the", **options)


def test_dynamic_is_a_bool_or_says_how():
    with pytest.raises(InputError, match="`dynamic` must be True, False or a `DynamicEvaluation`, got 'x'"):
        language_model().score_text("the", dynamic="x")
