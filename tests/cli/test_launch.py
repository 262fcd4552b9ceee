"""`nlpseq launch`: workers that are started together end together."""

import os
import signal
import subprocess
import sys

import pytest

from nlpseq.cli import launch
from nlpseq.errors import InputError


def started(*programs):
    return [launch.start([sys.executable, "-S", "-c", program]) for program in programs]


def test_the_first_failure_is_the_status_and_none_is_left_behind(monkeypatch, capsys):
    monkeypatch.setattr(launch, "GRACE", 0.3)
    workers = started("raise SystemExit(3)", "import time; time.sleep(600)")
    with launch.forwarded(workers):
        assert launch.wait(workers) == 3
    assert workers[1].wait(5) != 0
    assert "worker 0 ended with status 3\nkilling 1 worker that does not end" in capsys.readouterr().err


def test_a_signal_of_a_worker_is_a_status():
    workers = started("import os; os.kill(os.getpid(), 9)")
    with launch.forwarded(workers):
        assert launch.wait(workers) == 128 + 9


COUNTING = """
import signal, time
received = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: received.append(number))
print(flush=True)
time.sleep(1)
raise SystemExit(10 * len(received) + received[0])
"""
LAUNCHING = f"""
import sys
from nlpseq.cli import launch
workers = [launch.start([sys.executable, "-S", "-c", {COUNTING!r}])]
with launch.forwarded(workers):
    sys.exit(launch.wait(workers))
"""


@pytest.mark.parametrize("number, at_worker", [(signal.SIGINT, signal.SIGINT), (signal.SIGHUP, signal.SIGTERM)])
def test_a_signal_of_the_terminal_comes_once(number, at_worker):
    """A terminal sends Ctrl-C to all processes of the command; a second one ends a worker without a checkpoint."""
    launched = subprocess.Popen([sys.executable, "-c", LAUNCHING], stdout=subprocess.PIPE, start_new_session=True)
    launched.stdout.readline()
    os.killpg(launched.pid, number)
    assert launched.wait(30) == 10 + at_worker


def test_the_recipe_is_a_name_or_a_path():
    assert launch._script("sentiment")[-2:] == ["train", "sentiment"]
    assert launch._script(launch.__file__) == [launch.__file__]
    for wrong in ("sentimental", "nowhere.py"):
        with pytest.raises(InputError):
            launch._script(wrong)


@pytest.mark.parametrize("flags", [("--workers", "0"), ("--workers", "1000"), ("--workers", "2", "--threads", "-1")])
def test_numbers_of_workers_and_threads(flags):
    with pytest.raises(InputError, match="must be (between 1 and 64|at least 1), got"):
        launch.run([*flags, "sentiment", "--help"])


@pytest.mark.parametrize("first, printed", [(2, ""), (1, "wrong")])
def test_what_every_worker_says_is_printed_once(first, printed, tmp_path, capsys):
    with open(tmp_path / "log", "w+b") as log:
        other = [sys.executable, "-S", "-c", "import sys; sys.stderr.write('wrong'); sys.exit(2)"]
        workers = [*started(f"raise SystemExit({first})"), subprocess.Popen(other, stderr=log)]
        assert all(worker.wait() for worker in workers)
        launch.show_errors(workers, [None, log])
    assert capsys.readouterr().err == printed


def test_a_missing_recipe(capsys):
    with pytest.raises(SystemExit):
        launch.run(["--workers", "2"])
    assert "required: recipe;" in capsys.readouterr().err
