"""`nlpseq export`: further formats of an export, or an export from a checkpoint of an unfinished training."""

from pathlib import Path
from types import SimpleNamespace

from nlpseq.cli.flags import Parser
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import InputError


def add_flags(parser: Parser, _: list[str]) -> None:
    """Adds the arguments of the command to a parser."""
    parser.add_argument("path", help="an export, or a checkpoint, e.g. saved_models/sentiment/checkpoints")
    parser.add_argument("--to", help="formats, separated by commas: litert, onnx")
    parser.add_argument("--quantize", default="none", help="weights of litert: none (float32), float16 or int8")
    parser.add_argument("--output", help="folder of the numbered exports of a checkpoint; default: of the training")


def run(path: str, output: str | None = None, to: str | None = None, quantize: str = "none") -> None:
    """Adds formats to an export; of a checkpoint, exports the best weights.

    Args:
        path: Path of an export, of a checkpoint, or of a folder of checkpoints.
        output: Folder of the numbered exports of a checkpoint. Default that of the run.
        to: Names of formats, separated by commas. Default none, of a checkpoint "saved_model".
        quantize: Of the format litert: "none", "float16" or "int8".

    Raises:
        InputError: There is neither, or it cannot be used; a format cannot be made, or disagrees.
        WritingError: The result cannot be written.
    """
    from nlpseq import serving

    formats = to.split(",") if to else []
    serving.check_formats(formats, quantize)
    try:
        export = serving.find_export(path)
    except InputError:
        _export_checkpoint(path, output, formats, quantize)
        return
    if not formats:
        raise InputError(f"{export} is an export: give `to` the formats to add, for example onnx, or a checkpoint.")
    _add_formats(export, formats, quantize)


def _add_formats(export, formats, quantize):
    quiet_tensorflow()
    from nlpseq import reporting, serving
    from nlpseq.training.transfer import load_task

    described = serving.add_formats(export, load_task(export), formats, quantize)
    reporting.print_formats(described)
    reporting.say(f"added to {export}")


def _export_checkpoint(checkpoint, output, formats, quantize):
    """Exports the best weights of a checkpoint; its scores are those of the validation in training."""
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
    exported = serving.export(
        task, Path(folder), data=data, settings=tree["run"], metrics=metrics, formats=formats, quantize=quantize
    )
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
