"""`nlpseq launch --workers N RECIPE`: trains with several workers on this machine."""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO

from nlpseq.cli.flags import Parser, any_text
from nlpseq.cli.train import find_recipes
from nlpseq.errors import InputError, in_range, plural, suggest

GRACE = 40.0  # seconds that workers have to end after another one ended with an error
NAMES = ("workers", "threads")  # arguments that errors name
MOST = 64  # workers on one machine
WRONG_INPUT = 2  # the status of an `InputError`
PERIOD = 0.1  # seconds between looks at the workers


def run(arguments: list[str]) -> int:
    """Starts the workers and waits for them; returns the exit status, that of the first one that failed.

    Args:
        arguments: `--workers N`, `--threads N` if wanted, the name or the path of a recipe, and its flags.

    Raises:
        InputError: There is no such recipe.
    """
    parser = Parser("nlpseq launch", description="Train with several workers on this machine, which share each batch.")
    parser.add_argument("--workers", type=int, required=True, help="number of processes")
    parser.add_argument("--threads", type=int, help="threads of each; default: the cores, divided among them")
    parser.add_argument("recipe", help="name or path of a recipe, e.g. sentiment or recipes/sentiment.py")
    flags = parser.add_argument("flags", nargs=argparse.REMAINDER, type=any_text, help="flags of the recipe")
    flags.required = False
    options = parser.parse_args(arguments)
    in_range("workers", options.workers, 1, MOST)
    if options.threads is not None:
        in_range("threads", options.threads, 1)
    threads = options.threads or max(1, len(os.sched_getaffinity(0)) // options.workers)
    command = [sys.executable, *_script(options.recipe), *options.flags]
    if {"-h", "--help"} & {*options.flags}:
        return subprocess.run(command).returncode
    with contextlib.ExitStack() as stack:
        logs = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in range(options.workers - 1))]
        every = zip(environments(options.workers, threads), logs)
        workers = [start(command, env, log) for env, log in every]
        with forwarded(workers):
            status = wait(workers)
        show_errors(workers, logs)
    return status


def _script(recipe):
    """What Python runs: the file of a path, or `nlpseq train` with a name."""
    if recipe.endswith(".py"):
        if not os.path.isfile(recipe):
            raise InputError(f"there is no file {recipe}: give the path or the name of a recipe.")
        return [recipe]
    recipes = find_recipes()
    if recipe not in recipes:
        raise InputError(f"unknown recipe {recipe!r}: {suggest(recipe, recipes)}")
    return ["-c", "from nlpseq.cli.main import main; main()", "train", recipe]


def environments(count: int, threads: int) -> list[dict[str, str]]:
    """The environment of each of `count` workers on this machine, with `TF_CONFIG`."""
    addresses = _free_addresses(count)
    limits = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"), str(threads))
    if count == 1:
        return [{**os.environ, **limits}]
    configs = [
        json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}})
        for rank in range(count)
    ]
    return [{**os.environ, **limits, "TF_CONFIG": config} for config in configs]


def _free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{listener.getsockname()[1]}" for listener in sockets]


def start(
    command: Sequence[str], env: dict[str, str] | None = None, stderr: IO[bytes] | None = None
) -> subprocess.Popen:
    """Starts a worker, which a terminal does not reach: Ctrl-C would come twice, the second time by `forwarded`."""
    return subprocess.Popen(command, env=env, stderr=stderr, start_new_session=True)


@contextlib.contextmanager
def forwarded(workers: list[subprocess.Popen]) -> Iterator[None]:
    """In the block SIGTERM and Ctrl-C go to the workers, which write a checkpoint; none is left behind.

    So does SIGTERM when the terminal is closed, unless `nohup` started this process.
    """

    def forward(number, _):
        for worker in workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM if number == signal.SIGHUP else number)

    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    previous = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
        for number, handler in previous.items():
            signal.signal(number, handler)


def wait(workers: list[subprocess.Popen]) -> int:
    """The status of the first worker that failed, else 0; the others have `GRACE` seconds to end then."""
    failed, end, ended = 0, None, set()
    while len(ended) < len(workers) and (end is None or time.monotonic() < end):
        time.sleep(PERIOD)
        for rank, worker in enumerate(workers):
            if rank in ended or worker.poll() is None:
                continue
            ended.add(rank)
            if worker.returncode and not failed:
                failed, end = _status(worker.returncode), time.monotonic() + GRACE
                print(f"worker {rank} ended with {_reason(worker.returncode)}", file=sys.stderr, flush=True)
    if len(ended) < len(workers):
        remaining = plural(len(workers) - len(ended), "worker that does", "workers that do")
        print(f"killing {remaining} not end", file=sys.stderr)
    return failed


def show_errors(workers: list[subprocess.Popen], logs: Sequence[IO[bytes] | None]) -> None:
    """Prints what failed workers wrote to their logs, unless the first one has said the same: that the input is wrong.

    Args:
        workers: The workers, which have ended.
        logs: The standard error of each; None where it is that of this process.
    """
    for worker, log in zip(workers, logs):
        if log is not None and worker.returncode and not worker.returncode == workers[0].returncode == WRONG_INPUT:
            log.seek(0)
            sys.stderr.write(log.read().decode("utf-8", "replace"))


def _status(code):
    return code if code > 0 else 128 - code


def _reason(code):
    return f"status {code}" if code > 0 else f"signal {signal.Signals(-code).name}"
