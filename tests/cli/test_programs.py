"""Compiled programs kept between runs: what is damaged, foreign or cannot be written never stops a run."""

import os
import subprocess
import sys

import pytest

from nlpseq.cli import programs
from nlpseq.cli.programs import Programs, cache_folder, environment_key

NAME = f"{programs.PREFIX}1__2__XLA_CPU_JIT"

# Compiles a program as a recipe does, and prints what it computes.
RUN = """
import nlpseq
from nlpseq.cli.programs import keep_programs
from nlpseq.cli.start import quiet_tensorflow
keep_programs()
quiet_tensorflow()
import tensorflow as tf
@tf.function(jit_compile=True)
def step(x):
    for _ in range(20):
        x = tf.tanh(x @ x + tf.sin(x))
    return x
print(float(tf.reduce_sum(step(tf.eye(8)))))
"""


@pytest.fixture(autouse=True)
def work_folders(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.setattr(programs, "_work_folder", lambda: fresh(tmp_path / "work"))


def fresh(parent):
    folder = parent / str(len(list(parent.iterdir())))
    folder.mkdir()
    return folder


def compiled(folder, content=b"program", key="key", name=NAME):
    """A run that compiles one program."""
    run = Programs(folder, key)
    run.load()
    (run.work / f"{name}.pb").write_bytes(content)
    run.save()
    assert not run.work.exists()


def loaded(folder, key="key"):
    """The programs that a run finds, by name."""
    run = Programs(folder, key)
    run.load()
    return {path.stem: path.read_bytes() for path in run.work.iterdir()}


def test_a_later_run_finds_the_programs_of_its_key(tmp_path):
    compiled(tmp_path / "cache")
    assert loaded(tmp_path / "cache") == {NAME: b"program"}
    assert loaded(tmp_path / "cache", key="another version") == {}


def test_a_program_that_was_found_is_not_written_again(tmp_path):
    compiled(tmp_path / "cache")
    (path,) = (tmp_path / "cache" / "key").iterdir()
    before = path.stat().st_mtime_ns
    run = Programs(tmp_path / "cache", "key")
    run.load()
    run.save()
    assert path.stat().st_mtime_ns == before and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("damage", [b"", b"prog", b"prograM", b"program and more"])
def test_a_damaged_program_is_deleted(tmp_path, damage):
    compiled(tmp_path / "cache")
    (path,) = (tmp_path / "cache" / "key").iterdir()
    path.write_bytes(damage)
    assert loaded(tmp_path / "cache") == {} and not path.exists()
    compiled(tmp_path / "cache")
    assert loaded(tmp_path / "cache") == {NAME: b"program"}


def test_a_program_of_another_processor_is_not_loaded(tmp_path):
    compiled(tmp_path / "cache", key="another processor")
    (tmp_path / "cache" / "key").symlink_to(tmp_path / "cache" / "another processor")
    assert loaded(tmp_path / "cache") == {}


def test_files_of_others_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "MAX_BYTES", 0)
    (tmp_path / "key").mkdir()
    others = [tmp_path / "letter.txt", tmp_path / "key" / "letter.pb", tmp_path / "key" / "letter"]
    for path in others:
        path.write_text("dear")
    compiled(tmp_path)
    assert loaded(tmp_path) == {} and all(path.exists() for path in others)


def test_two_writers(tmp_path):
    first, second = Programs(tmp_path, "key"), Programs(tmp_path, "key")
    for run in (first, second):
        run.load()
        (run.work / f"{NAME}.pb").write_bytes(b"program")
    first.save()
    second.save()
    assert loaded(tmp_path) == {NAME: b"program"} and len(list((tmp_path / "key").iterdir())) == 1


def test_a_cache_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    assert loaded(tmp_path / "file" / "cache") == {}
    compiled(tmp_path / "file" / "cache")


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(programs.os, "replace", full)
    compiled(tmp_path)
    assert list((tmp_path / "key").iterdir()) == []


def test_the_oldest_programs_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "MAX_BYTES", 25)
    for number in range(4):
        compiled(tmp_path, bytes(10), key=f"key {number // 2}", name=f"{programs.PREFIX}{number}")
        for path in tmp_path.rglob(f"{programs.PREFIX}{number}.*"):
            os.utime(path, (number, number))
    remaining = sorted(path.name.split(".")[0] for path in tmp_path.glob("key*/*"))
    assert remaining == [f"{programs.PREFIX}2", f"{programs.PREFIX}3"]


def test_work_folders_of_killed_runs_are_deleted(tmp_path):
    killed, running = tmp_path / f"{programs.WORK}999999999-a", tmp_path / f"{programs.WORK}{os.getpid()}-a"
    killed.mkdir()
    running.mkdir()
    programs._delete_abandoned(tmp_path)
    assert running.exists() and not killed.exists()


def test_the_key_follows_the_flags_of_xla(monkeypatch):
    before = environment_key()
    assert environment_key() == before
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert environment_key() != before


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "nlpseq" / "programs"
    assert cache_folder("~/mine").is_absolute()


def run(folder, **environment):
    """What a process that compiles a program prints; it must not write to standard error."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    variables |= {programs.VARIABLE: str(folder), **environment}
    process = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, env=variables)
    assert (process.returncode, process.stderr) == (0, ""), process.stderr[-2000:]
    return process.stdout


@pytest.mark.slow
def test_processes_share_programs_and_survive_bad_ones(tmp_path):
    expected = run("off")
    assert run(tmp_path / "cache") == expected
    (path,) = (tmp_path / "cache").glob("*/*.pb")
    before = path.stat().st_ino
    assert run(tmp_path / "cache") == expected and path.stat().st_ino == before  # found, not written again
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 50] = bytes(50)
    path.write_bytes(content)
    assert run(tmp_path / "cache") == expected
    (again,) = path.parent.iterdir()  # compiled and kept again
    assert again.read_bytes() != content
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file" / "cache") == expected
