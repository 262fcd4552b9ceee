"""What users put in a model."""

from nlpseq.layers.attention import BahdanauAttention, LuongAttention
from nlpseq.layers.bidirectional import Bidirectional
from nlpseq.layers.crf import CRF
from nlpseq.layers.pooling import Pooling
from nlpseq.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from nlpseq.layers.stack import StackedRNNCells

__all__ = [
    "CRF", "GRU", "LSTM", "RNN", "BahdanauAttention", "Bidirectional", "LuongAttention", "Pooling",
    "SimpleRNN", "StackedRNNCells",
]  # fmt: skip
