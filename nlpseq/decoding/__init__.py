"""Greedy search, beam search and sampling over any step function, batched and in the graph."""

from nlpseq.decoding.beam import beam_search
from nlpseq.decoding.contract import Decoded, Step
from nlpseq.decoding.greedy import greedy
from nlpseq.decoding.sampling import sample

__all__ = ["Decoded", "Step", "beam_search", "greedy", "sample"]
