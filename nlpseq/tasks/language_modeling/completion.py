"""Completing a prompt with the signatures "init" and "step" of an exported language model.

The model keeps no state: a step takes the states and returns them. The search is that
of `nlpseq.decoding`, run eagerly, so that a token can be shown as soon as it is chosen.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nlpseq.errors import InputError, in_range

if TYPE_CHECKING:
    from nlpseq.serving.client import Export

NO_TOKEN = -1  # an id that no token has


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
        export: of a language model.
        prompt: the text to continue.
        show: function that is called with what each token adds to the text.
        length: the most tokens to add.
        greedy: whether to take the most likely token rather than to sample.
        one_line: whether to stop at the end of a line.
        note_unknown: function that is called first with how many tokens of the prompt are unknown.
        **options: of `nlpseq.decoding.sample`: temperature, top_k, top_p and seed.

    Returns:
        The completion: what "generate" of the export adds, but for spaces at its beginning.

    Raises:
        InputError: an option is out of its range; the prompt is too long.
    """
    from nlpseq import decoding

    if greedy and options:
        raise InputError(f"`greedy` search is not random: leave out {' and '.join(f'`{o}`' for o in sorted(options))}.")
    details = export.metadata.details
    in_range("length", length, 0, details["most_added"])
    steps = _Steps(export, prompt, show)
    if note_unknown is not None:
        note_unknown(steps.unknown)
    end = details["line_end"] if one_line else NO_TOKEN
    search = decoding.greedy if greedy else decoding.sample
    decoded = search(steps, steps.states, start=[NO_TOKEN], end=end, max_length=length, **options)
    for token in decoded.ids[0, 0, len(steps.added) :]:  # the last token was chosen and not read
        steps.read(token[None], steps.states)
    return "".join(steps.added)


class _Steps:
    """A step function that shows each token that it reads; before the first it has read the prompt."""

    def __init__(self, export, prompt, show):
        import tensorflow as tf

        details = export.metadata.details
        self.signatures, self.show = export.signatures, show
        answer = self.signatures["init"](prompt=tf.constant([prompt]))
        if answer.pop("truncated")[0]:
            raise InputError(
                f"the prompt is too long: expected at most {details['max_tokens']:,} tokens; give the end of it."
            )
        self.unknown = int(answer.pop("unknown")[0])
        size = answer["log_probabilities"].shape[1]
        self.forbidden = tf.reduce_max(tf.one_hot(details["special"], size, on_value=float("inf")), axis=0)
        self.first = answer.pop("log_probabilities") - self.forbidden
        self.states = answer
        self.added, self.at_start = [], not re.split("[\r\n]", prompt)[-1].strip()

    def __call__(self, tokens, states):
        from nlpseq.decoding import Step

        if tokens[0] == NO_TOKEN:
            return Step(self.first, states)
        return Step(*self.read(tokens, states))

    def read(self, tokens, states):
        """Reads and shows a token: log-probabilities of the next, and the states."""
        answer = self.signatures["step"](token=tokens, **states)
        text = answer.pop("text")[0].numpy().decode("utf-8", "replace")
        text = text.lstrip(" ") if self.at_start else text  # no line begins with a space
        self.at_start = text.endswith("\n") or (self.at_start and not text)
        self.added.append(text)
        self.show(text)
        return answer.pop("log_probabilities") - self.forbidden, answer
