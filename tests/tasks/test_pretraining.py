"""Pretraining as language models: what it predicts, what it trains, and how it continues."""

import random

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.tasks import pretrain
from nlpseq.tasks.pretraining import Pretrainer
from nlpseq.training import Checkpoints
from tests.tasks import tiny
from tests.tasks.tiny import SENTENCES, TEXTS

pytestmark = pytest.mark.usefixtures("portable")


def test_the_loss_is_that_of_the_next_and_of_the_previous_word():
    task = tiny.new_classifier(tiny.words(ngrams=2))
    model = Pretrainer(task)
    model.build()
    ids = task.encode_texts(TEXTS).to_tensor()
    logits = [factored.numpy() for factored in model(ids)]
    losses = [[], []]
    for row in range(len(ids)):
        words = [word for word in ids[row, :, 0].numpy() if word]
        for step, _ in enumerate(words):
            for direction, other in ((0, step + 1), (1, step - 1)):
                if 0 <= other < len(words):
                    scores = logits[direction][row, step]
                    losses[direction].append(np.log(np.exp(scores).sum()) - scores[words[other]])
    expected = np.mean([np.mean(values) for values in losses])
    np.testing.assert_allclose(model.compute_loss(ids, None, model(ids)), expected, rtol=1e-4)


@pytest.mark.parametrize(
    "new", [lambda: tiny.new_classifier(tiny.words(ngrams=2)), pytest.param(tiny.new_tagger, marks=pytest.mark.slow)]
)
def test_no_word_is_shown_that_is_to_be_predicted(new):
    model = Pretrainer(new())
    model.build()
    texts = SENTENCES if model.task.kind == "tagging" else TEXTS
    ids = model.task.encode_texts(texts).to_tensor().numpy()[1:2, :2]
    other = ids.copy()
    other[:, 1] = model.task.encode_texts(texts).to_tensor().numpy()[0:1, 0]  # another second word
    before, after = model(tf.constant(ids)), model(tf.constant(other))
    np.testing.assert_allclose(before[0].numpy()[0, 0], after[0].numpy()[0, 0], rtol=1e-5)
    other = ids.copy()
    other[:, 0] = other[:, 1]
    after = model(tf.constant(other))
    np.testing.assert_allclose(before[1].numpy()[0, 1], after[1].numpy()[0, 1], rtol=1e-5)


@pytest.mark.slow
def test_embeddings_and_recurrent_layer_are_trained_and_nothing_else(tmp_path, capsys):
    lines = tmp_path / "more.txt"
    lines.write_text("a good new film\n\nnot a bad film\n")
    before, task = tiny.new_classifier(linear="bayes"), tiny.new_classifier(linear="bayes")
    checkpoints = Checkpoints(tmp_path / "run")
    options = {"pretrain": ["own", str(lines)], "pretrain_epochs": 1, "checkpoints": checkpoints}
    pretrain(task, TEXTS * 8, TEXTS, **options)
    message = capsys.readouterr().out
    assert "pretraining on 32 texts of the task and 2 lines" in message and "pretrained: perplexity" in message
    for one, other, changes in (
        (before.embeddings[0], task.embeddings[0], True),
        (before.recurrent[0], task.recurrent[0], True),
        (before.head, task.head, False),
        (before.linear, task.linear, False),
    ):
        same = [np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights())]
        assert not any(same) if changes else all(same)
    assert len(task.trainable_variables) == len(before.trainable_variables)
    again = tiny.new_classifier(linear="bayes")  # as the next network of an ensemble
    own = [weight + 1 for weight in again.head.get_weights()]
    again.head.set_weights(own)
    random.seed(5)
    pretrain(again, TEXTS * 8, TEXTS, **options)
    assert "resuming after the training" in capsys.readouterr().out and random.random() == random.Random(5).random()
    again_own = again.head.get_weights()
    again.head.set_weights(task.head.get_weights())
    for one, other in zip([*task.get_weights(), *own], [*again.get_weights(), *again_own], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_file_without_text(tmp_path):
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(InputError, match="empty: expected a text in each line, for `pretrain`"):
        pretrain(tiny.new_classifier(), TEXTS, TEXTS, [tmp_path / "empty.txt"])
    with pytest.raises(InputError, match="cannot read .*: no such file"):
        pretrain(tiny.new_classifier(), TEXTS, TEXTS, [tmp_path / "missing.txt"])
