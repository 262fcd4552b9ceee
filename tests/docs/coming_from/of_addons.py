"""Rows of TensorFlow Addons: the formulas of its documentation."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import cells, decoding
from nlpseq.layers import CRF, BahdanauAttention, LuongAttention
from nlpseq.tasks.translation.settings import TranslatorSettings
from tests.docs.coming_from.rows import MEMORY, QUERY, close, row, softmax
from tests.layers.helpers import BATCH, FEATURES, UNITS, normal, randomize

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
