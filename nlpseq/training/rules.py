"""What is wrong with a training that does not learn: rules over what was seen of it, each with its source."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MANY = 100.0  # a mean gradient norm beyond this, before clipping, is far from the 1 to 10 of trainings that learn
VANISHED = 1e-6  # of the largest norm of a layer: below, float32 sums of both lose the smaller one
STILL = 0.02  # a loss that falls by less has not moved
LEARNED = 0.01  # a loss below this has little left to fall, and may rise by its noise
POOR = 0.1  # a loss that falls by less may have saturated gates as its cause
RISE, JUMP = 0.05, 1.5  # a loss that rises by more, or to more than this multiple of that of the first step
BARELY, MUCH = 1e-3, 10.0  # relative changes of weights
SATURATED = 0.9  # share of saturated gates
UNUSED = 0.5  # share of rows of an embedding that a pass over the data did not change
BY_HEART = 0.8  # a training loss that fell to this share of its start, and of that of guessing
DRIFT, WORSE = 1.5, 0.05  # a validation loss beyond this multiple of its best, and a metric worse by this


@dataclass(frozen=True)
class Evidence:
    """What the rules read.

    Attributes:
        losses: Mean training loss of the first fifth of the steps, and of the latest; None if there were too few steps.
        start: Training loss of the first step, before any update.
        noise: Standard error of the difference of the two.
        steps: Number of training steps between them.
        norms: For each layer with weights its mean gradient norm since the last validation, before clipping.
        changes: For each layer but embeddings |w - w_0| / |w_0|, since training began.
        unused: For each embedding the numbers of rows that no step has changed, and of all rows.
        saturated: Share of saturated gates; None if it was not measured.
        history: Lists of metrics with a value for each validation, as of Keras.
        metric, mode: The metric that training monitors, and whether "max" or "min" is its best value.
        entropy: Loss of answering by the frequencies of the validation labels, in nats; None if it is not known.
    """

    losses: tuple[float, float] | None = None
    start: float = math.inf
    noise: float = 0.0
    steps: int = 0
    norms: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[str, float] = field(default_factory=dict)
    unused: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    saturated: float | None = None
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    metric: str = "loss"
    mode: str = "min"
    entropy: float | None = None

    @property
    def fall(self) -> float:
        """By which share the training loss fell; negative if it rose, 1 if there were too few steps."""
        if self.losses is None:
            return 1.0
        first, latest = self.losses
        return (first - latest) / max(abs(first), 1e-9) if math.isfinite(latest) else -math.inf

    @property
    def is_flat(self) -> bool:
        """Whether the loss has not moved, as far as its noise allows to tell."""
        return self.losses is not None and abs(self.fall) < STILL and self.noise < STILL * abs(self.losses[0])

    @property
    def is_learned(self) -> bool:
        """Whether the latest loss is almost zero."""
        return self.losses is not None and abs(self.losses[1]) < LEARNED

    @property
    def moved(self) -> float:
        """The largest relative change of a layer."""
        return max(self.changes.values(), default=0.0)


def exploding(seen: Evidence) -> str | None:
    """Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, section 3.2."""
    worst = max(seen.norms, key=lambda name: _size(seen.norms[name]), default=None)
    if worst is None or _size(seen.norms[worst]) <= MANY:
        return None
    return (
        f"gradients explode in {worst}, where their norm is {seen.norms[worst]:.2g} on average before clipping: "
        "decrease `learning_rate`, clip gradients with a `clip_norm` of 1, or start from smaller recurrent weights."
    )


def vanishing(seen: Evidence) -> str | None:
    """Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks."""
    unread = {name for name, (unused, rows) in seen.unused.items() if unused == rows}  # see `dead_embedding`
    finite = {name: norm for name, norm in seen.norms.items() if math.isfinite(norm) and name not in unread}
    if len(finite) < 2:
        return None
    least, most = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    if finite[least] > VANISHED * finite[most]:
        return None
    return (
        f"gradients vanish in {least}, where their norm is {finite[least]:.2g} beside {finite[most]:.2g} in {most}: "
        "use fewer `layers`, gated cells instead of simple ones, residual connections, or larger initial weights."
    )


def dead_embedding(seen: Evidence) -> str | None:
    """Bengio et al. (2003), A neural probabilistic language model, section 3: rows of other words get no gradient."""
    for name, (unused, rows) in seen.unused.items():
        if unused > UNUSED * rows:
            return (
                f"{unused:,} of the {rows:,} rows of {name} did not change in a pass over the training data, so that "
                "their words do not occur in it: lower `vocabulary_size`, or learn the vocabulary from the training "
                "texts."
            )
    return None


def saturated_gates(seen: Evidence) -> str | None:
    """Karpathy, Johnson and Fei-Fei (2015), Visualizing and understanding recurrent networks, section 4.1."""
    if seen.saturated is None or seen.saturated < SATURATED or seen.fall > POOR:
        return None
    return (
        f"{seen.saturated:.0%} of the gates are saturated, so that hardly any gradient passes them: scale the inputs "
        "to about 1, start from smaller weights, or decrease `learning_rate`."
    )


def rate_too_high(seen: Evidence) -> str | None:
    """Bengio (2012), Practical recommendations for gradient-based training of deep architectures, section 3.1.1."""
    if seen.losses is None or seen.is_learned or rate_too_low(seen):
        return None
    first, latest = min(seen.losses[0], seen.start), seen.losses[1]
    rises = (seen.fall < -RISE and not latest - first < 2 * seen.noise) or latest > JUMP * seen.start > 0
    if not rises and not (seen.fall < STILL and seen.moved > MUCH):
        return None
    return (
        f"the training loss went from {first:.3g} to {latest:.3g} in {seen.steps:,} steps, while weights changed by up "
        f"to {_times(seen.moved)} their size: divide `learning_rate` by ten."
    )


def rate_too_low(seen: Evidence) -> str | None:
    """Karpathy (2015), CS231n, Neural networks part 3: weights should change by about 0.001 of their size a step."""
    if (
        seen.losses is None
        or seen.is_learned
        or not seen.changes
        or seen.moved >= BARELY * math.sqrt(max(seen.steps, 1))
    ):
        return None
    if seen.fall > POOR + 2 * seen.noise / max(abs(seen.losses[0]), 1e-9):
        return None
    return (
        f"in {seen.steps:,} steps no layer changed by more than {_times(seen.moved)} its size, and the training loss "
        f"is {seen.losses[1]:.3g}: multiply `learning_rate` by ten."
    )


def flat_loss(seen: Evidence) -> str | None:
    """Karpathy (2019), A recipe for training neural networks, section 2: a model must fit what it is shown."""
    if not seen.is_flat or seen.losses is None or seen.is_learned:
        return None
    return (
        f"the training loss does not move, it is {seen.losses[1]:.3g} after {seen.steps:,} steps: check that inputs "
        "and labels belong together and that the model sees both, then try another `learning_rate` or more `units`."
    )


def shuffled_labels(seen: Evidence) -> str | None:
    """Zhang et al. (2017), Understanding deep learning requires rethinking generalization, section 2.1."""
    training, validation = seen.history.get("loss", ()), seen.history.get("val_loss", ())
    if seen.entropy is None or len(validation) < 3 or min(validation) < 0.97 * seen.entropy:
        return None
    if training[-1] > BY_HEART * min(training[0], seen.entropy):
        return None
    return (
        f"the training loss fell from {training[0]:.3g} to {training[-1]:.3g}, and the validation loss is no better "
        f"than that of guessing by frequency, {seen.entropy:.3g}: labels look shuffled; check that each example has "
        "its own."
    )


def drifting(seen: Evidence) -> str | None:
    """Prechelt (1998), Early stopping, but when?, section 2.2: the generalization loss."""
    training, validation = seen.history.get("loss", ()), seen.history.get("val_loss", ())
    values = seen.history.get(f"val_{seen.metric}", ())
    if len(validation) < 3 or len(values) < 3 or training[-1] >= training[-2]:
        return None
    best = max(values) if seen.mode == "max" else min(values)
    worse = (best - values[-1]) if seen.mode == "max" else (values[-1] - best) / max(abs(best), 1e-9)
    if validation[-1] < DRIFT * min(validation) or worse < WORSE or values[-2] == best:
        return None
    return (
        f"validation drifts away: its loss is {validation[-1] / min(validation):.1f} times its best while that "
        "of training still falls: increase `dropout`, decrease `units`, or give more data; the best weights are kept."
    )


# In this order: the first sentence of those about a loss that does not move is the most specific one.
GRADIENTS = (exploding, vanishing)
LOSS = (saturated_gates, rate_too_high, rate_too_low)  # beside `flat_loss`
VALIDATION = (shuffled_labels, drifting)


def _size(norm):
    return norm if math.isfinite(norm) else math.inf


def _times(share):
    return f"{share:.2g} times" if share >= 1 else f"{share:.2%} of"
