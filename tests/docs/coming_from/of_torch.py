"""Rows of PyTorch."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq import cells
from nlpseq.layers import GRU, LSTM, Bidirectional, SimpleRNN
from tests.docs.coming_from.rows import close, row
from tests.layers.helpers import BATCH, FEATURES, UNITS, normal, sequences

X = sequences(seed=11)


def torch():
    import torch

    torch.manual_seed(1)
    return torch


def torch_weights(module, blocks=None, add=True, layer=0):
    """Kernel, recurrent kernel and bias in Keras's order; `blocks` are the gates in the order of ours."""
    kernel, recurrent, b_1, b_2 = (weight.detach().numpy() for weight in module.all_weights[layer][:4])

    def order(w):
        return w if blocks is None else np.concatenate([np.split(w, 3)[block] for block in blocks])

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
