"""Each row of the tables "Coming from": the old name and the new one give equal numbers.

References are Keras and PyTorch where they are installed, else the published formulas in NumPy.
"""

import itertools
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import cells, decoding, layers
from nlpseq.cli.main import _parser
from nlpseq.layers import CRF, GRU, LSTM, BahdanauAttention, Bidirectional, LuongAttention, Pooling, SimpleRNN
from nlpseq.tasks.objectives import SmoothedCrossEntropy
from nlpseq.tasks.translation.settings import TranslatorSettings
from tests.layers.helpers import BATCH, FEATURES, MASK, TIME, UNITS, normal, pair, randomize, same_weights, sequences

PAGES = Path(__file__).parents[2] / "docs" / "coming-from"
ROWS = {}
pytestmark = pytest.mark.usefixtures("portable", "eager")


def row(*names):
    """Registers the test of one or several rows, by the first column."""

    def register(test):
        ROWS.update(dict.fromkeys(names, test))
        return test

    return register


def rows_of(page):
    table = [line.split("|")[1].strip() for line in (PAGES / page).read_text("utf-8").splitlines() if line[:1] == "|"]
    return [name for name in table if name.startswith("`")]


def test_every_row_has_a_test_and_every_test_a_row():
    written = [name for page in sorted(PAGES.glob("*.md")) for name in rows_of(page.name)]
    assert sorted(written) == sorted(ROWS) and len(written) > 40


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for page in sorted(PAGES.glob("*.md")) for name in rows_of(page.name)])
def test_row(name):
    if "torch" in name:
        pytest.importorskip("torch")
    ROWS[name]()


def close(ours, theirs, atol=1e-5):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=atol, rtol=1e-4)


# Keras


def _keras_layer(name):
    ours, theirs = pair(name, return_sequences=True)
    close(ours(sequences(), mask=MASK), theirs(sequences(), mask=MASK))


for layer_name in ("SimpleRNN", "LSTM", "GRU"):
    row(f"`keras.layers.{layer_name}`")(lambda name=layer_name: _keras_layer(name))


@row("`keras.layers.RNN`", "`keras.layers.StackedRNNCells`")
def row_stack():
    stack = lambda room, kind: room.RNN(room.StackedRNNCells([kind.LSTMCell(UNITS), kind.GRUCell(UNITS)]))  # noqa: E731
    ours, theirs = same_weights(stack(layers, _Cells), stack(keras.layers, keras.layers))
    close(ours(sequences()), theirs(sequences()))


class _Cells:
    LSTMCell, GRUCell = cells.LSTMCell, cells.GRUCell


@row("`keras.layers.Bidirectional`")
def row_bidirectional():
    ours, theirs = (room.Bidirectional(room.LSTM(UNITS, return_sequences=True)) for room in (layers, keras.layers))
    same_weights(ours, theirs)
    close(ours(sequences(), mask=MASK), theirs(sequences(), mask=MASK))


def _keras_cell(name):
    ours, theirs = getattr(cells, name)(UNITS), getattr(keras.layers, name)(UNITS)
    same_weights(ours, theirs, (BATCH, FEATURES))
    states = [normal(BATCH, UNITS, seed=n) for n in range(2 if name == "LSTMCell" else 1)]
    close(ours(normal(BATCH, FEATURES), states)[0], theirs(normal(BATCH, FEATURES), states)[0])


for cell_name in ("LSTMCell", "GRUCell", "SimpleRNNCell"):
    row(f"`keras.layers.{cell_name}`")(lambda name=cell_name: _keras_cell(name))

QUERY, MEMORY = normal(BATCH, 2, UNITS, seed=3), normal(BATCH, TIME, UNITS, seed=4)


@row("`keras.layers.Attention`")
def row_dot_attention():
    theirs = keras.layers.Attention()([QUERY, MEMORY], mask=[None, tf.constant(MASK)])
    close(LuongAttention("dot")(QUERY, MEMORY, mask=MASK), theirs)


