"""Weights of a trained model for a new one: the same, or one with other labels or words."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.files.contents import read_text
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.runtime.description import read_tables
from nlpseq.training.folder import find_checkpoint
from nlpseq.training.state import restore_variables
from nlpseq.versions import versions

TASK_FILE = "task.json"  # of an export: the task's configuration, to make it again


def task_config(task: keras.Model) -> str:
    """What `load_task` needs to make a task again, in JSON: its class, settings, labels and vocabulary."""
    return json.dumps(keras.saving.serialize_keras_object(task), ensure_ascii=False)


def load_task(path: str | Path) -> Any:
    """The task of an export or a checkpoint, with its best weights.

    Args:
        path: Folder of a version of an export, or of all its versions; or a checkpoint, or a folder of checkpoints.

    Raises:
        InputError: There is neither, or it cannot be used.
    """
    path = as_path(path)
    folder = _export_at(path)
    return of_checkpoint(*find_checkpoint(path)) if folder is None else _of_export(folder)


def check_task(path: str | Path) -> None:
    """Raises the `InputError` of `load_task` where there is neither an export nor a checkpoint."""
    path = as_path(path)
    if _export_at(path) is None:
        find_checkpoint(path)


def _export_at(path):
    """The folder of a version of an export, None if there is none."""
    return next((folder for folder in (path, *versions(path)) if os.path.isfile(folder / "saved_model.pb")), None)


def _of_export(folder):
    if not (folder / TASK_FILE).is_file():
        raise InputError(
            f"{folder} has no {TASK_FILE}, as exports of older versions: train with this version of nlpseq."
        )
    try:
        task = _task_of(read_text(folder / TASK_FILE), folder)
        values = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        names = [f"weights/{number}/.ATTRIBUTES/VARIABLE_VALUE" for number in range(len(task.variables))]
        restore_variables(task, [np.asarray(values.get_tensor(name)) for name in names])
        task.restore_tables(read_tables(folder))
        return task
    except InputError:
        raise
    except (OSError, tf.errors.OpError, LookupError, ValueError, RuntimeError) as error:
        reason = shorten((str(error).strip().splitlines() or [""])[0])
        raise InputError(f"the weights in {folder} cannot be read ({reason}).") from None


def of_checkpoint(path: Path, checkpoint: dict[str, Any]) -> Any:
    """The task of a checkpoint, with its best weights, or else its latest.

    Raises:
        InputError: The checkpoint holds no task, or not its weights.
    """
    task = _task_of(checkpoint.get("task"), path)
    try:
        best = checkpoint.get("weights") or next(
            (state["best_weights"] for state in checkpoint.get("callbacks", ()) if state.get("best_weights")), None
        )
        if best is not None:
            task.set_weights(best)
        else:
            restore_variables(task, checkpoint.get("variables") or checkpoint["model"]["variables"])
        return task
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = shorten((str(error).strip().splitlines() or [type(error).__name__])[0])
        raise InputError(f"the weights in {path} cannot be read ({reason}).") from None


def _task_of(config, path):
    try:
        task = keras.saving.deserialize_keras_object(json.loads(config))
        if not hasattr(task, "settings"):
            raise TypeError("it is not a task")
        task.ensure_built()
        return task
    except Exception as error:  # Keras raises errors of many classes
        reason = shorten((str(error).strip().splitlines() or [type(error).__name__])[0])
        raise InputError(
            f"the model of {path} cannot be made ({reason}): import the module that registers its classes."
        ) from None


def take_weights(task: Any, source: Any, number: int = 0) -> list[str]:
    """Gives a task the weights of another one, or of one of the networks that it averages.

    Of a weight with named axes, such as an embedding of words or an output layer of labels, the
    parts of the names that both tasks have are taken over, whatever their order. What the task has fitted to its
    training data stays.

    Args:
        task: The task, as `nlpseq.tasks.base.Task`.
        source: A task of the same class, or several of them that are averaged.
        number: Which of these, from 0; beyond the last one it begins again.

    Returns:
        Lines that say what was taken over.

    Raises:
        InputError: It is a task of another kind, or with other layers.
    """
    if task.kind != source.kind:
        raise InputError(
            f"`init_from` is a model of the kind {source.kind}, and this one is of the kind {task.kind}: give one of "
            "this kind."
        )
    networks = getattr(source, "members", ())
    if networks and type(task) is not type(source):
        source = networks[number % len(networks)]
    if type(task) is not type(source) or len(task.weights) != len(source.weights):
        differing = [
            f"`{name}` {value} instead of {task.settings.flat().get(name)}"
            for name, value in source.settings.flat().items()
            if value != task.settings.flat().get(name)
        ]
        raise InputError(
            f"`init_from` is a {type(source).__name__} with other layers than this {type(task).__name__}"
            f"{' (' + ', '.join(differing) + ')' if differing else ''}: give the same settings of the model."
        )
    axes, source_axes, counts = _axes(task), _axes(source), {}
    left, fitted = [], {id(weight) for weight in task.fitted}
    for weight, source_weight in zip(task.weights, source.weights):
        if id(weight) in fitted:
            continue
        named_axes = axes.get(id(weight), {})
        shared = {
            axis: _shared(names, source_axes[id(source_weight)][axis][1]) for axis, (_, names) in named_axes.items()
        }
        rest = [size for axis, size in enumerate(weight.shape) if axis not in named_axes]
        if rest != [size for axis, size in enumerate(source_weight.shape) if axis not in named_axes]:
            left.append(weight.path)
            continue
        for axis, (unit, names) in named_axes.items():
            counts[unit] = (len(shared[axis][0]), len(names))
        weight.assign(_merged(np.array(weight), np.array(source_weight), shared))
    return _lines(task, len(left) + len(fitted), left, counts)


def _axes(task):
    """The named axes by id of the weight and number of the axis."""
    axes: dict[int, dict] = {}
    for weight, axis, unit, names in task.named_axes():
        axes.setdefault(id(weight), {})[axis] = (unit, names)
    return axes


def _shared(names, source_names):
    """The indices of the names that both have: here, and in the source; of repeated names in their order."""
    positions, source_positions = _numbered(names), _numbered(source_names)
    pairs = [(positions[name], source_positions[name]) for name in positions if name in source_positions]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _numbered(names):
    """The index of each name; the second of two equal names is another one."""
    counts: Counter = Counter()
    numbered = {}
    for index, name in enumerate(names):
        numbered[name, counts[name]] = index
        counts[name] += 1
    return numbered


def _merged(value, source, shared):
    ranges = [np.arange(size) for size in value.shape]
    places = [shared[axis][0] if axis in shared else ranges[axis] for axis in range(value.ndim)]
    source_places = [shared[axis][1] if axis in shared else ranges[axis] for axis in range(value.ndim)]
    if value.ndim:
        value[np.ix_(*places)] = source[np.ix_(*source_places)]
        return value
    return source


def _lines(task, new, left, counts):
    transferred = len(task.weights) - new
    parts = [f"{transferred} of {len(task.weights)} weights"]
    parts += [f"{shared:,} of {count:,} {unit}" for unit, (shared, count) in counts.items() if shared != count]
    lines = [f"starting from trained weights: {', '.join(parts)}"]
    if left:
        lines.append(f"of other sizes, and therefore new: {', '.join(left)}")
    return lines
