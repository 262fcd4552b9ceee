"""The interface of `Answers`: how the inputs of an export are made, and its outputs read and printed.

TensorFlow is not imported here; the model is run by `nlpseq.serving.Export`.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import numpy as np

from nlpseq.data.answer_rows import json_text
from nlpseq.errors import ExampleError, InputError, first_of, shorten, some_of

if TYPE_CHECKING:
    from nlpseq.runtime.description import Described
    from nlpseq.runtime.model import Computed
    from nlpseq.serving.client import Export


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


TABLES = (
    Option("delimiter", str, "delimiter of the columns of a file, a character or tab; default: found"),
    Option("encoding", str, "encoding of a file, e.g. latin-1; default: UTF-8, or that of a byte-order mark"),
)
EMBED = Option("embed", bool, "write the vector of each text, in JSON, instead of its answer")


class Answers:
    """Makes the inputs, and reads and prints the outputs, of exports of one kind of task.

    Class attributes:
        options: Flags of `nlpseq predict` that are specific to the kind.
        stream_options: Those of `stream`; none for kinds that do not stream.
        files: Whether the arguments of `nlpseq predict` are paths of files, not texts.
        batch_size: Maximum number of examples in a batch.
        by_step: Whether `respond` writes a line for each step of an example.
        input_name: Name of the input in "serving_default" and in JSON output.
        decisions: Names of the outputs that are decisions, such as a label; the others are scores.
        sentences: Whether decisions are sentences: those of two formats are compared word by word.
        widget: How the page of the server shows answers: a file of `nlpseq/serving/page/widgets/`.
        detailed: Signatures that tell more than "serving_default", the one that tells most first.
        suffixes: Of the files that `nlpseq predict --output` writes.
        joins_columns: Whether an input may be joined from several columns of a table, as in training.
        separator: Separates the strings of a list in a cell of a table.
        signatures: Names of the signatures that the kind uses.
        outputs: Names of outputs of "serving_default", by which models of other kinds are refused.

    Args:
        metadata: `nlpseq.serving.Metadata` of the export, or what a client without TensorFlow reads in its place.
    """

    options: ClassVar[tuple[Option, ...]] = ()
    stream_options: ClassVar[tuple[Option, ...]] = ()
    files: ClassVar[bool] = False
    batch_size: ClassVar[int] = 64
    by_step: ClassVar[bool] = False
    input_name: ClassVar[str] = "text"
    decisions: ClassVar[tuple[str, ...]] = ()
    sentences: ClassVar[bool] = False
    widget: ClassVar[str] = "plain"
    detailed: ClassVar[tuple[str, ...]] = ()
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".jsonl")
    joins_columns: ClassVar[bool] = False
    separator: ClassVar[str] = " "
    signatures: ClassVar[tuple[str, ...]] = ("serving_default",)
    outputs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, metadata: "Described"):
        self.metadata = metadata

    def magnitude(self, output: str, scores: np.ndarray, example: Any) -> np.ndarray:
        """In parts of what differences between two formats are counted: by default the scores, and 1 at least.

        Args:
            output: Name of the output.
            scores: Its scores in the answer to an example, `(count,)`.
            example: The example.
        """
        return np.maximum(1.0, np.abs(scores))

    def batches(
        self, arguments: list[str], standard_input: BinaryIO, terminal: bool = False, **options: Any
    ) -> Iterator[list]:
        """Batches of examples, for `nlpseq predict`.

        Args:
            arguments: Texts, or paths of files for a kind with `files`.
            standard_input: Read if there are no arguments, a line an example.
            terminal: Whether the lines are typed, and answered one by one. Default False.
            **options: Values of `options`, by name.

        Raises:
            InputError: an argument or a line is not a valid example.
        """
        size = 1 if terminal and not arguments else self.batch_size
        lines = (line.rstrip(b"\r\n") for line in standard_input)
        texts = map(os.fsencode, arguments) if arguments else lines
        return in_lists((self.parse(text.decode("utf-8", "replace")) for text in texts), size)

    def parse(self, text: str) -> Any:
        """An example from an argument of `nlpseq predict`, or a line of its standard input.

        Raises:
            InputError: the text is not a valid example of this kind.
        """
        return text

    def example(self, value: Any) -> Any:
        """An example from what a program gives `nlpseq.runtime`: here a string, also in UTF-8.

        Raises:
            InputError: it is not a valid example of this kind.
        """
        if isinstance(value, str):
            return value
        return as_utf8(value).decode("utf-8", "replace")

    def as_example(self, value: Any) -> Any:
        """`example`, in which whatever cannot be read is an `InputError`; of an example itself the same."""
        try:
            return self.example(value)
        except InputError:
            raise
        except (TypeError, ValueError) as error:  # of NumPy, which takes no lists of unequal length, or strings
            raise InputError(f"an input cannot be read, {shorten(repr(value))}: {shorten(error)}.") from None

    def inputs(self, examples: list) -> dict[str, np.ndarray]:
        """The inputs of "serving_default" for a list of examples, by name."""
        return {self.input_name: np.array([as_utf8(example) for example in examples], object)}

    def compute(self, model: "Computed", examples: list) -> list[dict[str, Any]]:
        """The rows of the outputs of "serving_default", from the numeric functions of a model.

        Args:
            model: `nlpseq.runtime.model.Computed`: functions, preprocessor, options and tables.
            examples: As in `inputs`.
        """
        raise InputError(f"exports of the kind {self.metadata.task} are answered by TensorFlow only.")

    def run(self, model: "Computed", signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of another signature than "serving_default", from the numeric functions of a model.

        Raises:
            InputError: the saved_model alone has it.
        """
        raise InputError(
            f"{signature!r} is answered by the saved_model of an export: load it with format='saved_model'."
        )

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        """The answer to one example.

        Args:
            row: The row of the example in each output of "serving_default", or of a signature of `detailed`,
                as Python values.
        """
        return row

    def known_label(self, label: Any) -> str:
        """A label that the model answered.

        Raises:
            InputError: it is none of those in the metadata.
        """
        if label not in self.metadata.labels:
            raise InputError(f"the model answers {label!r}, which its config.json does not list: export it again.")
        return label

    def score(self, pairs: list[tuple[Any, dict[str, Any]]]) -> dict[str, float]:
        """The metric of answers by its name; empty if there is none.

        Args:
            pairs: What is right, as `Task.validation_sample` gives it, and the answer.
        """
        return {}

    def stream(self, export: "Export", example: Any, show: Callable[[str], None], **options: Any) -> None:
        """Answers an example piece by piece; the server sends each as an event.

        Args:
            export: The export.
            example: The example.
            show: Called with the text of each piece; may raise an exception to end the answer.
            **options: Values of `stream_options`, by name.

        Raises:
            InputError: exports of the kind have no such answers; an option is outside its range.
        """
        raise InputError(f"exports of the kind {self.metadata.task} do not stream: ask for the whole answer.")

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
        embed: bool = False,
        **options: Any,
    ) -> None:
        """Answers batches of examples; this is what `nlpseq predict` calls.

        Args:
            export: The export.
            batches: Lists of examples.
            write: Writes a string to standard output.
            note: Writes a line to standard error.
            as_json: Whether to write a JSON object per line.
            embed: Whether to write vectors, as of `Export.embed`, in JSON. Kinds whose exports have them
                list `EMBED` among their options.
            **options: Values of `options`, by name.

        Raises:
            InputError: an option is outside its range.
            ExampleError: examples have no answer, for reasons that are written with them in JSON; all others are
                answered.
        """
        for batch in batches:
            answers = [{"embedding": row.tolist()} for row in export.embed(batch)] if embed else export.predict(batch)
            for example, answer in zip(batch, answers):
                if as_json or embed:
                    write(json_line({self.input_name: example, **answer}))
                else:
                    write(self.show(example, answer) + "\n")
                    for line in self.notes(answer):
                        note(line)


