"""The interface of `Answers`: how the inputs of an export are made, and its outputs read and printed.

TensorFlow is not imported here; the model is run by `nlpseq.serving.Export`.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from nlpseq.serving.client import Export
    from nlpseq.serving.metadata import Metadata


@dataclass(frozen=True)
class Option:
    """A flag of `nlpseq predict` for exports of one kind.

    Attributes:
        name: Python name; the flag is `--` and the name with hyphens.
        type: int, float or str; bool for a flag without a value.
        help: One line of help.
    """

    name: str
    type: type
    help: str


class Answers:
    """Makes the inputs, and reads and prints the outputs, of exports of one kind of task.

    Class attributes:
        options: Flags of `nlpseq predict` that are specific to the kind.
        batch_size: Maximum number of examples in a batch.
        input_name: Name of the input in "serving_default" and in JSON output.
        signatures: Names of the signatures that the kind uses.
        outputs: Names of outputs of "serving_default", by which models of other kinds are refused.

    Args:
        metadata: `nlpseq.serving.Metadata` of the export.
    """

    options: ClassVar[tuple[Option, ...]] = ()
    batch_size: ClassVar[int] = 64
    input_name: ClassVar[str] = "text"
    signatures: ClassVar[tuple[str, ...]] = ("serving_default",)
    outputs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, metadata: "Metadata"):
        self.metadata = metadata

    def parse(self, text: str) -> Any:
        """An example from an argument of `nlpseq predict`, or a line of its standard input.

        Raises:
            InputError: the text is not a valid example of this kind.
        """
        return text

    def inputs(self, examples: list) -> dict[str, np.ndarray]:
        """The inputs of "serving_default" for a list of examples, by name."""
        texts = [text.encode("utf-8", "replace") if isinstance(text, str) else text for text in examples]
        return {self.input_name: np.array(texts, object)}

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        """The answer to one example.

        Args:
            row: The row of the example in each output of "serving_default", as Python values.
        """
        return row

    def show(self, example: Any, answer: dict[str, Any]) -> str:
        """The text that the terminal prints for an answer, without the final line end."""
        raise NotImplementedError(f"{type(self).__name__} must define show(self, example, answer).")

    def notes(self, answer: dict[str, Any]) -> list[str]:
        """Lines about an answer for standard error."""
        return []

    def respond(
        self,
        export: "Export",
        batches: Iterable[list],
        write: Callable[[str], None],
        note: Callable[[str], None],
        as_json: bool = False,
        **options: Any,
    ) -> None:
        """Answers batches of examples; this is what `nlpseq predict` calls.

        Args:
            export: The export.
            batches: Lists of examples.
            write: Writes a string to standard output.
            note: Writes a line to standard error.
            as_json: Whether to write a JSON object per line.
            **options: Values of `options`, by name.

        Raises:
            InputError: an option is outside its range.
        """
        for batch in batches:
            for example, answer in zip(batch, export.predict(batch)):
                if as_json:
                    write(json_line({self.input_name: example, **answer}))
                else:
                    write(self.show(example, answer) + "\n")
                    for line in self.notes(answer):
                        note(line)


def json_line(values: dict[str, Any]) -> str:
    """A JSON object on one line, with the line end."""
    return json.dumps(values, ensure_ascii=False) + "\n"


def one_line(text: str) -> str:
    """A text on one line: runs of white space become single spaces."""
    return " ".join(text.split())
