"""How a cell is run over time: the loop, masks, and backpropagation through time."""

from nlpseq.engine.compilation import get_mode, mode, set_mode, should_compile
from nlpseq.engine.derivatives import first_only, without_gradients
from nlpseq.engine.recurrence import run
from nlpseq.engine.substitution import substituted_runs
from nlpseq.engine.tracing import Traced, program_count, specs_of

__all__ = [
    "Traced",
    "first_only",
    "get_mode",
    "mode",
    "program_count",
    "run",
    "set_mode",
    "should_compile",
    "specs_of",
    "substituted_runs",
    "without_gradients",
]
