"""Which time steps of an example lead to the answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nlpseq.diagnostics import reading
from nlpseq.errors import in_range, one_of


@dataclass(frozen=True)
class Saliency:
    """The result of `saliency`.

    Attributes:
        steps: A name for each time step, such as its word.
        values: Float64 `(time,)`; positive where a step speaks for the answer.
        answer: The answer that is explained.
        score: Its score, log-odds or a log-probability.
        method: The method.
    """

    steps: list[str]
    values: np.ndarray
    answer: str
    score: float
    method: str

    def top(self, count: int) -> list[str]:
        """The names of the steps with the largest values, the first the largest."""
        return [self.steps[place] for place in np.argsort(-self.values, kind="stable")[:count]]


def saliency(
    task: Any, example: Any, answer: str | None = None, method: str = "integrated", samples: int = 32
) -> Saliency:
    """How much each time step of an example speaks for the answer of a trained task.

        x_t          all that the task reads of step t: the embeddings of its word and n-grams
        s(w)         the score with w_t x_t in the place of x_t
        gradient:    |ds / dx_t|, without a sign
        input:       ds/dx_t . x_t = ds/dw_t at w = 1
        integrated:  integral from 0 to 1 of ds/dw_t at w = (a, ..., a) da
        removal:     s(1, ..., 1) - s(1, ..., 0, ..., 1), with the zero at t

    The values of "integrated" sum to s(1) - s(0), where s(0) is the score of an example of which nothing is read.

    Args:
        task: A task of `nlpseq.tasks` that has `look`, built.
        example: An example, such as a text, a series or a sound.
        answer: The answer to explain, as in the `look` of the task. Default the one that it gives.
        method: "integrated", "input", "gradient" or "removal". Default "integrated".
        samples: Points at which the integral is evaluated, 1 or more. Default 32.

    Returns:
        `Saliency`.

    Raises:
        InputError: `method` or `answer` is unknown; the task has no `look`; the example is empty or of another kind.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["negative", "positive"], units=4)
    >>> saliency(task, "good film", answer="positive").steps
    ['good', 'film']

    Reference:
        Simonyan, Vedaldi and Zisserman (2014), Deep inside convolutional networks; Shrikumar et al. (2016), Not just
        a black box, for gradient times input; Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep
        networks, equation 3; Li, Monroe and Jurafsky (2016), Understanding neural networks through representation
        erasure.
    """
    one_of("method", method, ("integrated", "input", "gradient", "removal"))
    in_range("samples", samples, 1)
    return saliency_of(task, reading.look_at(task, example, answer), method, samples)


def saliency_of(task: Any, look: Any, method: str, samples: int = 32) -> Saliency:
    """As `saliency`, for what `look` of the task returned."""
    time = len(look.steps)
    if method == "gradient":
        values = reading.gradient_norms(task, look)
    elif method == "removal":
        values = reading.effects_of_removal(task, look)
    else:
        points = (np.arange(samples) + 0.5) / samples if method == "integrated" else np.ones(1)
        _, gradients = reading.presence_gradients(task, look, np.repeat(points[:, np.newaxis], time, axis=1))
        values = gradients.mean(axis=0)
    (score,), _ = reading.presence_gradients(task, look, np.ones((1, time)))
    return Saliency(look.steps, np.asarray(values, np.float64), look.answer, float(score), method)
