"""The translator: its text path, teacher forcing against stepping, search, saving."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.cells import MinGRUCell, RecurrentCell
from nlpseq.data import Pairs
from nlpseq.errors import InputError
from nlpseq.reporting import print_cut
from nlpseq.tasks import Translator
from nlpseq.text import END, START, PairEncoder

pytestmark = pytest.mark.usefixtures("portable")

SOURCES = ["a b c", "c", "b a a c b", "a c"]
TARGETS = ["x y", "z", "y x x", "z z"]
ODD = ["", " \n", "never seen", "😀👍", "\x00\x07", b"\xff\xfe", "a " * 10_000, "a" * 10_000]
ATTENTIONS = ["bahdanau", "general", "dot", "scaled", "none"]


@keras.saving.register_keras_serializable("tests")
class DriftCell(RecurrentCell):
    """h_t = 0.5 h_{t-1} + 0.5 tanh(W x_t + U h_{t-1} + b)."""

    def transition(self, wx, uh, states):
        return [0.5 * states[0] + 0.5 * tf.tanh(wx + uh)]


def pairs(repeat=8):
    return Pairs(*(np.array([text.encode() for text in side] * repeat, object) for side in (SOURCES, TARGETS)))


def encoder(**options):
    return PairEncoder.learn(SOURCES, TARGETS, **{"kind": "word", "size": 20, "max_tokens": 12, **options})


@functools.cache  # a translator traces its search once; those that train make their own
def translator(**settings):
    return new_translator(**settings)


def new_translator(learnt=None, **settings):
    task = Translator(learnt or encoder(), **{"units": 6, "embedding_size": 4, **settings})
    task.build()
    rng = np.random.default_rng(3)
    task.set_weights([rng.normal(size=w.shape) for w in task.get_weights()])
    return task


@pytest.mark.parametrize("cell, attention", zip(itertools.cycle(["gru", "lstm", "rnn"]), ATTENTIONS))
@pytest.mark.parametrize("input_feeding", [False, True])
def test_steps_give_what_the_whole_sentence_gives(cell, attention, input_feeding):
    deep = {"layers": 2, "decoder_layers": 3} if attention == "dot" else {}
    task = translator(cell=cell, attention=attention, input_feeding=input_feeding, **deep)
    sources = task.encoder(tf.constant(SOURCES)).to_tensor(shape=(4, 8))
    targets = tf.constant([[START, 4, 5, 6, 4]] * 4)
    whole = task((sources, targets))
    memory = task._read(sources)
    output, states = tf.zeros([4, 4]), task._first_states(memory)
    for at in range(5):
        output, states, weights = task._step(memory, task.target_embedding(targets[:, at]), output, states)
        np.testing.assert_allclose(task._logits(output), whole[:, at], atol=1e-5)
    if attention != "none":
        np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), 1, atol=1e-5)
        assert np.abs(weights[0, 4:]).max() == 0  # padding


@pytest.mark.parametrize("cell", [DriftCell, pytest.param(MinGRUCell, marks=pytest.mark.slow)])
def test_a_cell_of_ones_own_trains_translates_and_is_saved(tmp_path, cell):
    task = new_translator(cell=cell, recurrent_dropout=0.0)
    whole = task((task.encoder(tf.constant(SOURCES)).to_tensor(), tf.constant([[START, 4, 5]] * 4)))
    again = Translator.from_config(task.get_config())
    again.build()
    again.set_weights(task.get_weights())
    assert {type(layer.cell) for layer in again.writer} == {cell}
    np.testing.assert_array_equal(
        whole, again((task.encoder(tf.constant(SOURCES)).to_tensor(), tf.constant([[START, 4, 5]] * 4)))
    )
    task.compile(keras.optimizers.Adam(0.03))
    history = task.fit(task.prepare(pairs(), 8, training=True), epochs=8, verbose=0, shuffle=False).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.predict_text(SOURCES) == task.predict_text(SOURCES)


class NewCell(RecurrentCell):
    """A cell that nobody has told Keras of."""


def test_a_cell_that_is_none():
    for cell, message in (("grv", "unknown"), (keras.layers.GRUCell, "unknown"), (NewCell, "does not know the")):
        with pytest.raises(InputError, match=f"{message} cell"):
            Translator(encoder(), cell=cell)


@pytest.mark.parametrize("attention", ["bahdanau", "none"])
def test_neighbours_and_padding_change_nothing(attention):
    task = translator(attention=attention)
    texts = [*SOURCES, "a b c a b c a", "a " * 9, ""]  # the one of seven, and its end, fills a bucket alone
    together = task.predict_text(texts)
    alone = [task.predict_text(text) for text in texts]
    assert together["translation"] == [answer["translation"][0] for answer in alone]
    np.testing.assert_allclose(together["score"], [answer["score"][0] for answer in alone], atol=1e-5)


def test_the_decoder_begins_with_what_both_directions_read():
    task = translator(attention="none")
    sources = task.encoder(tf.constant(SOURCES)).to_tensor(shape=(4, 8))
    lengths = np.count_nonzero(sources, axis=1)
    summary = task._read(sources).summary.numpy()
    for row, length in enumerate(lengths):
        found = task._read(sources[row : row + 1, :length]).states.numpy()[0]
        np.testing.assert_allclose(summary[row], np.concatenate([found[-1, :3], found[0, 3:]]), atol=1e-6)


def test_a_beam_of_one_is_greedy_search():
    task = translator()
    found, sources = task.search(tf.constant(SOURCES), beam_size=1)
    for row, most in enumerate(10 + 2 * np.count_nonzero(sources, axis=1)):
        ids = [START]
        while ids[-1] != END and len(ids) <= min(most, 12):
            logits = task((sources[row : row + 1], tf.constant([ids])))[0, -1].numpy()
            ids.append(int(np.argmax(np.where(np.isin(np.arange(len(logits)), [0, 1, START]), -1e9, logits))))
        expected = [each for each in ids[1:] if each != END]
        assert found.ids[row, 0, : found.lengths[row, 0]].numpy().tolist() == expected


def test_scores_are_the_log_probabilities_of_the_model():
    task = translator(length_penalty=0.0)
    found, sources = task.search(tf.constant(SOURCES), beam_size=3)
    for row in range(4):
        ids = found.ids[row, 0, : found.lengths[row, 0]].numpy().tolist()
        ended = [*ids, END] if len(ids) < min(12, 10 + 2 * len(sources[row])) else ids
        logits = task((sources[row : row + 1], tf.constant([[START, *ended[:-1]]])))[0].numpy()
        logits[:, [0, 1, START]] = -1e9
        chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        total = sum(chances[at, piece] for at, piece in enumerate(ended))
        np.testing.assert_allclose(found.scores[row, 0], total, rtol=1e-4)


def test_a_wide_beam_finds_at_least_what_greedy_search_finds():
    task = translator(length_penalty=0.0)
    narrow, wide = (task.predict_text(SOURCES, beam_size=size)["score"] for size in (1, 8))
    assert all(b >= a - 1e-5 for a, b in zip(narrow, wide)) and narrow != wide


@pytest.mark.parametrize("options", [{"kind": "word"}, {"kind": "character", "joint": True}])
def test_odd_texts_get_an_answer(options):
    task = new_translator(encoder(**options))
    answer = task.predict_text(ODD)
    assert len(answer["translation"]) == len(ODD) and np.isfinite(answer["score"]).all()
    cut = task.answer(tf.constant(ODD))["cut"].numpy().tolist()
    assert cut[:4] == [False] * 4 and cut[6] is True
    assert task.predict_text([]) == {"translation": [], "score": []}


def test_best_translations_with_scores_and_attention():
    task = translator()
    text = tf.constant(SOURCES)
    best, many, seen = task.answer(text), task.answer_nbest(text), task.answer_attention(text)
    assert many["translations"].shape == many["scores"].shape == (4, 5)
    np.testing.assert_allclose(many["scores"][:, 0], best["score"], atol=1e-6)
    assert (np.diff(many["scores"].numpy()) <= 0).all()
    assert seen["translations"].numpy().tolist() == many["translations"].numpy().tolist()
    assert seen["target_pieces"].shape[:2] == (4, 5)
    assert seen["attention"].shape[1:] == (*seen["target_pieces"].shape[1:], seen["source_pieces"].shape[1])
    real = seen["target_pieces"].numpy() != b""
    assert real.any()
    np.testing.assert_allclose(tf.reduce_sum(seen["attention"], axis=-1), real, atol=1e-5)
    assert [piece for piece in seen["source_pieces"][1].numpy() if piece] == [b" c", b"<end>"]


def test_samples_of_attention():
    task = translator()
    samples = task.attention_samples([*SOURCES, "a b c a b"], count=2)
    assert len(samples) == 2  # of the sentences of at least four pieces and an end
    for source, target, weights in samples:
        assert source in (["b", "a", "a", "c", "b", "<end>"], ["a", "b", "c", "a", "b", "<end>"])
        assert weights.shape == (len(target), len(source)) and target
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert translator(attention="none").attention_samples(SOURCES) == []
    assert task.attention_samples(["a b c a b c a b"], longest=8) == []


@pytest.mark.parametrize("settings", [
    {"attention": "bahdanau"}, {"attention": "none", "scheduled_sampling": 0.3},
    pytest.param({"attention": "general", "input_feeding": True, "cell": "lstm"}, marks=pytest.mark.slow),
])  # fmt: skip
def test_fit_learns(settings):
    task = new_translator(dropout=0.0, output_dropout=0.0, **settings)
    task.compile(keras.optimizers.Adam(0.03))
    batches = task.prepare(pairs(), batch_size=8, training=True)
    history = task.fit(batches, epochs=12, verbose=0, shuffle=False).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_labels_are_the_targets_and_the_decoder_reads_them_one_step_later():
    task = translator()
    (((sources, targets), labels),) = task.prepare(pairs(1), batch_size=4)
    x, y, z = (task.encoder.target([each])[0, 0].numpy() for each in ("x", "y", "z"))
    assert labels[:2, :4].numpy().tolist() == [[x, y, END, -1], [z, END, -1, -1]]
    assert targets[:2, :4].numpy().tolist() == [[START, x, y, END], [START, z, END, 0]]
    assert sources.shape == (4, 8) and END in sources[1]


def test_loss_is_the_smoothed_cross_entropy_of_real_pieces():
    task = new_translator(label_smoothing=0.2)
    (((sources, targets), labels),) = task.prepare(pairs(1), batch_size=4)
    logits = task((sources, targets)).numpy().astype("float64")
    chances = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    total, count, pieces = 0.0, 0, logits.shape[-1]
    for row, at in itertools.product(range(4), range(labels.shape[1])):
        if labels[row, at] >= 0:
            wanted = np.full(pieces, 0.2 / pieces)
            wanted[labels[row, at]] += 0.8
            total, count = total - (wanted * chances[row, at]).sum(), count + 1
    np.testing.assert_allclose(task.default_loss()(labels, task((sources, targets))), total / count, rtol=1e-5)


def test_keras_file_round_trip(tmp_path):
    task = new_translator(encoder(kind="bpe", size=14, joint=True), cell="lstm")
    task.compile()
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.get_config() == task.get_config() and loaded.encoder.joint
    assert loaded.predict_text(SOURCES) == task.predict_text(SOURCES)
    loaded.fit(loaded.prepare(pairs(2), 8, training=True), verbose=0, shuffle=False)


@pytest.mark.parametrize("name", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_mixed_precision(name):
    with training.precision(name):
        task = Translator(encoder(), units=4, embedding_size=4)
    task.compile()
    task.fit(task.prepare(pairs(), 8, training=True), verbose=0, shuffle=False)
    assert np.isfinite(task.predict_text(SOURCES)["score"]).all()


@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_task_of_its_own_precision_is_loaded_as_it_was(tmp_path, input_feeding):
    task = Translator(encoder(), units=4, embedding_size=4, input_feeding=input_feeding, dtype="mixed_bfloat16")
    task.build()
    assert task.readout.compute_dtype == task.reader[0].compute_dtype == "bfloat16"
    task.save(tmp_path / "t.keras")
    loaded = keras.saving.load_model(tmp_path / "t.keras")
    assert keras.config.dtype_policy().name == "float32" and loaded.readout.compute_dtype == "bfloat16"
    assert loaded.predict_text(SOURCES) == task.predict_text(SOURCES)


@pytest.mark.parametrize("wrong, message", [
    ({"cell": "grru"}, "unknown `cell` 'grru': did you mean gru"),
    ({"attention": "luong"}, "unknown `attention` 'luong'"),
    ({"beam_size": 0}, "`beam_size` must be at least 1"),
    ({"label_smoothing": 2}, "`label_smoothing` must be between 0 and 1"),
    ({"attention": "none", "coverage_penalty": 0.5}, "coverage_penalty is of attention"),
    ({"dropout": 1.5}, "`dropout` must be between 0 and 0.95"),
    ({"recurrent_dropout": -0.1}, "`recurrent_dropout` must be between 0 and 0.95"),
    ({"attention": "dot", "units": 7}, "'dot' needs an even number of units, got 7"),
])  # fmt: skip
def test_unknown_options(wrong, message):
    with pytest.raises(InputError, match=message):
        new_translator(**wrong)


def test_a_beam_of_zero():
    with pytest.raises(InputError, match="`beam_size` must be at least 1, got 0"):
        translator().predict_text(SOURCES, beam_size=0)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_recurrent_dropout_drops_in_training_only(input_feeding):
    settings = {"dropout": 0.0, "output_dropout": 0.0, "input_feeding": input_feeding}
    task, still = (new_translator(recurrent_dropout=rate, **settings) for rate in (0.6, 0.0))
    inputs = task.encoder(tf.constant(SOURCES)).to_tensor(shape=(4, 8)), tf.constant([[START, 4, 5, 6]] * 4)
    np.testing.assert_allclose(task(inputs), still(inputs), atol=1e-5)
    memory = still._read(inputs[0])
    in_training = tf.function(lambda task: task._write(memory, inputs[1], training=True), autograph=False)
    assert np.abs(in_training(task) - in_training(still)).max() > 1e-2


def test_coverage_changes_what_a_search_likes_best():
    plain, covering = translator(), translator(coverage_penalty=2.0)
    assert plain.predict_text(SOURCES)["score"] != covering.predict_text(SOURCES)["score"]


def test_translations_without_a_limit_of_their_own_end_at_that_of_the_task():
    task = translator(length_ratio=1e9)
    found, _ = task.search(tf.constant(SOURCES))
    assert 0 < found.lengths.numpy().max() <= 12 and np.isfinite(found.scores).all()


def test_a_target_that_is_cut_does_not_end():
    targets = encoder(max_tokens=4).targets(tf.constant(["x y z", "x y z x", "x y z x y z", ""]))
    assert [END in row for row in targets.to_list()] == [True, False, False, True]
    assert targets.row_lengths().numpy().tolist() == [4, 4, 4, 1]


def test_guesses_are_pieces_that_a_translation_may_have():
    task = new_translator(scheduled_sampling=1.0)
    task.bias.assign([9.0, 9.0, 9.0, *task.bias.numpy()[3:]])  # of padding, the unknown piece and the start
    sources = task.encoder(tf.constant(SOURCES)).to_tensor(shape=(4, 8))
    targets = np.array([[START, 4, 5, 1, 4, 0]] * 4)
    guessed = task._with_guesses(task._read(sources), tf.constant(targets, tf.int32)).numpy()
    assert (guessed[:, 0] == START).all() and (guessed[:, 5] == 0).all() and (guessed[:, 1:5] >= END).all()
    likeliest = task._writable(task((sources, tf.constant(targets)))).numpy().argmax(axis=-1)
    np.testing.assert_array_equal(guessed[:, 1:5], likeliest[:, :4])


def test_pairs_that_are_cut_are_counted(capsys):
    share = encoder(max_tokens=4).truncated_share(["a b c", "a b c a", "a", "a"], ["x", "y", "x y x y x", "y"])
    assert share == 0.5
    print_cut(share, 4, 4)
    print_cut(0.0, 4, 4)
    assert capsys.readouterr().out == (
        "50.00% of the first 4 training pairs are cut: a side has more than 3 pieces (--max-tokens 4)\n"
    )
