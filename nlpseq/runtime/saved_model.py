"""A SavedModel, in TensorFlow."""

from pathlib import Path
from typing import Any

from nlpseq.errors import InputError


class SavedModel:
    """A SavedModel, loaded when it is first asked.

    Args:
        path: Folder of the version.
    """

    def __init__(self, path: Path):
        self.path = path
        self._signatures = None

    @property
    def signatures(self) -> dict[str, Any]:
        """The signatures by name.

        Raises:
            InputError: the model cannot be loaded.
        """
        if self._signatures is None:
            import tensorflow as tf

            try:
                self._model = tf.saved_model.load(str(self.path))
            except Exception as error:  # a damaged file raises errors of many classes
                reason = str(error).strip().splitlines()[0] if str(error).strip() else error
                raise InputError(f"the model in {self.path} cannot be loaded ({reason}): export it again.") from None
            if "serving_default" not in self._model.signatures:
                raise InputError(f"the model in {self.path} has no signature 'serving_default': export it again.")
            self._signatures = self._model.signatures
        return self._signatures

    def rows(self, inputs: dict[str, Any], count: int) -> list[dict[str, Any]]:
        """The rows of the outputs of "serving_default" as Python values.

        Args:
            inputs: The inputs by name.
            count: Number of rows.
        """
        import tensorflow as tf

        outputs = self.signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})
        columns = {name: value.numpy() for name, value in sorted(outputs.items())}
        return [{name: plain(column[row]) for name, column in columns.items()} for row in range(count)]


def plain(value: Any) -> Any:
    """A NumPy value as Python objects, bytes decoded as UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return [plain(item) for item in value] if isinstance(value, list) else value
