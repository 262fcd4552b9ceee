"""The command `nlpseq serve`: what is wrong with its arguments is said before TensorFlow is loaded."""

import pytest

from nlpseq.cli import serve
from tests.cli.helpers import run


@pytest.mark.parametrize("arguments, message", [
    ([], "expected an export after `nlpseq serve`"),
    (["nowhere"], "nowhere is not an export of nlpseq"),
    (["--port", "0", "nowhere", "--batch-size=1", "else"], "nowhere is not an export"),
    (["mood=nowhere"], "nowhere is not an export"),
    (["nowhere", "--port", "70000"], "--port must be between 0 and 65535, got 70000"),
    (["nowhere", "--max-seconds", "0"], "--max-seconds must be at least"),
    (["nowhere", "--host", "nowhere.invalid"], "nowhere is not an export"),
])  # fmt: skip
def test_bad_arguments(capsys, arguments, message):
    assert run("serve", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_an_address_of_another_machine(capsys, monkeypatch):
    monkeypatch.setattr(serve, "find_export", lambda path: path)
    assert run("serve", "m", "--port", "0", "--host", "192.0.2.1") == 2
    assert "--host 192.0.2.1 is not an address of this machine" in capsys.readouterr().err


def test_the_extra_is_named(capsys, monkeypatch):
    monkeypatch.setattr(serve, "EXTRA", ("no_such_package",))
    assert run("serve", "m") == 2
    assert "the server needs no_such_package: install nlpseq[serve]" in capsys.readouterr().err