@row("`keras.layers.AdditiveAttention`")
def row_additive_attention():
    ours, theirs = BahdanauAttention(UNITS), keras.layers.AdditiveAttention()
    ours(QUERY, MEMORY)
    theirs.build([QUERY.shape, MEMORY.shape])
    theirs.set_weights([normal(UNITS, seed=6)])
    ours.set_weights([np.eye(UNITS), np.eye(UNITS), normal(UNITS, seed=6)])
    close(ours(QUERY, MEMORY, mask=MASK), theirs([QUERY, MEMORY], mask=[None, tf.constant(MASK)]))


@row("`keras.layers.GlobalAveragePooling1D`")
def row_mean():
    theirs = keras.layers.GlobalAveragePooling1D()(MEMORY, mask=tf.constant(MASK))
    close(Pooling("mean")(MEMORY, mask=MASK), theirs)


@row("`keras.layers.GlobalMaxPooling1D`")
def row_max():
    close(Pooling("max")(MEMORY), keras.layers.GlobalMaxPooling1D()(MEMORY))


# TensorFlow Addons: formulas of its documentation

EMISSIONS, TAGS = normal(2, 4, 3, seed=7), np.array([[0, 2, 1, 1], [2, 2, 0, 1]])


def crf(boundaries=False, **options):
    layer = CRF(3, boundaries=boundaries, **options)
    layer(EMISSIONS)
    return randomize(layer)


def score(layer, tags, emissions):
    """sum_t e_t(y_t) + sum_{t>1} A[y_{t-1}, y_t]."""
    transitions = np.asarray(layer.transitions)
    return emissions[np.arange(len(tags)), tags].sum() + transitions[tags[:-1], tags[1:]].sum()


def all_scores(layer, emissions):
    return {tags: score(layer, np.array(tags), emissions) for tags in itertools.product(range(3), repeat=4)}


def log_norm(layer, emissions):
    return np.log(np.sum(np.exp(list(all_scores(layer, emissions).values()))))


@row("`tfa.layers.CRF`", "`tfa.text.crf_decode`", "`tfa.text.viterbi_decode`")
def row_decode():
    layer = crf()
    close(layer(EMISSIONS), EMISSIONS)
    tags, scores = layer.decode(EMISSIONS)
    for number in range(2):
        every = all_scores(layer, EMISSIONS[number])
        best = max(every, key=every.get)
        assert tuple(tags[number].numpy()) == best
        close(scores[number], every[best])


@row("`tfa.text.crf_log_likelihood`", "`tfa.text.crf_log_norm`")
def row_log_likelihood():
    layer = crf()
    for number, value in enumerate(layer.log_likelihood(TAGS, EMISSIONS)):
        close(value, score(layer, TAGS[number], EMISSIONS[number]) - log_norm(layer, EMISSIONS[number]))


@row("`tfa.text.crf_constrained_decode`")
def row_constrained():
    layer = CRF(["O", "B-X", "I-X"], scheme="bio", boundaries=False)
    tags = layer.decode(layer(normal(20, 6, 3, seed=8)))[0].numpy()
    assert (tags == 2).any()
    assert not any(now == 2 and before == 0 for line in tags for before, now in zip([0, *line], line))


@row("`tf2crf.CRF`, `ModelWithCRFLoss`", "`torchcrf.CRF`")
def row_loss():
    layer = crf(boundaries=True)
    first, last = np.asarray(layer.first), np.asarray(layer.last)
    expected = []
    for tags, emissions in zip(TAGS, EMISSIONS):
        with_ends = {y: s + first[y[0]] + last[y[-1]] for y, s in all_scores(layer, emissions).items()}
        expected.append(np.log(np.sum(np.exp(list(with_ends.values())))) - with_ends[tuple(tags)])
    close(-layer.log_likelihood(TAGS, EMISSIONS), expected)
    value = layer.loss(TAGS, layer(EMISSIONS))
    assert float(value) == pytest.approx(np.mean(expected), rel=1e-4) or float(value) == pytest.approx(
        np.sum(expected) / TAGS.size, rel=1e-4
    )


