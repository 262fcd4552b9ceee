"""Error rates of texts, and what the reports show."""

import numpy as np
import pytest

from nlpseq.tasks.speech.evaluation import edits, error_rates, loudness_range


def test_error_rates_count_edits_of_words_and_characters():
    """By hand; where nothing is said, what is recognized is inserted."""
    references = ["one two three", "four", "", "five six"]
    recognized = ["one too three", "", "hum", "five six seven"]
    metrics = error_rates(references, recognized)
    assert [metrics[name] for name in ("substitutions", "deletions", "insertions", "words")] == [1, 1, 2, 6]
    assert metrics["word_error_rate"] == pytest.approx(4 / 6)
    assert metrics["character_error_rate"] == pytest.approx((1 + 4 + 3 + 6) / (13 + 4 + 8))
    assert metrics["sentence_error_rate"] == 1.0 and metrics["confusions"] == {"two > too": 1}
    assert error_rates([""], [""])["word_error_rate"] == 0.0


def test_edits_are_those_of_every_alignment():
    assert [edits(*pair) for pair in (("", "ab"), ("kitten", "sitting"), ("ab", "ba"), ("abc", "abc"))] == [2, 3, 2, 0]


def test_noise_narrows_the_range_of_loudness():
    random = np.random.default_rng(0)
    sound = np.repeat([0.0, 1.0], 2000) * np.sin(np.arange(4000))
    ranges = [loudness_range(sound + level * random.normal(size=4000), 1000) for level in (0.0, 0.01, 0.1)]
    assert ranges == sorted(ranges, reverse=True) and ranges[0] == 60.0
    assert ranges[2] == pytest.approx(10 * np.log10(0.5 / 0.01), abs=2)
