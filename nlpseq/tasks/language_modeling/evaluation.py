"""Scores of a language model on a split."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from nlpseq.text import UNKNOWN

if TYPE_CHECKING:
    from nlpseq.tasks.language_modeling.data import Lines
    from nlpseq.tasks.language_modeling.dynamic import DynamicEvaluation
    from nlpseq.tasks.language_modeling.model import LanguageModel


@dataclass(frozen=True)
class LanguageResult:
    """Scores on one split.

    Attributes:
        metrics: "perplexity", the exponential of "nats_per_token"; "nats_per_character", over the
            characters of the text with single spaces and line ends, which is comparable between
            vocabularies that cover the text and keep its case; "tokens", the number of tokens
            and line ends; "unknown_share", the share of tokens outside the vocabulary, which
            are scored as the unknown token. With dynamic evaluation also "dynamic_perplexity" and
            "dynamic_nats_per_token".
    """

    metrics: dict[str, Any]


def evaluate_language_model(
    task: "LanguageModel", lines: "Lines", streams: int = 1, dynamic: "DynamicEvaluation | None" = None
) -> LanguageResult:
    """Evaluates a `LanguageModel` on a continuous text.

    The text is read from its first to its last token with carried states. With one stream every
    token is scored once, including line ends; the context of the first token is a line end.

    Args:
        task: The model.
        lines: The text.
        streams: Number of parts of the text that are read in parallel, each from zero states;
            a remainder is dropped. More streams are faster and give a slightly higher
            perplexity. Default 1.
        dynamic: Also evaluates with weights that adapt to the text, which is then read once more, in one
            stream. Default None.
    """
    nats, tokens, unknown = 0.0, 0, 0
    measure = tf.function(lambda inputs, labels: _nats(task, inputs, labels), autograph=False)
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
        **({} if dynamic is None else _adapted(task, lines, dynamic)),
    }
    return LanguageResult(metrics)


def _adapted(task, lines, dynamic):
    """The metrics of dynamic evaluation."""
    ids = task.ids_of(lines)
    with dynamic.adapting():
        nats = sum(float(tf.reduce_sum(dynamic.step(*segment))) for segment in dynamic.segments(ids))
    nats /= len(ids) - 1
    return {"dynamic_perplexity": math.exp(min(nats, 700.0)), "dynamic_nats_per_token": nats}


def _nats(task, inputs, labels):
    logits = task(inputs, training=False)
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
