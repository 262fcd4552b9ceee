"""`nlpseq look`: pictures of what an exported model reads and computes."""

from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import not_empty


def run(export_path: str, text: str, output: str, answer: str | None = None) -> None:
    """Draws which words of a text lead to the answer, and the gates of the model while it reads them.

    Args:
        export_path: Path of an export.
        text: The text.
        output: Folder of the pictures.
        answer: The answer to explain. Default that of the model.

    Raises:
        InputError: there is no export; the text is empty; the answer is unknown.
        WritingError: the pictures cannot be written.
    """
    not_empty("text", text.strip(), "a text to look at")
    from nlpseq.serving import Metadata, find_export
    from nlpseq.tasks import answers_class

    export = find_export(export_path)
    metadata = Metadata.read(export)
    example = answers_class(metadata.task)(metadata).parse(text)
    quiet_tensorflow()
    from nlpseq import diagnostics, engine, reporting
    from nlpseq.training.transfer import load_task

    with engine.mode("portable"):
        paths = diagnostics.look(load_task(export), example, output, answer)
    reporting.say("drawn: " + ", ".join(map(str, paths)))
