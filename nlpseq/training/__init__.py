"""Training a task with Keras's own `fit`."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, dict.fromkeys(("optimizer", "patience", "precision", "set_seed", "train"), "nlpseq.training.fit")
)
