"""`nlpseq export`: an export from a checkpoint of a training that did not finish."""

from pathlib import Path
from types import SimpleNamespace

from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import InputError


def run(checkpoint: str, output: str | None = None) -> None:
    """Exports the best weights of a checkpoint; its scores are those of the validation in training.

    Args:
        checkpoint: Path of a checkpoint, or of a folder of them.
        output: Folder of the numbered exports. Default that of the run, which contains the checkpoints.

    Raises:
        InputError: There is no checkpoint, or it cannot be used.
        WritingError: The export cannot be written.
    """
    from nlpseq.training.folder import find_checkpoint

    path, tree = find_checkpoint(checkpoint)
    if not (isinstance(tree.get("run"), dict) and {"dataset", "output"} <= {*tree["run"]} and "sizes" in tree):
        raise InputError(f"{path} is not a checkpoint of a recipe: export the model with `nlpseq.serving.export`.")
    quiet_tensorflow()
    from nlpseq import reporting, serving
    from nlpseq.data.sources import CORPORA
    from nlpseq.training.transfer import of_checkpoint

    task = of_checkpoint(path, tree)
    name = str(tree["run"]["dataset"])
    data = SimpleNamespace(name=name, generated=name.partition(":")[0] in CORPORA, sizes=tree["sizes"])
    metrics = {**_metrics(task, _history(tree)), "peak_memory_mb": None}
    folder = output or tree["run"]["output"]
    exported = serving.export(task, Path(folder), data=data, settings=tree["run"], metrics=metrics)
    reporting.say(f"exported to {exported}; its scores are those of the validation in training, there are none on test")


def _history(tree):
    """The history of a finished or an interrupted training."""
    states = [state["history"] for state in tree.get("callbacks", ()) if isinstance(state.get("history"), dict)]
    return tree.get("history") or (states[-1] if states else {})


def _metrics(task, history):
    """The metrics of an export: the validation with the best value of the metric that training monitors."""
    values = history.get(f"val_{task.metric}", [])
    best = (max if task.metric_mode == "max" else min)(range(len(values)), key=values.__getitem__, default=None)
    names = [name for name in history if name.startswith("val_")]
    validation = {} if best is None else {name.removeprefix("val_"): history[name][best] for name in names}
    minutes = history.get("minutes", [0.0])
    return {"validation": validation, "test": {}, "train_seconds": round(60 * minutes[-1], 1)}
