"""Scores of a recognizer on a split."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jiwer
import numpy as np

if TYPE_CHECKING:
    from nlpseq.tasks.speech.model import SpeechRecognizer
    from nlpseq.tasks.speech.utterances import Utterances

COUNTS = ("substitutions", "deletions", "insertions")
MOST_CONFUSIONS = 30
NOISE_FRAME = 0.02  # seconds


@dataclass(frozen=True)
class Recognized:
    """An utterance and what was recognized.

    Attributes:
        name: Of the file.
        expected, text: What was said, and what was recognized.
        errors: Edits of words.
        seconds: Length.
        noise: Decibels of its loud above its quiet frames.
        audio: The samples, of a few utterances; else None.
        units: What was recognized in units, with the second at which each begins; of the same utterances.
    """

    name: str
    expected: str
    text: str
    errors: int
    seconds: float
    noise: float
    audio: np.ndarray | None = None
    units: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class SpeechResult:
    """Scores on one split.

    Attributes:
        metrics: "word_error_rate" and "character_error_rate", edits over the words or characters that were said;
            "substitutions", "deletions", "insertions" and "words" behind the first, and with "character_" behind the
            second; "sentence_error_rate", the share of utterances with any error; "confusions", the most frequent
            substitutions of words.
        rows: All utterances, those with most errors first; the first and the last have their `audio`.
    """

    metrics: dict[str, Any]
    rows: list[Recognized]


def evaluate_recognizer(task: "SpeechRecognizer", examples: "Utterances", drawn: int = 3) -> SpeechResult:
    """Evaluates a `SpeechRecognizer` on `Utterances`; of `drawn` worst and best ones the sound is kept."""
    order = np.argsort(examples.lengths, kind="stable")
    examples = examples.select(order)
    texts = [" ".join(text.split()) for text in task.recognize(list(examples.audio))["text"]]
    expected = [" ".join(text.split()) for text in examples.strings()]
    rate = task.settings.features.sample_rate
    rows = [
        Recognized(
            name, right, text, edits(right.split(), text.split()), len(audio) / rate, loudness_range(audio, rate)
        )
        for name, right, text, audio in zip(examples.names, expected, texts, examples.audio)
    ]
    worst = sorted(range(len(rows)), key=lambda i: (-rows[i].errors / max(1, len(expected[i].split())), i))
    shown = {*worst[:drawn], *worst[-drawn:]}
    rows = [_with_sound(task, rows[i], examples.audio[i]) if i in shown else rows[i] for i in worst]
    return SpeechResult(error_rates(expected, texts), rows)


def error_rates(expected: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """The `metrics` of `SpeechResult`.

    Example:

    >>> error_rates(["one two", "three"], ["one", "three"])["word_error_rate"]
    0.3333333333333333
    """
    words = _processed(jiwer.process_words, expected, texts)
    characters = _processed(jiwer.process_characters, expected, texts)
    return {
        "word_error_rate": words["rate"],
        "character_error_rate": characters["rate"],
        **{name: int(words[name]) for name in COUNTS},
        "words": words["total"],
        **{f"character_{name}": int(characters[name]) for name in COUNTS},
        "characters": characters["total"],
        "sentence_error_rate": float(np.mean([a != b for a, b in zip(expected, texts)])) if expected else 0.0,
        "confusions": dict(_confusions(words["alignments"]).most_common(MOST_CONFUSIONS)),
    }


def _processed(process, expected, texts) -> dict[str, Any]:
    """Counts of edits, their rate and the total; what is recognized where nothing is said is inserted."""
    pairs = [(right, text) for right, text in zip(expected, texts) if right]
    empty = [text for right, text in zip(expected, texts) if not right]
    counts: dict[str, int] = dict.fromkeys((*COUNTS, "hits"), 0)
    alignments = []
    if pairs:
        output = process(*map(list, zip(*pairs)))
        counts = {name: getattr(output, name) for name in counts}
        alignments = list(zip(output.references, output.hypotheses, output.alignments))
    counts["insertions"] += sum(len(text.split()) if process is jiwer.process_words else len(text) for text in empty)
    total = counts["hits"] + counts["substitutions"] + counts["deletions"]
    rate = sum(counts[name] for name in COUNTS) / max(1, total)
    return {**counts, "total": int(total), "rate": float(rate), "alignments": alignments}


def _confusions(alignments) -> Counter:
    """How often one word was recognized as another: {"nine > five": 3}."""
    pairs = Counter()
    for right, text, chunks in alignments:
        for chunk in chunks:
            if chunk.type == "substitute":
                spans = right[chunk.ref_start_idx : chunk.ref_end_idx], text[chunk.hyp_start_idx : chunk.hyp_end_idx]
                pairs.update(f"{one} > {other}" for one, other in zip(*spans))
    return pairs


def edits(expected: Sequence, hypothesis: Sequence) -> int:
    """The least number of substitutions, deletions and insertions (Levenshtein 1966).

    >>> edits("abc", "adcc")
    2
    """
    row = list(range(len(hypothesis) + 1))
    for i, one in enumerate(expected, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(hypothesis, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def loudness_range(audio: np.ndarray, rate: int) -> float:
    """Decibels of the loud frames above the quiet ones, a measure of how little noise there is; 60 at most."""
    size = max(1, round(NOISE_FRAME * rate))
    count = len(audio) // size
    if not count:
        return 0.0
    energy = (np.asarray(audio[: count * size], float).reshape(count, size) ** 2).mean(axis=1) + 1e-10
    low, high = np.quantile(energy, [0.1, 0.9])
    return float(min(60.0, 10 * np.log10(high / low)))


def _with_sound(task, row, audio):
    return replace(row, audio=np.asarray(audio), units=tuple(task.unit_times(audio)))
