"""Layers of a Keras model."""

from nlpseq.layers.attention import BahdanauAttention, LuongAttention
from nlpseq.layers.bidirectional import Bidirectional
from nlpseq.layers.cell_layer import CellLayer
from nlpseq.layers.crf import CRF
from nlpseq.layers.gru import GRU
from nlpseq.layers.lstm import LSTM
from nlpseq.layers.pooling import Pooling
from nlpseq.layers.recurrent import RNN
from nlpseq.layers.simple_rnn import SimpleRNN
from nlpseq.layers.stack import StackedRNNCells

__all__ = [
    "CRF", "GRU", "LSTM", "RNN", "BahdanauAttention", "Bidirectional", "CellLayer", "LuongAttention", "Pooling",
    "SimpleRNN", "StackedRNNCells",
]  # fmt: skip
