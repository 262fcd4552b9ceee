"""A kind of task that nlpseq does not know: a series of numbers in, the next number out."""

from tests.toy_kind.answers import Answers

__all__ = ["Answers"]
