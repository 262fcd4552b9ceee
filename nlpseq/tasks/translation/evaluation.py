"""Scores of a translator on a split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from nlpseq.errors import InputError

if TYPE_CHECKING:
    from nlpseq.tasks.translation.data import Pairs
    from nlpseq.tasks.translation.model import Translator


@dataclass(frozen=True)
class Translation:
    """A sentence, its reference translation, its translation by the model, and the chrF of the latter."""

    source: str
    reference: str
    hypothesis: str
    score: float


@dataclass(frozen=True)
class TranslationResult:
    """Scores on one split.

    Attributes:
        metrics: "bleu" (Papineni et al. 2002) and "chrf" (Popovic 2015), both from 0 to 100
            and of the whole corpus, computed by sacrebleu (Post 2018) with the settings
            "bleu_signature" and "chrf_signature"; "exact_match", the share of translations
            that equal the reference except for white space; "length_ratio", the number of
            tokens of the translations divided by that of the references, as counted by BLEU.
        best, worst: The translations with the highest and the lowest chrF, longer ones first
            where chrF is equal. Exact matches are not among the worst.
    """

    metrics: dict[str, Any]
    best: list[Translation]
    worst: list[Translation]


def evaluate_translator(task: "Translator", pairs: "Pairs", most: int = 10) -> TranslationResult:
    """Evaluates a `Translator` with its beam search and with greedy search.

    Args:
        task: The translator.
        pairs: The split.
        most: Maximum number of best and of worst translations to keep. Default 10.

    Returns:
        The scores of beam search, and "greedy_bleu" and "greedy_exact_match" in the metrics.
    """
    texts = [[text.decode("utf-8", "replace") for text in side] for side in (pairs.sources, pairs.targets)]
    result, greedy = (
        evaluate_translations(*texts, task.predict_text(pairs.sources, beam_size=size)["translation"], most)
        for size in (None, 1)
    )
    for name in ("bleu", "exact_match"):
        result.metrics[f"greedy_{name}"] = greedy.metrics[name]
    return result


def evaluate_translations(
    sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str], most: int = 10
) -> TranslationResult:
    """Scores translations of sentences against one reference each.

    Args:
        sources: The sentences.
        references: Their reference translations.
        hypotheses: The translations to score, detokenized.
        most: Maximum number of best and of worst translations to keep. Default 10.

    Raises:
        InputError: there are no sentences, or the three sequences differ in length.
    """
    counts = [len(texts) for texts in (sources, references, hypotheses)]
    if len(set(counts)) > 1 or not counts[0]:
        raise InputError(
            "expected equally many `sources`, `references` and `hypotheses`, at least one of each, got "
            "{}, {} and {}.".format(*counts)
        )
    # Without `force` sacrebleu warns of spaces before full stops, which some corpora contain.
    bleu, chrf = BLEU(force=True), CHRF()
    words, letters = (metric.corpus_score(hypotheses, [references]) for metric in (bleu, chrf))
    metrics = {
        "bleu": float(words.score),
        "chrf": float(letters.score),
        "exact_match": sum(map(_is_match, references, hypotheses)) / len(references),
        "length_ratio": words.sys_len / max(words.ref_len, 1),
        "bleu_signature": str(bleu.get_signature()),
        "chrf_signature": str(chrf.get_signature()),
    }
    return TranslationResult(metrics, *_extremes(chrf, sources, references, hypotheses, most))


def _is_match(reference, hypothesis):
    return reference.split() == hypothesis.split()


def _extremes(chrf, sources, references, hypotheses, most):
    """The best and the worst translations."""
    scored = [
        Translation(source, reference, hypothesis, chrf.sentence_score(hypothesis, [reference]).score)
        for source, reference, hypothesis in zip(sources, references, hypotheses)
    ]
    best = sorted(scored, key=lambda pair: (-pair.score, -len(pair.reference)))
    wrong = [pair for pair in scored if not _is_match(pair.reference, pair.hypothesis)]
    worst = sorted(wrong, key=lambda pair: (pair.score, -len(pair.reference)))
    return best[:most], worst[:most]
