"""A line on standard error while something takes long."""

import sys
import threading
import time
from typing import TextIO

PATIENCE = 2.0  # seconds of processor time after which the line appears
PERIOD = 0.5  # seconds between looks at the clock


class Waiting:
    """Says what the user waits for, once it has taken more processor time than a given patience.

    Processor time is that of the whole process: on a busy computer everything takes long, which is not reported.

    A terminal shows the seconds, "compiling the training step ... 12 s", in one line that is written
    again and again; other streams get one line without the seconds. The lines are written by a
    thread, which runs within the `with` block.

    Args:
        stream: Where to write. Default standard error.

    Example:

    >>> with Waiting() as waiting:
    ...     waiting.begin("compiling the training step")
    ...     time.sleep(0.1)  # quick: nothing is printed
    ...     seconds = waiting.end()
    """

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream
        self._lock = threading.Lock()
        self._wait = None  # what, since when, processor time then, patience
        self._printed = False
        self._closed = threading.Event()

    def __enter__(self) -> "Waiting":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self.end()
        self._closed.set()
        self._thread.join()

    def begin(self, activity: str, patience: float = PATIENCE) -> None:
        """Starts the clock: `activity` is printed after `patience` seconds of processor time."""
        with self._lock:
            self._wait, self._printed = (activity, time.perf_counter(), time.process_time(), patience), False

    def end(self) -> float:
        """Stops the clock; returns the seconds of processor time, 0 if it did not run."""
        with self._lock:
            if self._wait is None:
                return 0.0
            seconds = time.process_time() - self._wait[2]
            if self._printed and self._out.isatty():
                self._write("\n")
            self._wait = None
            return seconds

    def _watch(self):
        while not self._closed.wait(PERIOD):
            with self._lock:
                if self._wait is not None:
                    self._say(*self._wait)

    def _say(self, activity, start, start_of_work, patience):
        if time.process_time() - start_of_work < patience:
            return
        if self._out.isatty():
            self._write(f"\r{activity} ... {time.perf_counter() - start:.0f} s")
        elif not self._printed:
            self._write(f"{activity} ...\n")
        self._printed = True

    @property
    def _out(self):
        return self.stream or sys.stderr

    def _write(self, text):
        self._out.write(text)
        self._out.flush()
