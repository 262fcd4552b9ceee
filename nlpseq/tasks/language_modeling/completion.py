"""Going on with a prompt by the signatures `init` and `step` of an exported language model.

The model keeps no state: each step takes the states and gives them back. The search is that
of `nlpseq.decoding`, run eagerly, so that each piece can be shown as soon as it is chosen.
"""

import re

from nlpseq.errors import InputError, in_range

NOTHING = -1  # an id that no piece has


def go_on(export, prompt, show, length=50, greedy=False, one_line=False, note=None, **options):
    """Goes on with a prompt, piece by piece.

    Args:
        export: `nlpseq.serving.client.Export` of a language model.
        prompt: a string.
        show: function that is called with what each piece adds to the text.
        length: the most pieces to add.
        greedy: whether to take the likeliest piece, rather than to draw one.
        one_line: whether to stop at the end of a line.
        note: function that is called first with how many pieces of the prompt are unknown.
        **options: of `nlpseq.decoding.sample`: temperature, top_k, top_p and seed.

    Returns:
        What was added, a string: what `generate` of the export adds, but for blanks at its beginning.

    Raises:
        InputError: an option is out of its range; the prompt is too long.
    """
    from nlpseq import decoding

    if greedy and options:
        raise InputError(f"greedy draws nothing, so {' and '.join(sorted(options))} has no use: leave one out.")
    in_range("length", length, 0, export.config["most_added"])
    steps = _Steps(export, prompt, show)
    if note is not None:
        note(steps.unknown)
    end = export.config["line_end"] if one_line else NOTHING
    search = decoding.greedy if greedy else decoding.sample
    found = search(steps, steps.states, start=[NOTHING], end=end, max_length=length, **options)
    for token in found.ids[0, 0, len(steps.added) :]:  # the last one was chosen and not read
        steps.read(token[None], steps.states)
    return "".join(steps.added)


class _Steps:
    """A step function that shows each piece that it reads; before the first it has read the prompt."""

    def __init__(self, export, prompt, show):
        import tensorflow as tf

        self.signatures, self.show = export.signatures, show
        found = self.signatures["init"](prompt=tf.constant([prompt]))
        if found.pop("cut")[0]:
            raise InputError(
                f"the prompt is too long: expected at most {export.config['max_tokens']:,} pieces; give its end."
            )
        self.unknown = int(found.pop("unknown", [0])[0])  # which older exports do not tell
        size = found["log_probabilities"].shape[1]
        self.never = tf.reduce_max(tf.one_hot(export.config["never"], size, on_value=float("inf")), axis=0)
        self.first = found.pop("log_probabilities") - self.never
        self.states = found
        self.added, self.at_start = [], not re.split("[\r\n]", prompt)[-1].strip()

    def __call__(self, tokens, states):
        from nlpseq.decoding import Step

        if tokens[0] == NOTHING:
            return Step(self.first, states)
        return Step(*self.read(tokens, states))

    def read(self, tokens, states):
        """Reads and shows a piece: what may come next, and the states."""
        found = self.signatures["step"](token=tokens, **states)
        text = found.pop("text")[0].numpy().decode("utf-8", "replace")
        text = text.lstrip(" ") if self.at_start else text  # no line begins with a blank
        self.at_start = text.endswith("\n") or (self.at_start and not text)
        self.added.append(text)
        self.show(text)
        return found.pop("log_probabilities") - self.never, found
