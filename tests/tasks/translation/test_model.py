"""The translator: its text path, teacher forcing against stepping, search, saving."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.errors import InputError
from nlpseq.tasks import Translator
from nlpseq.tasks.translation.report import print_truncated
from nlpseq.tasks.translation.search import attention_samples
from nlpseq.text import END, START
from tests.tasks.tiny import ODD, SOURCES, new_translator, pair_tokens, pairs, translator

pytestmark = pytest.mark.usefixtures("portable", "eager")

ATTENTIONS = ["bahdanau", "general", "dot", "scaled", "none"]


@functools.cache
def decoded(beam_size, **settings):
    """What a search of a translator gives for `SOURCES`: ids, lengths, scores; and the ids that were read."""
    result, sources = translator(**settings).search(tf.constant(SOURCES), beam_size)
    return [value.numpy() for value in (result.ids[:, 0], result.lengths[:, 0], result.scores[:, 0], sources)]


@functools.cache
def attended():
    """The best translations of `SOURCES` with their attention."""
    return {name: value.numpy() for name, value in translator().search.answer_attention(tf.constant(SOURCES)).items()}


def next_logits(task, sources, ids):
    """Logits of each of the ids `(batch, time)`, given those before it, of tokens that a translation may have."""
    starts = np.full((len(ids), 1), START)
    logits = task((tf.constant(sources), tf.constant(np.concatenate([starts, ids[:, :-1]], axis=1)))).numpy()
    logits[..., [0, 1, START]] = -1e9
    return logits


def sources_of(task):
    return task.preprocessor(tf.constant(SOURCES)).to_tensor(shape=(4, 8))


@pytest.mark.parametrize("cell, attention, input_feeding", [
    pytest.param(cell, attention, feeding, marks=[pytest.mark.slow] * (feeding != (attention in ("bahdanau", "dot"))))
    for cell, attention in zip(itertools.cycle(["gru", "lstm", "rnn"]), ATTENTIONS) for feeding in (False, True)
])  # fmt: skip
def test_steps_give_what_the_whole_sentence_gives(cell, attention, input_feeding):
    deep = {"layers": 2, "decoder_layers": 3} if attention == "dot" else {}
    task = translator(cell=cell, attention=attention, input_feeding=input_feeding, **deep)
    sources = sources_of(task)
    targets = tf.constant([[START, 4, 5, 6, 4]] * 4)
    whole = task((sources, targets))
    memory = task.encode(sources)
    output, states = tf.zeros([4, 4]), task.initial_states(memory)
    for at in range(5):
        output, states, weights = task.step(memory, task.target_embedding(targets[:, at]), output, states)
        np.testing.assert_allclose(task.logits(output), whole[:, at], atol=1e-5)
    if attention != "none":
        np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), 1, atol=1e-5)
        assert np.abs(weights[0, 4:]).max() == 0  # padding


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("attention", ["bahdanau", pytest.param("none", marks=pytest.mark.slow)])
def test_neighbours_and_padding_change_nothing(attention):
    task = translator(attention=attention)
    texts = [*SOURCES, "a b c a b c a", "a " * 9, ""]  # no padding where one is alone
    together = task.predict_text(texts)
    alone = [task.predict_text(text) for text in texts]
    assert together["translation"] == [answer["translation"][0] for answer in alone]
    np.testing.assert_allclose(together["score"], [answer["score"][0] for answer in alone], atol=1e-5)


def test_the_decoder_begins_with_what_both_directions_read():
    task = translator(attention="none")
    sources = sources_of(task)
    lengths = np.count_nonzero(sources, axis=1)
    summary = task.encode(sources).summary.numpy()
    for row, length in enumerate(lengths):
        states = task.encode(sources[row : row + 1, :length]).states.numpy()[0]
        np.testing.assert_allclose(summary[row], np.concatenate([states[-1, :3], states[0, 3:]]), atol=1e-6)


def test_a_beam_of_one_is_greedy_search():
    ids, lengths, _, sources = decoded(1, length_penalty=0.0)
    likeliest = next_logits(translator(length_penalty=0.0), sources, ids).argmax(axis=-1)
    for row, length in enumerate(lengths):
        assert likeliest[row, :length].tolist() == ids[row, :length].tolist()
        assert length == ids.shape[1] or likeliest[row, length] == END


def test_scores_are_the_log_probabilities_of_the_model():
    ids, lengths, scores, sources = decoded(3, length_penalty=0.0)
    ids = np.concatenate([ids, np.zeros((4, 1), ids.dtype)], axis=1)
    ids[range(4), lengths] = END
    logits = next_logits(translator(length_penalty=0.0), sources, ids)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    for row, length in enumerate(lengths):
        ended = length + 1 if length < 8 else length  # a translation of the most tokens has no end
        total = sum(log_probabilities[row, at, ids[row, at]] for at in range(ended))
        np.testing.assert_allclose(scores[row], total, rtol=1e-4)


def test_a_wide_beam_finds_at_least_what_greedy_search_finds():
    narrow, wide = (decoded(size, length_penalty=0.0)[2] for size in (1, 3))
    assert (wide >= narrow - 1e-5).all() and (wide > narrow + 1e-5).any()


def test_the_beam_of_a_translation():
    task = translator()
    default, narrow = task.predict_text(SOURCES), task.predict_text(SOURCES, beam_size=1)
    assert default["score"] != narrow["score"]
    np.testing.assert_allclose(default["score"], attended()["scores"][:, 0], atol=1e-5)
    with pytest.raises(InputError, match="`beam_size` must be at least 1, got 0"):
        task.predict_text(SOURCES, beam_size=0)


@pytest.mark.parametrize("options", [{"kind": "word"}, {"kind": "character", "joint": True}])
def test_odd_texts_get_an_answer(options):
    texts = [*ODD, "a " * 10_000, "a" * 10_000]
    answer = new_translator(pair_tokens(**options), beam_size=2).answer(tf.constant(texts))
    assert answer["translation"].shape == len(texts) and np.isfinite(answer["score"]).all()
    truncated = answer["truncated"].numpy().tolist()
    assert truncated[:2] == [False] * 2 and truncated[6] is True


def test_no_texts():
    assert translator().predict_text([]) == {"translation": [], "score": []}


def test_best_translations_with_scores_and_attention():
    answers = attended()
    many = translator().search.answer_nbest(tf.constant(SOURCES))
    assert many["translations"].shape == many["scores"].shape == (4, 5)
    assert (np.diff(many["scores"].numpy()) <= 0).all()
    np.testing.assert_array_equal(answers["translations"], many["translations"])
    sources, targets, weights = (answers[name] for name in ("source_tokens", "target_tokens", "attention"))
    assert targets.shape[:2] == (4, 5) and weights.shape[1:] == (*targets.shape[1:], sources.shape[1])
    real = targets != b""
    assert real.any()
    np.testing.assert_allclose(weights.sum(axis=-1), real, atol=1e-5)
    assert [token for token in sources[1] if token] == [b" c", b"<end>"]


@pytest.mark.slow
def test_samples_of_attention():
    task = translator(beam_size=1)
    samples = attention_samples(task, [*SOURCES, "a b c a b"], count=2)
    assert len(samples) == 2  # of the sentences of at least four tokens and an end
    for source, target, weights in samples:
        assert source in (["b", "a", "a", "c", "b", "<end>"], ["a", "b", "c", "a", "b", "<end>"])
        assert weights.shape == (len(target), len(source)) and target
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert attention_samples(translator(attention="none"), SOURCES) == []
    assert attention_samples(task, ["a b c a b c"], longest=6) == []


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
@pytest.mark.parametrize("settings", [
    {}, {"attention": "none", "scheduled_sampling": 0.3}, {"input_feeding": True, "cell": "lstm"},
])  # fmt: skip
def test_fit_learns(settings):
    task = new_translator(dropout=0.0, output_dropout=0.0, **settings)
    task.compile(keras.optimizers.Adam(0.05))
    batches = task.prepare(pairs(1), batch_size=4, training=True)
    history = task.fit(batches, epochs=12, verbose=0, shuffle=False).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_labels_are_the_targets_and_the_decoder_reads_them_one_step_later():
    task = translator()
    (((sources, targets), labels),) = task.prepare(pairs(1), batch_size=4)
    x, y, z = (task.preprocessor.target([text])[0, 0].numpy() for text in ("x", "y", "z"))
    assert labels[:2, :4].numpy().tolist() == [[x, y, END, -1], [z, END, -1, -1]]
    assert targets[:2, :4].numpy().tolist() == [[START, x, y, END], [START, z, END, 0]]
    assert sources.shape == (4, 6) and END in sources[1]


def test_loss_is_the_smoothed_cross_entropy_of_real_tokens():
    task = new_translator(label_smoothing=0.2)
    (((sources, targets), labels),) = task.prepare(pairs(1), batch_size=4)
    logits = task((sources, targets)).numpy().astype("float64")
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    total, count, tokens = 0.0, 0, logits.shape[-1]
    for row, at in itertools.product(range(4), range(labels.shape[1])):
        if labels[row, at] >= 0:
            target = np.full(tokens, 0.2 / tokens)
            target[labels[row, at]] += 0.8
            total, count = total - (target * log_probabilities[row, at]).sum(), count + 1
    np.testing.assert_allclose(task.default_loss()(labels, task((sources, targets))), total / count, rtol=1e-5)


def test_a_vector_is_the_mean_over_the_encoded_tokens():
    task = translator()
    memory = task.encode(task.preprocessor(["a b c"]).to_tensor())
    np.testing.assert_allclose(task.embed_text("a b c"), np.mean(memory.states, axis=1), atol=1e-5)


def test_keras_file_round_trip(tmp_path):
    task = new_translator(pair_tokens(kind="bpe", size=14, joint=True), cell="lstm")
    task.compile()
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config() and loaded.preprocessor.joint
    inputs = sources_of(task), tf.constant([[START, 4, 5, 6]] * 4)
    np.testing.assert_array_equal(task(inputs), loaded(inputs))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_mixed_precision(name):
    with training.precision(name):
        task = Translator(pair_tokens(), units=4, embedding_size=4, decoder_layers=1, beam_size=2)
    task.compile(run_eagerly=True)
    history = task.fit(task.prepare(pairs(1), 4, training=True), verbose=0, shuffle=False).history
    assert task.readout.compute_dtype == task.encoder_layers[0].compute_dtype == name
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(task.answer(tf.constant(SOURCES))["score"]).all()


@pytest.mark.slow
def test_a_task_of_another_dtype_is_loaded_as_it_was(tmp_path):
    task = Translator(pair_tokens(), units=4, embedding_size=4, input_feeding=True, dtype="mixed_bfloat16")
    task.build()
    assert task.readout.compute_dtype == task.encoder_layers[0].compute_dtype == "bfloat16"
    task.save(tmp_path / "t.keras")
    loaded = keras.saving.load_model(tmp_path / "t.keras")
    assert keras.config.dtype_policy().name == "float32" and loaded.readout.compute_dtype == "bfloat16"
    inputs = sources_of(task), tf.constant([[START, 4, 5, 6]] * 4)
    np.testing.assert_array_equal(task(inputs), loaded(inputs))


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "grru"}, "unknown `cell` 'grru': did you mean gru"),
    ({"attention": "luong"}, "unknown `attention` 'luong': choose one of bahdanau"),
    ({"beam_size": 0}, "`beam_size` must be at least 1"),
    ({"attention": "none", "coverage_penalty": 0.5}, "`coverage_penalty` requires `attention`"),
    ({"attention": "dot", "units": 7}, "`attention` 'dot' needs an even number of `units`, got 7"),
])  # fmt: skip
def test_unknown_settings(wrong, message):
    with pytest.raises(InputError, match=message):
        Translator(pair_tokens(), **wrong)


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.slow
def test_recurrent_dropout_drops_in_training_only(input_feeding):
    settings = {"dropout": 0.0, "output_dropout": 0.0, "input_feeding": input_feeding}
    task, plain = (new_translator(recurrent_dropout=rate, **settings) for rate in (0.6, 0.0))
    inputs = sources_of(task), tf.constant([[START, 4, 5, 6]] * 4)
    np.testing.assert_allclose(task(inputs), plain(inputs), atol=1e-5)
    memory = plain.encode(inputs[0])
    dropped, undropped = (one._decode(memory, inputs[1], training=True) for one in (task, plain))
    assert np.abs(dropped - undropped).max() > 1e-2


@pytest.mark.slow
def test_the_coverage_penalty_changes_scores():
    assert (attended()["scores"][:, 0] != decoded(5, coverage_penalty=2.0)[2]).any()


@pytest.mark.slow
def test_translations_of_any_length_ratio_end_at_the_most_tokens():
    _, lengths, scores, _ = decoded(2, length_ratio=1e9)
    assert 0 < lengths.max() <= 8 and np.isfinite(scores).all()


@pytest.mark.parametrize("beam_size", [1, 2])
@pytest.mark.slow
def test_a_translation_that_does_not_end_is_cut_in_proportion_to_its_source(beam_size):
    task = new_translator(pair_tokens(max_tokens=20), length_ratio=1.5)
    task.bias.assign(np.where(np.arange(task.bias.shape[0]) == END, -1e4, task.bias.numpy()))
    result, sources = task.search(tf.constant(["a b c", "c", "a b c a b c a b c"]), beam_size=beam_size)
    assert sources.numpy().astype(bool).sum(axis=1).tolist() == [4, 2, 10]  # with the end
    assert result.lengths.numpy()[:, 0].tolist() == [16, 13, 20]  # 10 + 1.5 times that, at most `max_tokens`


def test_a_target_that_is_truncated_has_no_end():
    targets = pair_tokens(max_tokens=4).targets(tf.constant(["x y z", "x y z x", "x y z x y z", ""]))
    assert [END in row for row in targets.to_list()] == [True, False, False, True]
    assert targets.row_lengths().numpy().tolist() == [4, 4, 4, 1]


def test_predictions_are_tokens_that_a_translation_may_have():
    task = new_translator(scheduled_sampling=1.0)
    task.bias.assign([9.0, 9.0, 9.0, *task.bias.numpy()[3:]])  # of padding, the unknown token and the start
    sources = sources_of(task)
    targets = np.array([[START, 4, 5, 1, 4, 0]] * 4)
    predicted = task._with_predictions(task.encode(sources), tf.constant(targets, tf.int32)).numpy()
    assert (predicted[:, 0] == START).all() and (predicted[:, 5] == 0).all() and (predicted[:, 1:5] >= END).all()
    best = task.search.without_special(task((sources, tf.constant(targets)))).numpy().argmax(axis=-1)
    np.testing.assert_array_equal(predicted[:, 1:5], best[:, :4])


def test_truncated_pairs_are_counted(capsys):
    share = pair_tokens(max_tokens=4).truncated_share(["a b c", "a b c a", "a", "a"], ["x", "y", "x y x y x", "y"])
    assert share == 0.5
    print_truncated(share, 4, 4)
    print_truncated(0.0, 4, 4)
    assert capsys.readouterr().out == (
        "50.00% of the first 4 training pairs are truncated: a side has more than 3 tokens (--max-tokens 4)\n"
    )
