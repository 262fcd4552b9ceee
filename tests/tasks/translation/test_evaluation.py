"""Scores of translations against counts made by hand and against sacrebleu's own functions."""

import math

import numpy as np
import pytest
import sacrebleu

from nlpseq.data import Pairs
from nlpseq.errors import InputError
from nlpseq.evaluation import evaluate_translations, evaluate_translator

VOCABULARY = ["the", "a", "cat", "dog", "sat", "on", "mat", ",", ".", "it's", "Bär", "中文", "röd"]


def random_texts(count, seed):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(VOCABULARY, rng.integers(1, 12))) for _ in range(count)]


def nearly(references, seed):
    """References of which every other word of some is another."""
    rng = np.random.default_rng(seed)
    texts = [text.split() for text in references]
    return [" ".join(w if rng.random() < 0.8 else rng.choice(VOCABULARY) for w in text) for text in texts]


class Dictionary:
    """A translator that knows one sentence more with its beam than greedily."""

    def predict_text(self, texts, beam_size=None):
        vocabulary = {b"a": "the cat sat on", b"b": "the  mat\u00a0, it's" if beam_size is None else "wrong"}
        return {"translation": [vocabulary[text] for text in texts]}


def test_beam_and_greedy_search_are_both_scored():
    pairs = Pairs(np.array([b"a", b"b"], object), np.array([b"the cat sat on", b"the mat , it's "], object))
    metrics = evaluate_translator(Dictionary(), pairs).metrics
    assert (metrics["exact_match"], metrics["greedy_exact_match"]) == (1.0, 0.5)
    assert metrics["bleu"] == pytest.approx(100) and metrics["greedy_bleu"] < 90


def test_counts_made_by_hand():
    references = ["the cat sat on the mat", "it is here"]
    hypotheses = ["the cat sat on a mat", "it is here"]
    metrics = evaluate_translations(["x", "y"], references, hypotheses).metrics
    # Matches of one to four words: 5 of 6 and 3 of 3; 3 of 5 and 2 of 2; 2 of 4 and 1 of 1; 1 of 3.
    precisions = [8 / 9, 5 / 7, 3 / 5, 1 / 3]
    assert metrics["bleu"] == pytest.approx(100 * math.exp(sum(map(math.log, precisions)) / 4))
    assert metrics["exact_match"] == 0.5 and metrics["length_ratio"] == 1.0
    assert "tok:13a" in metrics["bleu_signature"] and "case:mixed" in metrics["bleu_signature"]
    assert metrics["chrf_signature"].startswith("nrefs:1|case:mixed")
    assert "nc:6" in metrics["chrf_signature"]


def test_tokens_of_the_length_ratio_are_those_of_bleu():
    metrics = evaluate_translations(["x"], ["he sees it, now."], ["he sees it"]).metrics
    assert metrics["length_ratio"] == pytest.approx(3 / 6)


@pytest.mark.parametrize("seed", range(3))
def test_corpus_scores_are_those_of_sacrebleu(seed):
    references = random_texts(30, seed)
    hypotheses = nearly(references, seed)
    metrics = evaluate_translations(references, references, hypotheses).metrics
    bleu = sacrebleu.corpus_bleu(hypotheses, [references])
    assert metrics["bleu"] == pytest.approx(bleu.score)
    assert metrics["chrf"] == pytest.approx(sacrebleu.corpus_chrf(hypotheses, [references]).score)
    assert metrics["length_ratio"] == pytest.approx(bleu.sys_len / bleu.ref_len)
    assert metrics["exact_match"] == np.mean([a == b for a, b in zip(references, hypotheses)])


def test_best_and_worst_by_chrf():
    references = random_texts(20, 4)
    hypotheses = nearly(references, 4)
    result = evaluate_translations([f"s{i}" for i in range(20)], references, hypotheses, most=5)
    scores = [sacrebleu.sentence_chrf(h, [r]).score for h, r in zip(hypotheses, references)]
    wrong = [s for s, h, r in zip(scores, hypotheses, references) if h != r]
    assert [pair.score for pair in result.best] == pytest.approx(sorted(scores)[::-1][:5])
    assert [pair.score for pair in result.worst] == pytest.approx(sorted(wrong)[:5])
    for pair in [*result.best, *result.worst]:
        at = int(pair.source[1:])
        assert (pair.reference, pair.hypothesis) == (references[at], hypotheses[at])
        assert pair.score == pytest.approx(scores[at])


def test_perfect_and_empty_translations():
    references = ["a cat sat on the mat .", "a dog", "so it is here today ."]
    perfect = evaluate_translations(references, references, [f"{text} " for text in references])
    assert perfect.metrics["bleu"] == pytest.approx(100) and perfect.metrics["exact_match"] == 1
    assert perfect.worst == [] and perfect.best[0].reference == references[0]
    empty = evaluate_translations(references, references, [""] * 3)
    assert empty.metrics["bleu"] == empty.metrics["chrf"] == empty.metrics["length_ratio"] == 0
    assert len(empty.worst) == 3


@pytest.mark.parametrize("counts", [(2, 2, 1), (1, 2, 2), (0, 0, 0)])
def test_unequal_numbers_and_none(counts):
    with pytest.raises(InputError, match="got {}, {} and {}".format(*counts)):
        evaluate_translations(*(["a"] * count for count in counts))
