"""Using an export: loading it, asking it, describing it. Needs TensorFlow alone."""

import json
import os
from pathlib import Path

from nlpseq.errors import InputError, one_of, shorten


class Export:
    """An exported model.

    Args:
        path: of a version, or of a folder of versions, of which the newest is taken.

    Raises:
        InputError: there is no export of nlpseq at the path.
    """

    def __init__(self, path):
        self.path = find_export(path)
        self.config = _read_json(self.path / "config.json", ("task",))
        self._read = READERS[one_of("task", self.config["task"], READERS)]
        self.metrics = _read_json(self.path / "metrics.json", ("validation", "test"))
        self._signatures = None

    @property
    def signatures(self):
        """The functions by name; the model is loaded when they are first asked for."""
        if self._signatures is None:
            import tensorflow as tf

            try:
                self._model = tf.saved_model.load(str(self.path))
            except Exception as error:  # whatever a broken file makes TensorFlow throw
                reason = str(error).strip().splitlines()[0] if str(error).strip() else error
                raise InputError(f"the model in {self.path} cannot be loaded ({reason}): export it again.") from None
            if "serving_default" not in self._model.signatures:
                raise InputError(f"the model in {self.path} has no signature 'serving_default'.")
            self._signatures = self._model.signatures
        return self._signatures

    def predict(self, texts):
        """The answers to some texts: a list of dicts of the outputs, one a text."""
        import tensorflow as tf

        outputs = self.signatures["serving_default"](text=tf.constant(list(texts), tf.string))
        outputs = {name: value.numpy() for name, value in outputs.items()}
        return [
            self._read({name: _plain(value[row]) for name, value in sorted(outputs.items())}, self.config)
            for row in range(len(texts))
        ]


def _read_scores(row, config):
    """A text's label, and its scores by class name."""
    return {**row, "scores": dict(zip(config["labels"], row["scores"]))}


def _read_tags(row, config):
    """A text's tokens, tags and scores without the padding, and its spans where tags mark some."""
    from nlpseq.tag_schemes import spans  # its package loads TensorFlow

    length = row.pop("length")
    row = {name: values[:length] for name, values in row.items()}
    if config["scheme"]:
        found = spans(row["tags"], config["scheme"])
        row["spans"] = [{"type": kind, "start": start, "end": end} for kind, start, end in found]
    return row


def _read_translation(row, config):
    """A text's translation and score, and how much was read of a text that is cut."""
    cut = row.pop("cut")
    return {**row, "cut_to_pieces": config["max_tokens"] - 1} if cut else row


def _read_text_score(row, config):
    """A text's tokens with their log-probabilities, and how much was read of a text that is cut."""
    length, cut = row.pop("length"), row.pop("cut")
    row = {**row, "tokens": row["tokens"][:length], "log_probabilities": row["log_probabilities"][:length]}
    return {**row, "cut_to_pieces": config["max_tokens"]} if cut else row


READERS = {
    "classification": _read_scores,
    "language_model": _read_text_score,
    "tagging": _read_tags,
    "translation": _read_translation,
}


def find_export(path):
    """The folder of an export: the path itself, or the newest version below it."""
    path = Path(path).expanduser()
    candidates = [path]
    if os.path.isdir(path):  # unlike Path.is_dir, also where the name is too long
        versions = [item for item in path.iterdir() if item.name.isdecimal()]
        candidates += sorted(versions, key=lambda item: int(item.name), reverse=True)
    for candidate in candidates:
        if all(os.path.isfile(candidate / name) for name in ("saved_model.pb", "config.json")):
            return candidate
    raise InputError(
        f"{shorten(path)} is no export of nlpseq: expected a folder such as saved_models/sentiment/1 that "
        "holds saved_model.pb and config.json; run a recipe to make one."
    )


def _read_json(path, names):
    """The JSON object in a file, which must have some names."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}; export the model again.") from None
    if not isinstance(values, dict) or not set(names) <= set(values):
        raise InputError(f"{path} lacks {' and '.join(names)}: export the model again.")
    return values


def _plain(value):
    """A NumPy value as Python's own."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return [_plain(item) for item in value] if isinstance(value, list) else value
