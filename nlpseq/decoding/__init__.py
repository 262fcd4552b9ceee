"""Greedy search, beam search and sampling over any step function, and searches for CTC, batched and in the graph."""

from nlpseq.decoding.beam import beam_search
from nlpseq.decoding.contract import Decoded, Step
from nlpseq.decoding.ctc import Fusion, Transcript, ctc_beam_search, ctc_greedy
from nlpseq.decoding.greedy import greedy
from nlpseq.decoding.ngrams import NgramModel
from nlpseq.decoding.sampling import sample

__all__ = [
    "Decoded",
    "Fusion",
    "NgramModel",
    "Step",
    "Transcript",
    "beam_search",
    "ctc_beam_search",
    "ctc_greedy",
    "greedy",
    "sample",
]
