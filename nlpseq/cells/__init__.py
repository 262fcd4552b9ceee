"""The equations: what one time step computes, and nothing else."""

from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.gru import GRUCell, ResetBeforeGRUCell
from nlpseq.cells.linear import LinearCell, MinGRUCell, MinLSTMCell
from nlpseq.cells.lstm import LSTMCell
from nlpseq.cells.simple_rnn import SimpleRNNCell

__all__ = [
    "GRUCell", "LSTMCell", "LinearCell", "MinGRUCell", "MinLSTMCell", "RecurrentCell", "ResetBeforeGRUCell",
    "SimpleRNNCell",
]  # fmt: skip
