"""Texts of two languages to ids, and ids back to texts."""

import keras
import tensorflow as tf

from nlpseq.errors import in_range
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.vocabulary import END


@keras.saving.register_keras_serializable("nlpseq")
class PairPreprocessor:
    """Sources and targets to ids, each with the end symbol.

    Args:
        source: `nlpseq.text.SubwordTokenizer` of the sources.
        target: that of the targets; None for the same one.
        max_tokens: Longer texts are cut to this many pieces, the end symbol included.
            Default 100.

    Call arguments:
        texts: string tensor `(batch,)` of sources.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None)`, of at least one id.

    Raises:
        InputError: `max_tokens` is below 2.

    Example:

    >>> encoder = PairPreprocessor.learn(["a b"], ["c d"], kind="word", size=10)
    >>> encoder(tf.constant(["b", ""])).to_list()
    [[5, 3], [3]]
    """

    def __init__(self, source, target=None, max_tokens=100):
        self.source = source
        self.target = source if target is None else target
        self.max_tokens = in_range("max_tokens", max_tokens, 2)

    def __call__(self, texts):
        return self.append_end(self.source(texts))

    def targets(self, texts):
        """The ids of targets; one that is cut has no end symbol, since it does not end there."""
        ids = self.target(texts)
        return tf.concat([ids, tf.fill([ids.nrows(), 1], END)], axis=1)[:, : self.max_tokens]

    def is_truncated(self, ids):
        """Whether `append_end` leaves out some of the pieces, bool `(batch,)`."""
        return ids.row_lengths() >= self.max_tokens

    def truncated_share(self, sources, targets):
        """The share of some pairs of texts of which a side is cut."""
        cut = self.is_truncated(self.source(list(sources))) | self.is_truncated(self.target(list(targets)))
        return float(tf.reduce_mean(tf.cast(cut, tf.float32)))

    @classmethod
    def learn(
        cls, sources, targets, kind="bpe", size=8000, joint=False, lowercase=False, max_tokens=100,
        pretokenized=False,
    ):  # fmt: skip
        """An encoder with pieces learnt from pairs of texts.

        Args:
            sources, targets: sequences of strings (str or bytes).
            kind, size, lowercase, pretokenized: as in `SubwordTokenizer.learn`.
            joint: whether both sides share one vocabulary, of `size` in all.
            max_tokens: as in the class.
        """
        options = {"kind": kind, "size": size, "lowercase": lowercase, "pretokenized": pretokenized}
        if joint:
            return cls(SubwordTokenizer.learn([*sources, *targets], **options), None, max_tokens)
        source, target = (SubwordTokenizer.learn(texts, **options) for texts in (sources, targets))
        return cls(source, target, max_tokens)

    @property
    def joint(self):
        """Whether both sides have the same pieces."""
        return self.target is self.source

    @property
    def tables(self):
        """The lookup tables, which an export must hold."""
        return self.source.tables if self.joint else [*self.source.tables, *self.target.tables]

    def append_end(self, ids):
        """Pieces, cut to what is read, with the end symbol."""
        ids = ids[:, : self.max_tokens - 1]
        return tf.concat([ids, tf.fill([ids.nrows(), 1], END)], axis=1)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        target = None if self.joint else serialize(self.target)
        return {"source": serialize(self.source), "target": target, "max_tokens": self.max_tokens}

    @classmethod
    def from_config(cls, config):
        restore = keras.saving.deserialize_keras_object
        target = None if config["target"] is None else restore(config["target"])
        return cls(restore(config["source"]), target, config["max_tokens"])
