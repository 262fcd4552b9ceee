"""Scores of translations."""

from dataclasses import dataclass

from sacrebleu.metrics import BLEU, CHRF

from nlpseq.errors import InputError


@dataclass(frozen=True)
class Translation:
    """A sentence, how it should be translated, how it was, and the chrF of that."""

    source: str
    reference: str
    hypothesis: str
    score: float


@dataclass(frozen=True)
class TranslationResult:
    """Scores on one split.

    Attributes:
        metrics: "bleu" (Papineni et al. 2002) and "chrf" (Popovic 2015), both of 0 to 100
            and of the whole corpus, as sacrebleu computes them (Post 2018), whose settings
            are "bleu_signature" and "chrf_signature"; "exact_match", the share of
            translations that are the reference but for the kind and number of blanks;
            "length_ratio", the number of tokens of the translations by that of the
            references, as BLEU counts them.
        best, worst: `Translation`s by chrF, the best and the worst ones first, and of
            equal ones the longer first. Exact matches are not among the worst.
    """

    metrics: dict
    best: list
    worst: list


def evaluate_translator(task, pairs, most=10):
    """Scores a `Translator` on `nlpseq.data.Pairs`: as `evaluate_translations` does, with the
    beam of the task, and "greedy_bleu" and "greedy_exact_match" of greedy search."""
    texts = [[text.decode("utf-8", "replace") for text in side] for side in (pairs.sources, pairs.targets)]
    result, greedy = (
        evaluate_translations(*texts, task.predict_text(pairs.sources, beam_size=size)["translation"], most)
        for size in (None, 1)
    )
    for name in ("bleu", "exact_match"):
        result.metrics[f"greedy_{name}"] = greedy.metrics[name]
    return result


def evaluate_translations(sources, references, hypotheses, most=10):
    """Scores translations of sentences.

    Args:
        sources: the sentences, a list of strings.
        references: how they should be translated, one translation each.
        hypotheses: how they were translated, without the marks of a tokenizer.
        most: the number of best and of worst translations to keep.

    Raises:
        InputError: there are none, or not as many of each.
    """
    counts = [len(texts) for texts in (sources, references, hypotheses)]
    if len(set(counts)) > 1 or not counts[0]:
        raise InputError(
            "expected as many sources, references and hypotheses, and at least one, got {}, {} and {}.".format(*counts)
        )
    # Without `force` sacrebleu warns of blanks before full stops, as a corpus may well have.
    bleu, chrf = BLEU(force=True), CHRF()
    words, letters = (metric.corpus_score(hypotheses, [references]) for metric in (bleu, chrf))
    metrics = {
        "bleu": float(words.score),
        "chrf": float(letters.score),
        "exact_match": sum(map(_same, references, hypotheses)) / len(references),
        "length_ratio": words.sys_len / max(words.ref_len, 1),
        "bleu_signature": str(bleu.get_signature()),
        "chrf_signature": str(chrf.get_signature()),
    }
    return TranslationResult(metrics, *_extremes(chrf, sources, references, hypotheses, most))


def _same(reference, hypothesis):
    return reference.split() == hypothesis.split()


def _extremes(chrf, sources, references, hypotheses, most):
    """The best and the worst translations."""
    scored = [
        Translation(source, reference, hypothesis, chrf.sentence_score(hypothesis, [reference]).score)
        for source, reference, hypothesis in zip(sources, references, hypotheses)
    ]
    best = sorted(scored, key=lambda pair: (-pair.score, -len(pair.reference)))
    wrong = [pair for pair in scored if not _same(pair.reference, pair.hypothesis)]
    worst = sorted(wrong, key=lambda pair: (pair.score, -len(pair.reference)))
    return best[:most], worst[:most]