def unanswered(reasons: Mapping[int, str], count: int) -> ExampleError:
    """The error for some of `count` examples, from the number of each to the reason why it has no answer.

    >>> print(unanswered({2: "it is too long.", 7: "it is too long."}, 9))
    2 of 9 inputs have no answer, numbers 2, 7: it is too long.
    """
    first = next(iter(reasons.values()))
    if count == 1:
        return ExampleError(first)
    subject = some_of(len(reasons), count, "input", "has no answer, number", "have no answer, numbers")
    return ExampleError(f"{subject} {first_of(list(reasons))}: {first}")


def in_lists(items: Iterable, size: int) -> Iterator[list]:
    """Lists of up to `size` items."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def as_utf8(text: str | bytes) -> bytes:
    """A string in UTF-8, with "?" for half of a pair of surrogates, which has no encoding.

    Raises:
        InputError: it is not a string.
    """
    if isinstance(text, str):
        return text.encode("utf-8", "replace")
    if not isinstance(text, bytes):
        raise InputError(
            f"expected strings, got {shorten(repr(text))} of type {type(text).__name__}: convert it to str."
        )
    return text


def json_line(values: dict[str, Any]) -> str:
    """A JSON object on one line, with the line end."""
    return json_text(values) + "\n"


def one_line(text: str) -> str:
    """A text on one line: runs of white space become single spaces."""
    return " ".join(text.split())
