"""`nlpseq show`: describes an export."""

from nlpseq.cli.flags import Parser
from nlpseq.cli.predict_flags import EXPORT
from nlpseq.cli.start import quiet_tensorflow


def add_flags(parser: Parser, _: list[str]) -> None:
    """Adds the argument of the command to a parser."""
    parser.add_argument("export_path", metavar="export", help=EXPORT)


def run(export_path: str) -> None:
    """Prints the signatures, scores and settings of an export.

    Raises:
        InputError: there is no export at the path.
    """
    from nlpseq.reporting import print_export
    from nlpseq.serving import Export

    export = Export(export_path)
    quiet_tensorflow()
    print_export(export)
