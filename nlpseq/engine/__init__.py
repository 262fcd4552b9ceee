"""How a cell is run over time: the loop, masks, and backpropagation through time."""

from nlpseq.engine.compilation import get_mode, mode, set_mode, should_compile
from nlpseq.engine.derivatives import first_only, without_gradients
from nlpseq.engine.recurrence import run

__all__ = ["first_only", "get_mode", "mode", "run", "set_mode", "should_compile", "without_gradients"]
