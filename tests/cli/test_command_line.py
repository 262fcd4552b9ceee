"""The command `nlpseq`, and how recipes take their flags."""

import io
import json
import subprocess
import sys

import pytest

from nlpseq.cli import command_line
from tests.serving.test_export import write

HELP_WITHOUT_TENSORFLOW = """
import sys
from nlpseq.cli import command_line
try:
    command_line.main(sys.argv[1:])
except SystemExit as end:
    print("tensorflow" in sys.modules, end.code)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return str(write(tmp_path_factory.mktemp("exports")).parent)


def run(*arguments):
    """The exit status of the command."""
    with pytest.raises(SystemExit) as end:
        command_line.main(list(arguments))
    return end.value.code


def test_predict_texts(exported, capsys):
    assert run("predict", exported, "a good film", "dull") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[2] for row in rows] == ["a good film", "dull"]
    assert all(row[0] in ("no", "yes") and 0.5 <= float(row[1]) <= 1 for row in rows)


def test_predict_lines_of_standard_input_as_json(exported, capsys, monkeypatch):
    lines = "a good film\n\nnot bad 😀\n".encode() + b"\xff bad bytes"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert run("predict", exported, "--json") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["text"] for answer in answers] == ["a good film", "", "not bad 😀", "\ufffd bad bytes"]
    for answer in answers:
        assert answer["label"] == max(answer["scores"], key=answer["scores"].get)


def test_texts_may_follow_an_option(exported, capsys):
    assert run("predict", exported, "--json", "a good film", "dull") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["a good film", "dull"]
    assert run("predict", exported, "--jsn", "a good film") == 2
    assert "--jsn" in capsys.readouterr().err


def test_show(exported, capsys):
    assert run("show", exported) == 0
    shown = capsys.readouterr().out
    for part in ("serving_default", "text: string", "accuracy", "0.2500", "some_set"):
        assert part in shown


@pytest.mark.parametrize("command", ["predict", "show"])
def test_path_that_is_no_export(command, tmp_path, capsys):
    assert run(command, str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "Traceback" not in error


def test_unknown_command_and_flag(capsys):
    assert run("predikt") == 2
    assert run("predict", "x", "--jsn") == 2
    assert "--jsn" in capsys.readouterr().err


@pytest.mark.parametrize("arguments, status", [(["--help"], 0), (["predict"], 2)])
def test_help_and_errors_do_not_load_tensorflow(arguments, status):
    command = [sys.executable, "-c", HELP_WITHOUT_TENSORFLOW, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"False {status}"


def test_start_up_is_quiet():
    code = "from nlpseq.cli import command_line as c; c.quiet_tensorflow()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_what_was_held_back_is_shown_when_the_import_fails(capfd):
    with pytest.raises(RuntimeError), command_line._stderr_held_back():
        print("the reason", file=sys.stderr, flush=True)
        subprocess.run(["sh", "-c", "echo from below >&2"], check=True)
        raise RuntimeError
    assert "from below" in capfd.readouterr().err
