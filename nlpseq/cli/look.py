"""`nlpseq look`: pictures of what an exported model reads and computes."""

import sys

from nlpseq.cli.flags import Parser, any_text
from nlpseq.cli.predict_flags import EXPORT
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import InputError, not_empty, shorten


def add_flags(parser: Parser, _: list[str]) -> None:
    """Adds the arguments of the command to a parser."""
    parser.add_argument("export_path", metavar="export", help=EXPORT)
    parser.add_argument("text", type=any_text, help="a text; for kinds that read files, a file of one example")
    parser.add_argument("--output", default="look", help="folder of the pictures; default: look")
    parser.add_argument("--answer", help="the answer to explain; default: that of the model")


def run(export_path: str, text: str, output: str, answer: str | None = None) -> None:
    """Draws which steps of an example lead to the answer, and the gates of the model while it reads them.

    Args:
        export_path: Path of an export.
        text: The text, or the path of a file for kinds that read files.
        output: Folder of the pictures.
        answer: The answer to explain. Default that of the model.

    Raises:
        InputError: there is no export; the text is empty; the file holds several examples; the answer is unknown.
        WritingError: the pictures cannot be written.
    """
    not_empty("text", text.strip(), "a text to look at")
    from nlpseq.serving import Metadata, find_export
    from nlpseq.tasks import answers_class

    export = find_export(export_path)
    metadata = Metadata.read(export)
    quiet_tensorflow()
    batch = next(iter(answers_class(metadata.task)(metadata).batches([text], sys.stdin.buffer)), [])
    if len(batch) != 1:
        raise InputError(f"expected one example in {shorten(text)}, got {len(batch)}: give a file of one.")
    from nlpseq import diagnostics, engine, reporting
    from nlpseq.training.transfer import load_task

    with engine.mode("portable"):
        paths = diagnostics.look(load_task(export), batch[0], output, answer)
    reporting.say("drawn: " + ", ".join(map(str, paths)))
