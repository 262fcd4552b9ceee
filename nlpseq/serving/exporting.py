"""Exports a trained task as a self-contained SavedModel, completely or not at all."""

import contextlib
import dataclasses
import platform
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import nlpseq
from nlpseq import engine
from nlpseq.engine.kernels import run_by_kernel
from nlpseq.runtime.description import write_tables
from nlpseq.serving.formats.adding import FormatError, check_formats, write_formats
from nlpseq.serving.metadata import Metadata, write_json
from nlpseq.serving.model_card import model_card
from nlpseq.serving.output import check_output, publish
from nlpseq.serving.warmup import write_warmup
from nlpseq.training.transfer import TASK_FILE, task_config
from nlpseq.writing import incomplete_folder, write_text, writing


def export(
    task: keras.Model,
    folder: str | Path,
    *,
    data: Any,
    settings: dict[str, Any],
    metrics: dict[str, Any],
    draw: Callable[[Path], None] | None = None,
    formats: Sequence[str] = ("saved_model",),
    quantize: str = "none",
    examples: Any = None,
) -> Path:
    """Writes an export to `folder/<next free version>`.

    An export contains the SavedModel, whose signatures take raw input and need neither nlpseq nor
    XLA; the class names, if any, as an asset; warm-up requests for TensorFlow Serving;
    `config.json`, `metrics.json`, `task.json` and `model_card.md`; `tables.npz` if the task has tables; and plots. It
    is written to a temporary folder beside the versions, which is renamed at the end.

    Args:
        task: `nlpseq.tasks.base.Task`.
        folder: Folder of the numbered versions.
        data: The dataset, with attributes `name`, `sizes` and `generated`.
        settings: Settings of the run, by flat name.
        metrics: Contents of `metrics.json`: scores by split; if known "train_seconds" and "peak_memory_mb".
        draw: Function that writes PNG files to the folder it is called with. Default None.
        formats: Formats of the model, names in `nlpseq.serving.formats.FORMATS`. Default ("saved_model",), which
            is always written.
        quantize: Of the format litert: "none", "float16" or "int8". Default "none".
        examples: The validation split, of which a sample shows that the formats agree. Default None.

    Returns:
        The path of the version.

    Raises:
        InputError: the folder is not writable, or a format is unknown.
        FormatError: a format cannot be made, or does not agree with the SavedModel; the others are exported.
        WritingError: the disk is full, or the folder has vanished.
    """
    check_formats(formats, quantize)
    folder = check_output(folder)
    metadata = Metadata(
        task=task.kind,
        labels=task.labels,
        details=task.details(),
        data={"name": data.name, "generated": data.generated, "sizes": data.sizes},
        settings=settings,
        versions=versions(),
    )
    refused = {}
    with writing(f"the export to {folder}"), incomplete_folder(folder) as partial:
        _save_model(task, partial)
        write_tables(partial, task.tables())
        metadata.write(partial)
        if set(formats) - {"saved_model"}:
            described, refused = write_formats(task, metadata, partial, formats, quantize, examples)
            metadata = dataclasses.replace(metadata, formats=described)
            metadata.write(partial)
        write_warmup(partial, task.warmup())
        write_text(partial / TASK_FILE, task_config(task))
        metrics = {"validation": {}, "test": {}, **metrics}
        write_json(partial / "metrics.json", metrics)
        write_text(partial / "model_card.md", model_card(task, metadata, metrics))
        if draw is not None:
            draw(partial)
        path = publish(partial, folder)
    if refused:
        raise FormatError(path, refused)
    return path


def versions() -> dict[str, str]:
    """The versions of the software that a result depends on."""
    return {
        "nlpseq": nlpseq.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def _save_model(task, folder):
    """The SavedModel: variables, tables and signatures of the task, and its class names if any."""
    task.ensure_built()
    served = tf.Module()
    served.weights = [variable.value for variable in task.variables]
    served.resources = task.resources()
    kernels = engine.substituted_runs(run_by_kernel) if task.padding_at_end else contextlib.nullcontext()
    with tempfile.TemporaryDirectory() as scratch, engine.mode("portable"), engine.without_gradients(), kernels:
        if task.labels:
            labels = Path(scratch, "labels.txt")
            lines = [" ".join(label.split()) for label in task.labels]  # one label per line
            labels.write_text("\n".join([*lines, ""]), encoding="utf-8")
            served.labels = tf.saved_model.Asset(str(labels))
        signatures = {name: _traced(function) for name, function in task.signatures().items()}
        tf.saved_model.save(served, str(folder), signatures=signatures)


def _traced(function):
    """A signature, traced already: what is traced while a model is saved is not shared with other functions."""
    is_concrete = isinstance(function, tf.types.experimental.ConcreteFunction)
    return function if is_concrete else function.get_concrete_function()
