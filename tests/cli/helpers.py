"""The command `nlpseq` in this process."""

import pytest

from nlpseq.cli.main import main


def run(*arguments):
    """The exit status of the command."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def predict(capsys, *arguments):
    """The exit status of `nlpseq predict`, and what it writes to standard output and standard error."""
    status = run("predict", *arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err
