"""Scores of language models against the sum over one long run."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import Lines
from nlpseq.evaluation import evaluate_language_model
from nlpseq.text import END
from tests.tasks.tiny import lines, new_language_model

pytestmark = pytest.mark.usefixtures("portable")


@pytest.mark.parametrize("steps", [4, pytest.param(1000, marks=pytest.mark.slow)])
def test_perplexity_is_that_of_the_continuous_text(steps):
    task, text = new_language_model(layers=2, steps=steps), lines(7)
    ids = task.preprocessor.encode_corpus(text.lines).numpy()
    metrics = evaluate_language_model(task, text).metrics
    logits = task(tf.constant([[END, *ids[:-1]]]))[0]
    nats = -tf.gather(tf.nn.log_softmax(logits), tf.constant(ids), batch_dims=1).numpy()
    assert metrics["tokens"] == len(ids)
    assert metrics["nats_per_token"] == pytest.approx(nats.mean(), rel=1e-5)
    assert metrics["perplexity"] == pytest.approx(np.exp(nats.mean()), rel=1e-4)
    characters = sum(len(line) + 1 for line in text.lines)
    assert metrics["nats_per_character"] == pytest.approx(nats.sum() / characters, rel=1e-5)
    assert metrics["unknown_share"] == 0


def test_streams_and_unknown_words():
    task = new_language_model(steps=5)
    text = Lines(np.array([b"the zebra sat"] * 10, object))
    one, four = (evaluate_language_model(task, text, streams).metrics for streams in (1, 4))
    assert one["unknown_share"] == 0.25 and four["tokens"] == 40
    assert one["perplexity"] != four["perplexity"]
