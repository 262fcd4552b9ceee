"""What the terminal and pictures show."""

from nlpseq.reporting.console import *  # noqa: F403
from nlpseq.reporting.console import _note_unknown  # noqa: F401
