"""Exports: written, described, and asked."""

from nlpseq.serving.client import Export

__all__ = ["Export"]
