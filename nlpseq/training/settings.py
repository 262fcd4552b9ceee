"""Settings of training that all recipes share."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.errors import InputError
from nlpseq.settings import AUTO, FREE, Range, Settings


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """How the model is trained."""

    epochs: Annotated[int, Range(1), AUTO] = 10
    """The most passes over the training split."""
    batch_size: Annotated[int, Range(1), AUTO] = 64
    """Examples in a training step."""
    learning_rate: Annotated[float, Range(1e-9, 100), AUTO] = 2e-3
    """Highest learning rate."""
    optimizer: Literal["adam", "sgd", "asgd"] = "adam"
    """Adam; gradient descent; or gradient descent that averages its weights once validation stops improving."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls to zero after a short warm-up; "constant" keeps it."""
    clip_norm: Annotated[float, Range(0)] = 1.0
    """Global norm to which gradients are clipped; 0 does not clip."""
    clip_value: Annotated[float, Range(0)] = 0.0
    """Largest absolute value of each gradient, such as 5, instead of a clipped norm; 0 clips by `clip_norm`."""
    averaging: Annotated[float, Range(0, 0.99999), AUTO] = 0.0
    """Decay of a moving average of the weights, which is then validated and kept; 0 for none."""
    validations: Annotated[int, Range(1), AUTO] = 1
    """Validations in each pass over the training split."""
    patience: Annotated[int, Range(1), AUTO] = 3
    """Validations without a better score before training stops; with asgd before it averages, and as many after."""
    budget: Annotated[float | None, Range(0.1)] = None
    """Minutes after which a run ends, with the learning rate at zero by then; None for no limit."""
    mixed_precision: Literal["no", "bfloat16", "float16"] = "no"
    """Type of the computation, with float32 weights."""
    reduction: Literal["float32", "bfloat16"] = "float32"
    """Type in which several workers add their gradients; bfloat16 halves what they send and is less exact."""
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    """Seed of the initial weights, the shuffling and the dropout."""
    tensorboard: Annotated[str | None, FREE] = None
    """Folder of TensorBoard logs; needs the extra nlpseq[tensorboard]."""
    init_from: str | None = None
    """Export or checkpoint whose weights training starts from, those of labels and words that both have."""
    restart: Annotated[bool, FREE] = False
    """Whether to start afresh where an interrupted run could be continued."""
    doctor: Annotated[bool, FREE] = True
    """Whether a training that does not learn is told why."""
    checkpoint_minutes: Annotated[float, Range(0), FREE] = 3.0
    """Most minutes between two checkpoints; there is one before each validation too."""

    def check(self) -> None:
        super().check()
        if self.averaging and self.optimizer == "asgd":
            raise InputError("`averaging` keeps a moving average and `optimizer` asgd keeps another: choose one.")
