"""Saliency and memory horizon of trained networks, on generated texts whose decisive words are known."""

import numpy as np
import pytest

from nlpseq import engine
from tests.benchmarks import looking

pytestmark = pytest.mark.slow


def test_saliency_finds_the_words_that_decide():
    task = looking.trained_on_reviews(epochs=5)
    with engine.mode("portable"):
        actual = looking.precisions(task, 60)
    assert actual["sentences"] > 55
    assert min(actual["integrated"], actual["removal"], actual["input"]) > 0.6
    assert actual["random"] < 0.2 and actual["gradient"] < 0.5


@pytest.mark.parametrize("distance", [8, 25])
def test_the_horizon_is_the_distance_of_the_question(distance):
    accuracy, actual = looking.horizon(distance, "lstm", examples=1600)
    assert accuracy > 0.95
    assert abs(actual.by_perturbation - distance) <= 1 and int(np.argmax(actual.perturbation)) == distance


def test_planted_words_occur_once():
    for text, _, planted in looking.planted_sentences(50):
        assert all(text.split().count(word) == 1 for word in planted)
