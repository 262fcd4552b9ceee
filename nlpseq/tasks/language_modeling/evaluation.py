"""Scores of language models."""

import math
from dataclasses import dataclass

import tensorflow as tf

from nlpseq.text import UNKNOWN


@dataclass(frozen=True)
class LanguageResult:
    """Scores on one split.

    Attributes:
        metrics: "perplexity", exp of "nats_per_token"; "nats_per_character", over the
            characters of the text with single blanks, line ends included, which is comparable
            between vocabularies that know all of the text and keep its case; "tokens", line
            ends included; and "unknown_share", of tokens outside the vocabulary, which are
            scored as the unknown piece.
    """

    metrics: dict


def evaluate_language_model(task, lines, streams=1):
    """Scores a `LanguageModel` on `nlpseq.data.Lines`.

    The text is read as one, from its first word to its last, and the states are carried
    through all of it. With one stream every token counts once, line ends included; the context
    of the first one is the end of a line.

    Args:
        task: the model.
        lines: the text.
        streams: how many parts of it are read side by side, each from empty states, without
            what does not fill them; that is faster and a little worse. Default 1.
    """
    nats, tokens, unknown = 0.0, 0, 0
    measure = tf.function(lambda inputs, labels: _nats(task, inputs, labels))
    for inputs, labels in task.prepare(lines, streams):
        nats += float(measure(inputs, labels))
        tokens += labels.shape[0] * labels.shape[1]
        unknown += int(tf.reduce_sum(tf.cast(labels == UNKNOWN, tf.int32)))
    metrics = {
        "perplexity": math.exp(min(nats / tokens, 700.0)),
        "nats_per_token": nats / tokens,
        "nats_per_character": nats / tokens * len(task.preprocessor.encode_corpus(lines.lines)) / lines.characters,
        "tokens": tokens,
        "unknown_share": unknown / tokens,
    }
    return LanguageResult(metrics)


def _nats(task, inputs, labels):
    logits = task(inputs, training=False)
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
