"""The contract of the answers of a kind: how its exports are asked, and how answers are read and shown.

No TensorFlow is needed here; an export is asked through `nlpseq.serving.Export`.
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
        name: as a Python name; the flag is "--" and it with hyphens.
        type: int, float, str, or bool for a flag without a value.
        help: a line.
    """

    name: str
    type: type
    help: str


class Answers:
    """How an export of a kind is asked, read and shown.

    Class attributes:
        options: The kind's own flags of `nlpseq predict`.
        batch_size: The most examples that are answered together.
        input_name: What an example is called, in a JSON answer and in "serving_default".

    Args:
        metadata: `nlpseq.serving.Metadata` of the export.
    """

    options: ClassVar[tuple[Option, ...]] = ()
    batch_size: ClassVar[int] = 64
    input_name: ClassVar[str] = "text"

    def __init__(self, metadata: "Metadata"):
        self.metadata = metadata

    def parse(self, text: str) -> Any:
        """An example from an argument of `nlpseq predict`, or a line of its standard input.

        Raises:
            InputError: the text is no example of this kind.
        """
        return text

    def inputs(self, examples: list) -> dict[str, np.ndarray]:
        """Examples as the inputs of "serving_default"."""
        return {self.input_name: np.array(examples, object)}

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        """The answer to one example, from its row of each output as Python values."""
        return row

    def show(self, example: Any, answer: dict[str, Any]) -> str:
        """An answer as the terminal shows it, lines without the last line end."""
        raise NotImplementedError(f"{type(self).__name__} must define show(self, example, answer).")

    def notes(self, answer: dict[str, Any]) -> list[str]:
        """What standard error says of an answer, lines."""
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
        """Answers batches of examples as `nlpseq predict` does.

        Args:
            export: the export.
            batches: lists of examples.
            write, note: functions that write to standard output, and a line to standard error.
            as_json: whether an answer is a JSON object a line.
            **options: those of `options` that were given.

        Raises:
            InputError: an option is out of its range.
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
    """A JSON object as a line."""
    return json.dumps(values, ensure_ascii=False) + "\n"


def one_line(text: str) -> str:
    """A text with its white space as single spaces."""
    return " ".join(text.split())