def softmax(x):
    shares = np.exp(x - x.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


@row("`tfa.seq2seq.BahdanauAttention`", "`tfa.seq2seq.AttentionWrapper`")
def row_bahdanau():
    layer = BahdanauAttention(5)
    layer(QUERY, MEMORY)
    W, U, v = randomize(layer).get_weights()
    energies = np.tanh((QUERY @ W)[:, :, None] + (MEMORY @ U)[:, None]) @ v
    close(layer(QUERY, MEMORY), softmax(energies) @ MEMORY)


@row("`tfa.seq2seq.LuongAttention`", "`opennmt.decoders.AttentionalRNNDecoder`", "`opennmt.models.LuongRNN`")
def row_luong():
    layer = LuongAttention("general")
    layer(QUERY, MEMORY)
    (kernel,) = randomize(layer).get_weights()
    close(layer(QUERY, MEMORY), softmax(QUERY @ (MEMORY @ kernel).transpose(0, 2, 1)) @ MEMORY)
    assert "general" in str(TranslatorSettings.__annotations__["attention"])


LOGS = np.log(softmax(normal(4, 4, seed=9) - np.float32([2, 0, 0, 0])))  # the end is rare


def step(tokens, states):
    return decoding.Step(tf.gather(tf.constant(LOGS), tokens), states)


@row("`tfa.seq2seq.BasicDecoder`, `GreedyEmbeddingSampler`")
def row_greedy():
    decoded = decoding.greedy(step, (), start=tf.constant([3]), end=0, max_length=5)
    token, expected = 3, []
    while len(expected) < 5 and (not expected or token != 0):
        token = int(LOGS[token].argmax())
        expected.append(token)
    ids = [token for token in np.ravel(decoded.ids).tolist() if token]
    assert ids == [token for token in expected if token] and len(ids) > 1


@row("`tfa.seq2seq.SampleEmbeddingSampler`")
def row_sample():
    decoded = decoding.sample(step, (), start=tf.fill([4000], 1), end=0, max_length=1)
    shares = np.bincount(np.ravel(decoded.ids), minlength=4) / 4000
    close(shares, np.exp(LOGS[1]), atol=0.03)


def best_by_hand(power):
    """The best finished sequence of up to four tokens, by log P / ((5 + n) / 6)^power."""
    values = {}
    for length in range(1, 5):
        for middle in itertools.product((1, 2, 3), repeat=length - 1):
            tokens = (*middle, 0)
            values[tokens] = sum(LOGS[a, b] for a, b in zip((1, *tokens), tokens)) / ((5 + length) / 6) ** power
    return max(values, key=values.get), max(values.values())


@row("`tfa.seq2seq.BeamSearchDecoder`", "`params: beam_width`", "`params: length_penalty`")
def row_beam():
    for power in (0.0, 1.0):
        decoded = decoding.beam_search(
            step, (), start=tf.constant([1]), end=0, max_length=4, beam_size=60, length_penalty=power, n_best=20
        )
        tokens, value = best_by_hand(power)
        finished = [(ids, s) for ids, s in zip(decoded.ids.numpy()[0].tolist(), decoded.scores.numpy()[0]) if 0 in ids]
        assert tuple(finished[0][0][: len(tokens)]) == tokens
        close(finished[0][1], value)


@row("`params: coverage_penalty`")
def row_coverage_penalty():
    from nlpseq.decoding.penalties import coverage_penalty

    coverage = np.array([[[0.5, 1.5, 0.25]]], "float32")
    expected = 0.3 * np.log(np.minimum(coverage, 1)).sum(axis=-1)
    close(coverage_penalty(tf.constant(coverage), tf.ones((1, 3), tf.bool), 0.3), expected)


def layer_norm(x, gain=1.0, shift=0.0):
    return gain * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) + shift


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@row("`tfa.rnn.LayerNormLSTMCell`")
def row_layer_normalization():
    cell = cells.LSTMCell(UNITS, layer_normalization=True)
    x, h, c = normal(BATCH, FEATURES), normal(BATCH, UNITS, seed=1), normal(BATCH, UNITS, seed=2)
    cell.build((BATCH, FEATURES))
    by_name = {weight.name: np.asarray(weight) for weight in cell.weights}
    parts = layer_norm(x @ by_name["kernel"]) + layer_norm(h @ by_name["recurrent_kernel"]) + by_name["bias"]
    i, f, g, o = np.split(parts, 4, axis=-1)
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    close(cell(x, [h, c])[1][1], new, atol=1e-3)
    close(cell(x, [h, c])[0], sigmoid(o) * np.tanh(layer_norm(new)), atol=1e-3)


