"""A SavedModel, in TensorFlow."""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from nlpseq.data.files.contents import check_file
from nlpseq.errors import InputError, one_of, shorten


class SavedModel:
    """A SavedModel, loaded when it is first asked.

    Args:
        path: Folder of the version.
        names: Names of signatures that it must have.
    """

    def __init__(self, path: Path, names: Sequence[str] = ("serving_default",)):
        self.path, self.names = path, names
        self._signatures = None

    @property
    def signatures(self) -> dict[str, Any]:
        """The signatures by name.

        Raises:
            InputError: the model cannot be loaded.
        """
        if self._signatures is None:
            import tensorflow as tf

            for file in (self.path / "saved_model.pb", *(self.path / "variables").glob("*")):
                check_file(file)  # TensorFlow waits for pipes, and crashes on files that do not fit in memory
            try:
                self._model = tf.saved_model.load(str(self.path))
            except Exception as error:  # a damaged file raises errors of many classes
                reason = str(error).strip().splitlines()[0] if str(error).strip() else error
                raise InputError(f"the model in {self.path} cannot be loaded ({reason}): export it again.") from None
            for name in self.names:
                if name not in self._model.signatures:
                    raise InputError(f"the model in {self.path} has no signature {name!r}: export it again.")
            self._signatures = self._model.signatures
        return self._signatures

    def run(self, signature: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs of a signature, arrays by name.

        Raises:
            InputError: there is no such signature, or the inputs have other names, types or shapes than its own.
        """
        import tensorflow as tf

        function = self.signatures[one_of("signature", signature, list(self.signatures))]
        specs = function.structured_input_signature[1]
        check_inputs(signature, inputs, specs)
        values = {}
        for name, spec in specs.items():
            try:
                values[name] = tf.constant(inputs[name], spec.dtype)
            except (TypeError, ValueError):
                values[name] = None
            if values[name] is None or not spec.shape.is_compatible_with(values[name].shape):
                raise InputError(
                    f"the input {name!r} of the signature {signature!r} must be {spec.dtype.name} of the shape "
                    f"{spec.shape}, got {shorten(repr(inputs[name]))}."
                )
        return {name: value.numpy() for name, value in sorted(function(**values).items())}


def check_inputs(signature: str, inputs: Collection[str], expected: Collection[str]) -> None:
    """Raises an `InputError` unless the inputs of a signature have the expected names."""
    if set(inputs) != set(expected):
        listed, received = (", ".join(sorted(names)) for names in (expected, inputs))
        raise InputError(f"the signature {signature!r} takes {listed}, got {received or 'nothing'}.")


def rows(outputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of outputs, arrays `(batch, ...)` by name, as Python values."""
    for number in range(len(next(iter(outputs.values())))):
        yield {name: plain(column[number]) for name, column in outputs.items()}


def plain(value: Any, of_bytes: Callable[[bytes], Any] = lambda value: value.decode("utf-8", "replace")) -> Any:
    """An array, or a scalar of NumPy, as Python objects.

    Args:
        value: The array.
        of_bytes: What becomes of a string. Default it is decoded as UTF-8.
    """
    if isinstance(value, bytes):
        return of_bytes(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist(), of_bytes) if value.dtype == object else value.tolist()
    return [plain(item, of_bytes) for item in value] if isinstance(value, list) else value
