"""A trained task to one self-contained SavedModel, complete or absent."""

import contextlib
import json
import os
import platform
import shutil
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

import nlpseq
from nlpseq import engine
from nlpseq.errors import InputError
from nlpseq.serving.model_card import model_card

WARMUP = Path("assets.extra") / "tf_serving_warmup_requests"


def check_output(folder):
    """Creates the folder that gets the numbered versions, or raises an `InputError`."""
    folder = Path(folder).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise InputError(
            f"cannot write to the output folder {folder} ({error.strerror}): give with --output "
            "one that can be written."
        ) from None


def export(task, folder, *, data, settings, metrics, draw=None):
    """Writes `folder/<next free version>`.

    It holds the SavedModel, whose signatures take raw strings and need neither
    nlpseq nor XLA; the class names, if any, as an asset; warm-up requests as TensorFlow
    Serving reads them; `config.json`, `metrics.json`, `model_card.md`; pictures.
    All of it is written beside its final place and renamed at the end.

    Args:
        task: a model of `nlpseq.tasks`.
        folder: of the numbered versions.
        data: the dataset: its name, sizes, and whether it was generated.
        settings: of the run, a dict.
        metrics: of `metrics.json`.
        draw: function that draws PNG files into the folder that it is given.

    Returns:
        The path of the version.

    Raises:
        InputError: the folder cannot be written.
    """
    folder = check_output(folder)
    with _written_beside(folder) as partial:
        _save_model(task, partial)
        _write_warmup(partial / WARMUP, task.warmup_texts)
        about = {"task": task.kind, "labels": task.labels, **task.details(), "versions": versions()}
        about["data"] = {"name": data.name, "generated": data.generated, "sizes": data.sizes}
        _write_json(partial / "config.json", {**about, "settings": settings})
        _write_json(partial / "metrics.json", metrics)
        card = model_card(task, data, settings, metrics, versions())
        (partial / "model_card.md").write_text(card, encoding="utf-8")
        if draw is not None:
            draw(partial)
        return _publish(partial, folder)


def versions():
    """The versions that a result depends on."""
    return {
        "nlpseq": nlpseq.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def _save_model(task, folder):
    """The SavedModel: variables, tables and signatures of the task, and its class names if any."""
    served = tf.Module()
    served.weights = [variable.value for variable in task.variables]
    served.resources = task.resources()
    with tempfile.TemporaryDirectory() as scratch, engine.mode("portable"):
        if task.labels:
            labels = Path(scratch, "labels.txt")
            lines = [" ".join(label.split()) for label in task.labels]  # a label a line
            labels.write_text("\n".join([*lines, ""]), encoding="utf-8")
            served.labels = tf.saved_model.Asset(str(labels))
        tf.saved_model.save(served, str(folder), signatures=task.signatures())


@contextlib.contextmanager
def _written_beside(folder):
    """A folder beside the versions that is gone afterwards, unless it was renamed."""
    partial = Path(tempfile.mkdtemp(prefix=".incomplete-", dir=folder))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial, folder):
    """Renames the complete folder to the next free version."""
    partial.chmod(0o755)
    while True:
        taken = [int(item.name) for item in folder.iterdir() if item.name.isdecimal()]
        version = folder / str(max(taken, default=0) + 1)
        try:
            os.rename(partial, version)
            return version
        except OSError:
            if not version.exists():
                raise


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_warmup(path, texts):
    """Requests that TensorFlow Serving runs when it loads the model (`PredictionLog` records)."""
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for text in texts:
            tensor = tf.make_tensor_proto([text], tf.string).SerializeToString()
            signature = _field(1, _field(3, b"serving_default"))
            request = signature + _field(2, _field(1, b"text") + _field(2, tensor))
            writer.write(_field(6, _field(1, request)))


def _field(number, payload):
    """A length-delimited field of a protocol buffer."""
    size, length = len(payload), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + payload
