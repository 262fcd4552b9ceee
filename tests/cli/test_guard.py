"""Exit statuses of commands that are interrupted."""

import errno
import os
import signal
import sys

import pytest
import tensorflow as tf

from nlpseq.cli import guard
from nlpseq.cli.guard import guarded, unread_output
from nlpseq.errors import InputError, Interrupted, WritingError
from nlpseq.writing import incomplete_folder, write_file


def stop(error):
    raise error


@pytest.mark.parametrize("error, status, line", [
    (Interrupted("at epoch 2.", signal.SIGTERM), 143, "interrupted at epoch 2.\n"),
    (Interrupted("at epoch 2.", signal.SIGINT), 130, "interrupted at epoch 2.\n"),
    (KeyboardInterrupt(), 130, "interrupted\n"),
    (MemoryError(), 1, "stopped: the memory is full: choose smaller sizes, batches or files.\n"),
    (tf.errors.ResourceExhaustedError(None, None, "OOM"), 1,
     "stopped: the memory is full: choose smaller sizes, batches or files.\n"),
    (InputError(f"no `output` '{'x' * 3000}': give one."), 2, f"error: no --output '{'x' * 300}...': give one.\n"),
    (InputError("give paths as `test`, not as `train`."), 2, "error: give paths as --test-split, not as `train`.\n"),
    (WritingError("cannot write the export to `output`."), 1, "stopped: cannot write the export to --output.\n"),
    (OSError(errno.EACCES, "Permission denied", "/a/b"), 1, "stopped: cannot use /a/b: permission denied.\n"),
    (OSError(errno.EIO, "Input/output error", "/a/b"), 1, "stopped: cannot read /a/b: input/output error.\n"),
    (OSError(errno.EIO, "Input/output error"), 1, "stopped: cannot read a file: input/output error.\n"),
])  # fmt: skip
def test_the_status_and_the_sentence(capsys, error, status, line):
    assert guarded(lambda: stop(error), ["output", "test_split"]) == status
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("arguments, message", [
    (["step", "item"], "it has one time: give several, or set --step, or name the --item columns."),
    (["item"], "it has one time: give several, or name the --item columns."),
    ([], "it has one time: give several."),
])  # fmt: skip
def test_remedies_without_a_flag_are_left_out(capsys, arguments, message):
    error = InputError("it has one time", "give several", "set `step`", "name the `item` columns")
    assert guarded(lambda: stop(error), arguments) == 2
    assert capsys.readouterr().err == f"error: {message}\n"
    assert guarded(lambda: stop(InputError("no way", "set `step`"))) == 2
    assert capsys.readouterr().err == "error: no way.\n"


def test_sigterm_removes_what_is_unfinished(tmp_path):
    def action():
        with incomplete_folder(tmp_path) as folder:
            (folder / "part").touch()
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    assert guarded(action) == 143
    assert not list(tmp_path.iterdir()) and signal.getsignal(signal.SIGTERM) is before


def test_an_output_that_nobody_reads(monkeypatch):
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as output, pytest.raises(SystemExit) as end:
        monkeypatch.setattr(sys, "stdout", output)
        with unread_output():
            print("a")
            raise SystemExit(0)
    assert end.value.code == 1


def test_errors_of_a_disk_while_writing(monkeypatch, capsys, tmp_path):
    def failing(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(guard, "_abandon_output", lambda: None)
    monkeypatch.setattr(os, "fsync", failing)
    assert guarded(lambda: write_file(tmp_path / "a", [b"a"])) == 1
    assert capsys.readouterr().err == f"stopped: cannot write {tmp_path / 'a'}: input/output error.\n"

    class Broken:
        def flush(self):
            raise OSError(errno.EIO, "Input/output error")

        def write(self, text):
            self.flush()

    monkeypatch.setattr(sys, "stdout", Broken())
    assert guarded(lambda: print("a")) == 1
    assert capsys.readouterr().err == "stopped: cannot write the output: input/output error.\n"


def test_a_check_in_a_graph_is_one_sentence(capsys):
    @tf.function(autograph=False)
    def check(n):
        tf.debugging.Assert(n < 3, ["n must be below 3, got", n, "."])

    assert guarded(lambda: check(tf.constant(4))) == 2
    assert capsys.readouterr().err == "error: n must be below 3, got 4.\n"
