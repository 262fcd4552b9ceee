"""The command `nlpseq` in this process."""

import functools
from unittest import mock

import pytest
import tensorflow as tf

from nlpseq.cli.main import main

load_once = functools.cache(tf.saved_model.load)


def run(*arguments):
    """The exit status of the command, which loads an export once in this process."""
    with mock.patch.object(tf.saved_model, "load", load_once), pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def predict(capsys, *arguments):
    """The exit status of `nlpseq predict`, and what it writes to standard output and standard error."""
    status = run("predict", *arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err
