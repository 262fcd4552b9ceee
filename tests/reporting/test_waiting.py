"""What takes long is reported on standard error: counted in a terminal, once elsewhere, and never if it was quick."""

import io
import time

import pytest

from nlpseq import training
from nlpseq.reporting import Waiting, waiting


class Stream(io.StringIO):
    """A stream that is a terminal or not."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture(autouse=True)
def quick_clock(monkeypatch):
    monkeypatch.setattr(waiting, "PERIOD", 0.005)


def written(terminal, patience):
    stream = Stream(terminal)
    with Waiting(stream) as clock:
        clock.begin("compiling", patience)
        deadline = time.perf_counter() + 5
        while patience < 1 and stream.getvalue().count("compiling") < 1 + terminal and time.perf_counter() < deadline:
            time.sleep(0.005)
        assert clock.end() > 0
        assert clock.end() == 0
        output = stream.getvalue()
    assert stream.getvalue() == output
    return output


def test_a_terminal_counts_the_seconds_in_one_line():
    output = written(terminal=True, patience=0.0)
    assert (
        output.startswith("\rcompiling ... 0 s\rcompiling ... 0 s")
        and output.endswith(" s\n")
        and output.count("\n") == 1
    )


def test_other_streams_get_one_line():
    assert written(terminal=False, patience=0.0) == "compiling ...\n"


def test_waiting_for_others_is_not_reported():
    stream = Stream(terminal=False)
    with Waiting(stream) as clock:
        clock.begin("compiling", 0.1)
        time.sleep(0.3)
        assert clock.end() < 0.1
    assert stream.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_what_was_quick_is_not_reported(terminal):
    assert written(terminal, patience=60.0) == ""


def test_an_error_ends_the_line():
    stream = Stream(terminal=False)
    with pytest.raises(ValueError), Waiting(stream) as clock:
        clock.begin("compiling", 60.0)
        raise ValueError
    assert not clock._thread.is_alive() and clock.end() == 0


class Clock:
    """Stands for `Waiting`: steps take the given seconds."""

    def __init__(self, seconds):
        self.seconds, self.begun = iter(seconds), []

    def begin(self, activity, patience):
        self.begun.append((activity, patience))

    def end(self):
        return next(self.seconds)


def test_a_step_is_compiled_if_it_takes_much_longer_than_others():
    clock = Clock([9.0, 4.0, 0.5, 0.6, 3.0])
    callback = training.Compiling(clock)
    for kind in ("train", "train", "train", "train", "test"):
        getattr(callback, f"on_{kind}_batch_begin")(0)
        getattr(callback, f"on_{kind}_batch_end")(0)
    training_step, patiences = "compiling the training step", [2.0, 2.0, 40.0, 5.0]
    assert clock.begun == [*((training_step, s) for s in patiences), ("compiling the evaluation step", 2.0)]
