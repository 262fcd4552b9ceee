"""Trains a tiny task of each kind as one of the workers that `TF_CONFIG` names; the chief writes weights and history.

python -m tests.training.worker_program FOLDER [--kinds ...] [--optimizers ...] [--epochs N] [--mode auto]
"""

import argparse
from pathlib import Path

from nlpseq import tasks
from nlpseq.training import workers

BATCH = 5  # 16 examples: four batches, which workers share unevenly, and of whose last one all but one have nothing


def data_of(kind):
    """The function that makes a task without dropout, and its examples."""
    import functools

    from tests.tasks import fitted, tiny

    sizes = {"units": 12, "embedding_size": 8}
    make = functools.partial
    texts = {
        "classification": (make(tasks.TextClassifier, tiny.words(), tiny.LABELS, **sizes), tiny.labelled_texts(4)),
        "tagging": (make(tasks.TokenTagger, tiny.tokens(), tiny.TAG_NAMES, scheme="bio", **sizes), tiny.sentences(4)),
        "translation": (make(tasks.Translator, tiny.pair_tokens(), **sizes), tiny.pairs(4)),
        "language_model": (make(tasks.LanguageModel, tiny.line_tokens(), **sizes), tiny.lines(60)),
    }
    return texts[kind] if kind in texts else (make(fitted.fitted_task, kind), fitted.FITTED[kind][1]())


def trained(kind, optimizer, epochs, **settings):
    """The weights after the last epoch, and the history, of a training with active clipping and no dropout."""
    import keras
    import numpy as np

    from nlpseq.training import train
    from nlpseq.training.settings import TrainingSettings
    from nlpseq.training.watching import watching

    make, examples = data_of(kind)
    dropped = {name: 0.0 for name in make().settings.flat() if name.endswith("dropout")}
    keras.utils.set_random_seed(1)
    task = make(**dropped)
    weights = []

    def watch(task, *_):
        return keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: weights.append(task.get_weights()))

    rate = {"adam": 2e-3}.get(optimizer, 0.5)
    common = {"batch_size": BATCH, "clip_norm": 0.1, "patience": 100, "learning_rate": rate}
    with watching(watch):
        history, _ = train(
            task, examples, examples, TrainingSettings(epochs=epochs, optimizer=optimizer, **{**common, **settings})
        )
    return [np.array(weight) for weight in weights[-1]], history


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kinds", nargs="+", default=list(tasks.KINDS))
    parser.add_argument("--optimizers", nargs="+", default=["sgd", "adam"])
    parser.add_argument("--epochs", type=int, default=13)
    parser.add_argument("--mode", default="portable")
    parser.add_argument("--reduction", default="float32")
    chosen = parser.parse_args()
    team = workers.join()
    import numpy as np
    import tensorflow as tf

    from nlpseq import engine

    engine.set_mode(chosen.mode)
    tf.config.experimental.enable_op_determinism()
    for kind in chosen.kinds:
        for optimizer in chosen.optimizers:
            weights, history = trained(kind, optimizer, chosen.epochs, reduction=chosen.reduction)
            if team.is_chief:
                values = {f"weight-{number:03}": weight for number, weight in enumerate(weights)}
                values |= {name: history[name] for name in history if name != "minutes"}
                np.savez(chosen.folder / f"{kind}-{optimizer}-{team.count}.npz", **values)
            print(kind, optimizer, history["val_loss"][-1], flush=True)


if __name__ == "__main__":
    main()
