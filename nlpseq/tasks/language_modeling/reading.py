"""A language model without TensorFlow: texts are read in parts, and continued token by token, with NumPy."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.errors import in_range, one_of
from nlpseq.runtime.batches import padded
from nlpseq.runtime.sampling import check_temperature, check_top_p, sample, uniform
from nlpseq.tasks.language_modeling.completion import Added, check, too_long

if TYPE_CHECKING:
    from nlpseq.runtime.description import Described
    from nlpseq.runtime.model import Computed

UNKNOWN, END = 1, 3  # ids
PART = 128  # tokens that are read together: the model returns the probabilities of all tokens after each of them
WHOLE_WORDS = ("word", "wordpiece")  # kinds of tokens that are returned without the space before them
SAMPLING = ("temperature", "top_k", "top_p", "seed")


class Reader:
    """Reads texts with the function "read" of a model.

    Args:
        model: The functions, preprocessor and options of the export.
    """

    def __init__(self, model: "Computed"):
        self.model = model

    def __call__(self, rows: Sequence[Sequence[int]]) -> tuple[list[np.ndarray], np.ndarray, dict[str, np.ndarray]]:
        """Reads rows of ids, each of which begins after a line end.

        Returns:
            For each row the log-probability of each id, `(length,)`; and the log-probabilities of the next token
            `(rows, tokens)` and the states, which hold if the rows are of one length.
        """
        ids, lengths = padded([[END, *row] for row in rows])
        targets = np.concatenate([ids[:, 1:], np.zeros_like(ids[:, :1])], axis=1)
        states = self.first_states(len(rows))
        scores, following = [], np.zeros(0)
        for start in range(0, ids.shape[1], PART):
            part = slice(start, start + PART)
            left = np.clip(lengths - start, 1, ids[:, part].shape[1])  # of a text that has ended, one step more
            scored, following, states = self.read(ids[:, part], targets[:, part], left, states)
            scores.append(scored)
        joined = np.concatenate(scores, axis=1)
        return [row[: length - 1] for row, length in zip(joined, lengths)], following, states

    def read(self, ids, targets, lengths, states):
        """The log-probabilities of targets, those of the next tokens, and the states."""
        answer = self.model.functions["read"](ids=ids, targets=targets, lengths=lengths.astype(np.int32), **states)
        return answer["log_probabilities"], answer["next"], {name: answer[f"new_{name}"] for name in states}

    def first_states(self, rows):
        """The states before the first token."""
        sizes = enumerate(self.model.options["state_sizes"])
        return {f"state_{number}": np.zeros((rows, size), np.float32) for number, size in sizes}


def score(model: "Computed", texts: Sequence[str]) -> list[dict[str, Any]]:
    """Scores of texts, as `nlpseq.tasks.language_modeling.scoring.Scorer` returns them, row by row."""
    preprocessor = model.preprocessor
    tokens = [preprocessor(text, first=preprocessor.max_tokens + 1) for text in texts]
    rows = [row[: preprocessor.max_tokens] for row in tokens]
    scores, _, _ = Reader(model)(rows)
    return [_row(preprocessor, ids, row, len(whole)) for ids, row, whole in zip(rows, scores, tokens)]


def _row(preprocessor, ids, scores, count):
    whole_words = preprocessor.tokenizer.kind in WHOLE_WORDS
    texts = [text.removeprefix(" ") if whole_words else text for text in preprocessor.tokenizer.texts(ids)]
    total = float(scores.sum(dtype=np.float32))
    return {
        "tokens": [r"\n" if id_ == END else text for id_, text in zip(ids, texts)],
        "log_probabilities": scores.tolist(),
        "total": total,
        "perplexity": float(np.exp(-total / max(len(ids), 1))),
        "length": len(ids),
        "unknown": ids.count(UNKNOWN),
        "truncated": count > len(ids),
    }


def complete(
    model: "Computed",
    described: "Described",
    prompt: str,
    show: Callable[[str], None],
    length: int = 50,
    greedy: bool = False,
    one_line: bool = False,
    note_unknown: Callable[[int], None] | None = None,
    **options: Any,
) -> str:
    """Completes a prompt token by token; arguments and result as of `completion.complete`.

    Raises:
        InputError: an option is outside its range; the prompt is too long.
    """
    check(described, length, greedy, options)
    _check(options)
    most = model.preprocessor.max_tokens
    ids = model.preprocessor(prompt, last=most + 1)
    if len(ids) > most:
        raise too_long(most)
    if note_unknown is not None:
        note_unknown(ids.count(UNKNOWN))
    reader, seed = Reader(model), options.pop("seed", 0)
    _, following, states = reader([ids])
    forbidden = np.zeros(following.shape[1], bool)
    forbidden[described.detail("special", list)] = True
    end = described.detail("line_end", int) if one_line else -1
    added = Added(prompt, show)
    for number in range(length):
        logits = np.where(forbidden, -np.inf, following[0])
        token = int(logits.argmax()) if greedy else sample(logits, uniform(seed, number), **options)
        if token == end:
            break
        (text,) = model.preprocessor.texts([token])
        added.append(text)
        row = np.array([[token]], np.int32)
        _, following, states = reader.read(row, np.zeros_like(row), np.ones(1), states)
    return "".join(added.texts)


def _check(options):
    """Raises an `InputError` for an option that is unknown or outside its range."""
    for name in options:
        one_of("option", name, SAMPLING)
    check_temperature(options.get("temperature", 1.0))
    check_top_p(options.get("top_p", 1.0))
    in_range("top_k", options.get("top_k", 0), 0, 2**31 - 1)
    in_range("seed", options.get("seed", 0), -(2**63), 2**63 - 1)
