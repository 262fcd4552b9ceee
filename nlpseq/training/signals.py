"""Ctrl-C and SIGTERM while a model trains."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)
END = b"\0"


@contextlib.contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Collects Ctrl-C and SIGTERM in the block, instead of ending the process.

    A second Ctrl-C ends the process at once, with status 130. It is a thread that reads the
    signals: the main thread may be busy in a training step or in the compiler.

    Yields:
        The list of signal numbers, empty until one arrives; in another thread than the main one
        it stays empty.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    watcher = threading.Thread(target=_watch, args=(reading, received), daemon=True)
    watcher.start()
    handlers = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    previous = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield received
    finally:
        signal.set_wakeup_fd(previous)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.write(writing, END)
        watcher.join()
        os.close(reading)
        os.close(writing)


def _watch(reading, received):
    while (byte := os.read(reading, 1)) != END:
        number = byte[0]
        if number not in SIGNALS:
            continue
        if number == signal.SIGINT and signal.SIGINT in received:
            os._exit(128 + signal.SIGINT)
        received.append(number)
        print("\nfinishing the step and writing a checkpoint; Ctrl-C again leaves at once", file=sys.stderr, flush=True)
