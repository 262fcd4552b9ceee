"""Training a task with Keras's own `fit`: optimizers, callbacks, averaging, checkpoints, precision and seeds."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "Adam": "nlpseq.training.adam",
        "Checkpoints": "nlpseq.training.resume",
        "Compiling": "nlpseq.training.callbacks",
        "Doctor": "nlpseq.training.doctor",
        "Minutes": "nlpseq.training.callbacks",
        "StopOnNonFinite": "nlpseq.training.callbacks",
        "TriggeredAveraging": "nlpseq.training.averaging",
        "WarmUp": "nlpseq.training.optimizers",
        "load_task": "nlpseq.training.transfer",
        "optimizer": "nlpseq.training.optimizers",
        "precision": "nlpseq.training.reproducibility",
        "set_seed": "nlpseq.training.reproducibility",
        "take_weights": "nlpseq.training.transfer",
        "train": "nlpseq.training.fit",
        "train_members": "nlpseq.training.members",
    },
)