@row("`tfa.rnn.PeepholeLSTMCell`")
def row_peephole():
    cell = cells.LSTMCell(UNITS, peephole=True)
    cell.build((BATCH, FEATURES))
    randomize(cell)
    by_name = {weight.name: np.asarray(weight) for weight in cell.weights}
    x, h, c = normal(BATCH, FEATURES), normal(BATCH, UNITS, seed=1), normal(BATCH, UNITS, seed=2)
    i, f, g, o = np.split(x @ by_name["kernel"] + h @ by_name["recurrent_kernel"] + by_name["bias"], 4, axis=-1)
    p_i, p_f, p_o = by_name["peephole_kernel"]
    new = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
    close(cell(x, [h, c])[0], sigmoid(o + p_o * new) * np.tanh(new))


# OpenNMT-tf: commands and settings


@row("`onmt-main train`", "`onmt-main infer`", "`onmt-main export`")
def row_commands():
    from nlpseq.cli.train import find_recipes

    assert "translation" in find_recipes()
    commands = re.search(r"\{(.*?)\}|COMMAND", _parser({}).format_usage())
    assert commands and _parser({}).parse_args(["predict", "export", "text"]).command == "predict"
    assert shutil.which("onmt-main") is None  # else the rows could be run beside it


@row("`params: label_smoothing`")
def row_label_smoothing():
    logits, labels = normal(2, 3, 5), np.array([[1, 2, 3], [0, 4, -1]])
    logs = np.log(softmax(logits))
    real = labels >= 0
    picked = np.take_along_axis(logs, np.maximum(labels, 0)[..., None], -1)[..., 0]
    expected = -(0.9 * picked + 0.1 * logs.mean(axis=-1))[real].mean()
    close(SmoothedCrossEntropy(0.1)(labels, logits), expected)


# PyTorch

X = sequences(seed=11)


def torch():
    import torch

    torch.manual_seed(1)
    return torch


def torch_weights(module, blocks=None, add=True, layer=0):
    """Kernel, recurrent kernel and bias in Keras's order; `blocks` are the gates in the order of ours."""
    kernel, recurrent, b_1, b_2 = (weight.detach().numpy() for weight in module.all_weights[layer][:4])
    order = lambda w: w if blocks is None else np.concatenate([np.split(w, 3)[block] for block in blocks])  # noqa: E731
    biases = [order(b_1), order(b_2)]
    return [order(kernel).T, order(recurrent).T, sum(biases) if add else np.stack(biases)]


def run_torch(module, x=X):
    return module(torch().tensor(x))[0].detach().numpy()


@row("`torch.nn.RNN`")
def row_torch_rnn():
    for nonlinearity in ("tanh", "relu"):
        module = torch().nn.RNN(FEATURES, UNITS, batch_first=True, nonlinearity=nonlinearity)
        layer = SimpleRNN(UNITS, nonlinearity, return_sequences=True)
        layer.build(X.shape)
        layer.set_weights(torch_weights(module))
        close(layer(X), run_torch(module))


@row("`torch.nn.LSTM`")
def row_torch_lstm():
    module = torch().nn.LSTM(FEATURES, UNITS, batch_first=True)
    layer = LSTM(UNITS, return_sequences=True)
    layer.build(X.shape)
    layer.set_weights(torch_weights(module))
    close(layer(X), run_torch(module))


@row("`torch.nn.GRU`")
def row_torch_gru():
    module = torch().nn.GRU(FEATURES, UNITS, batch_first=True)
    layer = GRU(UNITS, return_sequences=True)
    layer.build(X.shape)
    layer.set_weights(torch_weights(module, blocks=(1, 0, 2), add=False))
    close(layer(X), run_torch(module))


@row("`torch.nn.LSTM(bidirectional=True)`")
def row_torch_bidirectional():
    module = torch().nn.LSTM(FEATURES, UNITS, batch_first=True, bidirectional=True)
    layer = Bidirectional(LSTM(UNITS, return_sequences=True))
    layer.build(X.shape)
    layer.set_weights([*torch_weights(module), *torch_weights(module, layer=1)])
    close(layer(X), run_torch(module))


