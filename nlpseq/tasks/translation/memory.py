"""What the decoder of a translator reads of its sources."""

from typing import NamedTuple

import tensorflow as tf


class Memory(NamedTuple):
    """The encoded sources that the decoder reads.

    Attributes:
        states: m `(batch, source, features)`.
        mask: bool `(batch, source)`, False = padding.
        keys: m projected by the attention layer, or None without attention.
        summary: [forward m_S ; backward m_1], `(batch, features)`.
    """

    states: tf.Tensor
    mask: tf.Tensor
    keys: tf.Tensor | None
    summary: tf.Tensor
