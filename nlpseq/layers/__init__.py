"""What users put in a model."""

from nlpseq.layers.bidirectional import Bidirectional
from nlpseq.layers.pooling import Pooling
from nlpseq.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from nlpseq.layers.stack import StackedRNNCells

__all__ = ["GRU", "LSTM", "RNN", "Bidirectional", "Pooling", "SimpleRNN", "StackedRNNCells"]
