"""Load on `nlpseq serve`: `python -m tests.benchmarks.server EXPORT`.

Clients in this process send one text after the other, each on a connection of its own, for some seconds: 1, 8 and 64 of
them, with and without micro-batching. Then versions are replaced while 8 clients ask: every answer is compared with
that of the same text alone. Clients and server share the machine.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

COMMAND = [sys.executable, "-c", "import sys; from nlpseq.cli.main import main; main(sys.argv[1:])", "serve"]
WORDS = ["the", "a", "film", "plot", "was", "is", "not", "very", "good", "bad", "and", "dull", "bright"]
TEXTS = [" ".join(random.Random(number).choices(WORDS, k=20)) for number in range(200)]


class Server:
    """A process that serves an export as the model m, for the block."""

    def __init__(self, path, *flags):
        self.command = [*COMMAND, f"m={path}", "--port", "0", *flags]

    def __enter__(self):
        self.log = tempfile.NamedTemporaryFile("r+")
        self.process = subprocess.Popen(self.command, stdout=self.log)
        while not (serving := [line for line in self.events() if line["event"] == "serving"]):
            if self.process.poll() is not None:
                raise SystemExit("the server ended: see above.")
            time.sleep(0.2)
        self.port = int(serving[0]["url"].rstrip("/").rpartition(":")[2])
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.status = self.process.wait()
        self.log.close()

    def events(self):
        return [json.loads(line) for line in Path(self.log.name).read_text().splitlines(keepends=True) if "\n" in line]

    def versions(self, outcome):
        """The versions that had an outcome, in order."""
        return [event["version"] for event in self.events() if event["event"] == f"version {outcome}"]

    def cpu_seconds(self):
        """Time that its threads have run; unlike the others, it hardly depends on what else the machine does."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * 4096 / 2**20


async def ask(reader, writer, body):
    """One request on an open connection: status and body of the response."""
    head = f"POST /v1/models/m:predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    size = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(size)


async def client(port, until, seconds, answers, start):
    """Asks one text after the other; appends times and `(text, status, body)`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    bodies = [json.dumps({"instances": [text]}).encode() for text in TEXTS]
    number = start
    while (begun := time.perf_counter()) < until:
        status, body = await ask(reader, writer, bodies[number % len(bodies)])
        seconds.append(time.perf_counter() - begun)
        answers.append((number % len(bodies), status, body))
        number += 1
    writer.close()


async def load(port, clients, duration):
    """Times of all requests, and their answers."""
    seconds, answers, until = [], [], time.perf_counter() + duration
    await asyncio.gather(*(client(port, until, seconds, answers, 7 * n) for n in range(clients)))
    return np.array(seconds), answers


async def alone(port):
    """The answer to each text, when there is no other request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    expected = [json.loads((await ask(reader, writer, json.dumps({"instances": [t]}).encode()))[1]) for t in TEXTS]
    writer.close()
    return expected


def wrong(answers, expected):
    """The number of answers that are none, or not that of the text alone."""
    return sum(status != 200 or not same(json.loads(body), expected[text]) for text, status, body in answers)


def same(a, b):
    """Whether JSON values are equal, numbers to 1e-5."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-5
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def speed(export, duration, settings):
    """Prints a row for each setting and number of clients."""
    columns = ("setting", "clients", "requests/s", "p50 ms", "p99 ms", "server's CPU ms a request", "wrong", "MB")
    print("|", " | ".join(columns), "|\n|" + "---|" * len(columns))
    for name, flags in settings.items():
        with Server(export, *flags) as server:
            expected = asyncio.run(alone(server.port))
            for clients in (1, 8, 64):
                asyncio.run(load(server.port, clients, min(1, duration)))
                before, busy = server.megabytes(), server.cpu_seconds()
                seconds, answers = asyncio.run(load(server.port, clients, duration))
                p50, p99 = 1000 * np.percentile(seconds, [50, 99])
                cost = 1000 * (server.cpu_seconds() - busy) / len(seconds)
                row = name, clients, f"{len(seconds) / duration:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{cost:.2f}"
                memory = f"{before:.0f} to {server.megabytes():.0f}"
                print("|", " | ".join(map(str, (*row, wrong(answers, expected), memory))), "|", flush=True)


def swaps(export, duration, count):
    """Replaces the version several times under load, and prints what the clients saw and the memory."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(export, Path(folder, "1"))
        with Server(folder, "--poll-seconds", "0.2") as server:
            expected = asyncio.run(alone(server.port))
            memory, total, bad = [server.megabytes()], 0, 0
            for number in range(2, count + 2):
                shutil.copytree(export, Path(folder, ".next"))
                Path(folder, ".next").rename(Path(folder, str(number)))
                while number not in (loaded := server.versions("available")):
                    _, answers = asyncio.run(load(server.port, 8, duration))
                    total, bad = total + len(answers), bad + wrong(answers, expected)
                memory.append(server.megabytes())
                shutil.rmtree(Path(folder, str(number - 1)))
            unloaded = server.versions("unloaded")
        print(
            f"versions loaded {loaded}, unloaded {unloaded}; {total:,} answers, {bad} wrong; "
            f"exit status {server.status}"
        )
        print("MB after each:", ", ".join(f"{value:.0f}" for value in memory))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export", help="folder of one version")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--swaps", type=int, default=5)
    parser.add_argument("--also", action="append", default=[], help="also with these flags: --also='--batch-wait 2'")
    chosen = parser.parse_args()
    settings = {"together": [], "each alone": ["--batch-size", "1"]}
    settings |= {flags: flags.split() for flags in chosen.also}
    speed(chosen.export, chosen.seconds, settings)
    swaps(chosen.export, chosen.seconds, chosen.swaps)


if __name__ == "__main__":
    main()