@row("`torch.nn.LSTM(proj_size=n)`")
def row_torch_projection():
    module = torch().nn.LSTM(FEATURES, 5, proj_size=2, batch_first=True)
    layer = LSTM(5, projection_size=2, return_sequences=True)
    layer.build(X.shape)
    kernel, recurrent, bias = torch_weights(module)
    by_name = {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}
    by_name["projection_kernel"] = module.all_weights[0][4].detach().numpy().T
    layer.set_weights([by_name[weight.name] for weight in layer.weights])
    close(layer(X), run_torch(module))


@row("`torch.nn.LSTM(num_layers=2)`")
def row_torch_layers():
    module = torch().nn.LSTM(FEATURES, UNITS, num_layers=2, batch_first=True)
    stack = [LSTM(UNITS, return_sequences=True) for _ in range(2)]
    hidden = X
    for number, layer in enumerate(stack):
        layer.build(np.shape(hidden))
        layer.set_weights(torch_weights(module, layer=number))
        hidden = layer(hidden)
    close(hidden, run_torch(module))


@row("`torch.nn.LSTMCell`")
def row_torch_cell():
    module = torch().nn.LSTMCell(FEATURES, UNITS)
    kernel, recurrent, b_1, b_2 = (weight.detach().numpy() for weight in module.parameters())
    cell = cells.LSTMCell(UNITS)
    cell.build((BATCH, FEATURES))
    cell.set_weights([kernel.T, recurrent.T, b_1 + b_2])
    states = [normal(BATCH, UNITS, seed=n) for n in (1, 2)]
    h, c = module(torch().tensor(X[:, 0]), tuple(map(torch().tensor, states)))
    output, (_, memory) = cell(X[:, 0], states)
    close(output, h.detach())
    close(memory, c.detach())


@row("`torch.nn.utils.rnn.pack_padded_sequence`")
def row_torch_packing():
    rnn = torch().nn.utils.rnn
    module, lengths = torch().nn.LSTM(FEATURES, UNITS, batch_first=True), [5, 3, 2]
    packed = rnn.pack_padded_sequence(torch().tensor(X), lengths, batch_first=True)
    _, (h, _) = module(packed)
    layer = LSTM(UNITS)
    layer.build(X.shape)
    layer.set_weights(torch_weights(module))
    close(layer(X, mask=tf.sequence_mask(lengths)), h[0].detach())


@row("`torch.nn.Embedding(padding_idx=0)`")
def row_torch_embedding():
    module, ids = torch().nn.Embedding(6, 3, padding_idx=0), np.array([[1, 5, 0]])
    layer = keras.layers.Embedding(6, 3, mask_zero=True)
    layer.build()
    layer.set_weights([module.weight.detach().numpy()])
    close(layer(ids), module(torch().tensor(ids)).detach())
    assert layer.compute_mask(ids).numpy().tolist() == [[True, True, False]]


def _clipped_torch(clip):
    parameter = torch().nn.Parameter(torch().zeros(4))
    parameter.grad = torch().tensor([3.0, -7.0, 1.0, 0.5])
    clip(parameter)
    return parameter.grad.numpy()


def _clipped_keras(**options):
    variable = keras.Variable(np.zeros(4, "float32"))
    keras.optimizers.SGD(1.0, **options).apply([tf.constant([3.0, -7.0, 1.0, 0.5])], [variable])
    return -np.asarray(variable)


@row("`torch.nn.utils.clip_grad_norm_`")
def row_torch_clip_norm():
    clipped = _clipped_torch(lambda parameter: torch().nn.utils.clip_grad_norm_([parameter], 1.0))
    close(_clipped_keras(global_clipnorm=1.0), clipped)


@row("`torch.nn.utils.clip_grad_value_`")
def row_torch_clip_value():
    clipped = _clipped_torch(lambda parameter: torch().nn.utils.clip_grad_value_([parameter], 5.0))
    close(_clipped_keras(clipvalue=5.0), clipped)


@row("`torch.nn.CrossEntropyLoss(ignore_index=-1)`")
def row_torch_cross_entropy():
    logits, labels = normal(6, 4), np.array([0, 3, -1, 2, -1, 1])
    theirs = torch().nn.CrossEntropyLoss(ignore_index=-1)(torch().tensor(logits), torch().tensor(labels))
    losses = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)(labels, logits)
    close(losses, theirs)
