"""Sources and targets of translation to ids of subwords, and back."""

import collections
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import whole
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.subwords.splitting import COUNT_BATCH, count_words
from nlpseq.text.vocabulary import END


@keras.saving.register_keras_serializable("nlpseq")
class PairPreprocessor:
    """Sources and targets to ids, with the end symbol after each text.

    Args:
        source: `nlpseq.text.SubwordTokenizer` of the sources.
        target: that of the targets; None for the same one.
        max_tokens: Longer texts are truncated to this many tokens, the end symbol included,
            2 or more. Default 60.

    Call arguments:
        texts: string tensor `(batch,)` of sources.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None)`, of at least one id.

    Raises:
        InputError: `max_tokens` is below 2.

    Example:

    >>> preprocessor = PairPreprocessor.learn(["a b"], ["c d"], kind="word", size=10)
    >>> preprocessor(tf.constant(["b", ""])).to_list()
    [[5, 3], [3]]
    """

    def __init__(self, source: SubwordTokenizer, target: SubwordTokenizer | None = None, max_tokens: int = 60):
        self.source = source
        self.target = source if target is None else target
        self.max_tokens = whole("max_tokens", max_tokens, 2)

    def __call__(self, texts) -> tf.RaggedTensor:
        return self.append_end(self.source_tokens(texts))

    def source_tokens(self, texts) -> tf.RaggedTensor:
        """The ids of sources without the end symbol, as many as show `is_truncated`."""
        return self.source(texts, self.max_tokens)

    def targets(self, texts) -> tf.RaggedTensor:
        """The ids of targets; a truncated one has no end symbol, because it does not end there."""
        ids = self.target(texts, self.max_tokens)
        return tf.concat([ids, tf.fill([ids.nrows(), 1], END)], axis=1)[:, : self.max_tokens]

    def append_end(self, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Ids truncated to `max_tokens - 1`, with the end symbol after them."""
        ids = ids[:, : self.max_tokens - 1]
        return tf.concat([ids, tf.fill([ids.nrows(), 1], END)], axis=1)

    def is_truncated(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Whether `append_end` drops ids of a row, bool `(batch,)`."""
        return ids.row_lengths() >= self.max_tokens

    def truncated_share(self, sources: Sequence, targets: Sequence) -> float:
        """The share of pairs of texts of which at least one side is truncated."""
        sides = (self.source, sources), (self.target, targets)
        source, target = (self.is_truncated(side(list(texts), self.max_tokens)) for side, texts in sides)
        return float(tf.reduce_mean(tf.cast(source | target, tf.float32)))

    @classmethod
    def learn(
        cls,
        sources: Sequence[str | bytes],
        targets: Sequence[str | bytes],
        kind: str = "bpe",
        size: int = 8000,
        joint: bool = False,
        lowercase: bool = False,
        max_tokens: int = 60,
        pretokenized: bool = False,
    ) -> "PairPreprocessor":
        """A preprocessor whose tokenizers are learnt from pairs of texts.

        Args:
            sources, targets: sequences of strings (str or bytes).
            kind, size, lowercase, pretokenized: as in `SubwordTokenizer.learn`.
            joint: whether both sides share one vocabulary of `size` entries.
            max_tokens: as in the class.
        """
        counts = (count_words(texts, lowercase, pretokenized) for texts in (sources, targets))
        return cls.of_counts(*counts, kind, size, joint, lowercase, max_tokens, pretokenized)

    @classmethod
    def of_counts(
        cls,
        sources: Mapping[bytes, int],
        targets: Mapping[bytes, int],
        kind: str = "bpe",
        size: int = 8000,
        joint: bool = False,
        lowercase: bool = False,
        max_tokens: int = 60,
        pretokenized: bool = False,
    ) -> "PairPreprocessor":
        """As `learn`, of the counts of words as in `SubwordTokenizer.of_counts`."""
        options = {"kind": kind, "size": size, "lowercase": lowercase, "pretokenized": pretokenized}
        if joint:
            total = collections.Counter(sources)
            total.update(targets)
            return cls(SubwordTokenizer.of_counts(total, **options), None, max_tokens)
        source, target = (SubwordTokenizer.of_counts(counts, **options) for counts in (sources, targets))
        return cls(source, target, max_tokens)

    @property
    def source_words(self) -> list[str]:
        """The word of each source id; "" for a piece that is only part of a word."""
        return [piece.strip() if piece[:1] == " " or not piece.isalnum() else "" for piece in self.source.pieces]

    def count_source_words(self, sources: Sequence) -> dict[str, int]:
        """How often each of `source_words` occurs in texts; "" counts all other pieces."""
        counts = np.zeros(len(self.source), np.int64)
        for start in range(0, len(sources), COUNT_BATCH):
            ids = self.source(tf.constant(list(sources[start : start + COUNT_BATCH]), tf.string)).flat_values
            counts += np.bincount(ids, minlength=len(counts))
        words: dict[str, int] = {}
        for word, count in zip(self.source_words, counts.tolist()):
            if count:
                words[word] = words.get(word, 0) + count
        return words

    @property
    def joint(self) -> bool:
        """Whether both sides share one vocabulary."""
        return self.target is self.source

    @property
    def tables(self) -> list:
        """The lookup tables, which an export must track."""
        return self.source.tables if self.joint else [*self.source.tables, *self.target.tables]

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        target = None if self.joint else serialize(self.target)
        return {"source": serialize(self.source), "target": target, "max_tokens": self.max_tokens}

    @classmethod
    def from_config(cls, config: dict) -> "PairPreprocessor":
        restore = keras.saving.deserialize_keras_object
        target = None if config["target"] is None else restore(config["target"])
        return cls(restore(config["source"]), target, config["max_tokens"])
