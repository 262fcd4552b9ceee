"""Completion of prompts with the signatures "init" and "step" of an exported language model.

The model is stateless: "step" takes the states and returns the next ones. The search is that of
`nlpseq.decoding`, run eagerly, so that every token can be printed as soon as it is chosen.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nlpseq.errors import ExampleError, InputError, in_range
from nlpseq.tasks.answers import as_utf8

if TYPE_CHECKING:
    from nlpseq.runtime.description import Described
    from nlpseq.serving.client import Export

NO_TOKEN = -1  # not the id of any token
BLANK_END = re.compile(r"[\s\x00-\x1f\x7f-\x9f]\Z")


def complete(
    export: "Export",
    prompt: str,
    show: Callable[[str], None],
    length: int = 50,
    greedy: bool = False,
    one_line: bool = False,
    note_unknown: Callable[[int], None] | None = None,
    **options: Any,
) -> str:
    """Completes a prompt token by token.

    Args:
        export: `nlpseq.serving.Export` of a language model.
        prompt: The text to continue.
        show: Called with the text of every new token.
        length: Maximum number of tokens to generate. Default 50.
        greedy: Whether to choose the most probable token instead of sampling. Default False.
        one_line: Whether to stop at the end of a line. Default False.
        note_unknown: Called before the first token with the number of unknown tokens in the
            prompt. Default None.
        **options: Options of `nlpseq.decoding.sample`: temperature, top_k, top_p and seed.

    Returns:
        The completion: `added` of the signature "generate".

    Raises:
        InputError: an option is outside its range.
        ExampleError: the prompt is too long.
    """
    from nlpseq import decoding

    check(export.metadata, length, greedy, options)
    steps = _Steps(export, prompt, show)
    if note_unknown is not None:
        note_unknown(steps.unknown)
    end = export.metadata.detail("line_end", int) if one_line else NO_TOKEN
    search = decoding.greedy if greedy else decoding.sample
    decoded = search(steps, steps.states, start=[NO_TOKEN], end=end, max_length=length, **options)
    for token in decoded.ids[0, 0, len(steps.added.texts) :]:  # the last token was chosen but not read
        steps.read(token[None], steps.states)
    return "".join(steps.added.texts)


def check(described: "Described", length: int, greedy: bool, options: dict[str, Any]) -> None:
    """Raises an `InputError` for a length outside its range, and for options of sampling with `greedy`."""
    if greedy and options:
        raise InputError(
            f"`greedy` search does not sample: leave out {' and '.join(f'`{o}`' for o in sorted(options))}."
        )
    in_range("length", length, 0, described.detail("most_added", int))


def too_long(most: int) -> ExampleError:
    """The error for a prompt of more than `most` tokens."""
    return ExampleError(f"the prompt is too long: expected at most {most:,} tokens; give only its end.")


class Added:
    """The texts of the new tokens, one by one.

    Args:
        prompt: The text before them.
        show: Called with each text.
    """

    def __init__(self, prompt: str, show: Callable[[str], None]):
        self.texts, self._show = [], show
        self._at_start = not prompt or bool(BLANK_END.search(prompt))

    def append(self, text: str) -> None:
        text = text.lstrip(" ") if self._at_start else text  # no space at the start of a line, or after one
        self._at_start = text.endswith("\n") or (self._at_start and not text)
        self.texts.append(text)
        self._show(text)


class _Steps:
    """A step function that prints every token it reads; the prompt is read at construction."""

    def __init__(self, export, prompt, show):
        import tensorflow as tf

        self.signatures, self.added = export.signatures, Added(prompt, show)
        answer = self.signatures["init"](prompt=tf.constant([as_utf8(prompt)]))
        if answer.pop("truncated")[0]:
            raise too_long(export.metadata.detail("max_tokens", int))
        self.unknown = int(answer.pop("unknown")[0])
        size = answer["log_probabilities"].shape[1]
        special = export.metadata.detail("special", list)
        if not special or not all(isinstance(token, int) and 0 <= token < size for token in special):
            raise InputError("the config.json of the export has no valid 'special' in its details: export it again.")
        self.forbidden = tf.reduce_max(tf.one_hot(special, size, on_value=float("inf")), axis=0)
        self.first = answer.pop("log_probabilities") - self.forbidden
        self.states = answer

    def __call__(self, tokens, states):
        from nlpseq.decoding import Step

        if tokens[0] == NO_TOKEN:
            return Step(self.first, states)
        return Step(*self.read(tokens, states))

    def read(self, tokens, states):
        """Reads and prints a token; returns the log-probabilities of the next token, and the states."""
        answer = self.signatures["step"](token=tokens, **states)
        self.added.append(answer.pop("text")[0].numpy().decode("utf-8", "replace"))
        return answer.pop("log_probabilities") - self.forbidden, answer
