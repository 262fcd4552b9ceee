"""The command `nlpseq serve` as a process: slow clients, many connections, a port in use, the end by a signal."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="needs the extra serve")

import httpx

from tests.tasks.tiny import exported

COMMAND = [sys.executable, "-c", "import sys; from nlpseq.cli.main import main; main(sys.argv[1:])", "serve"]


@pytest.fixture(scope="module")
def server():
    """A process that serves a language model, and its address."""
    path = exported("language_model")[1]
    flags = ["--port", "0", "--read-seconds", "1", "--max-requests", "1000"]
    with subprocess.Popen([*COMMAND, f"m={path}", *flags], stdout=subprocess.PIPE, text=True) as process:
        while (line := json.loads(process.stdout.readline()))["event"] != "serving":
            pass
        log = []
        threading.Thread(target=lambda: log.extend(map(json.loads, process.stdout)), daemon=True).start()
        yield process, line["url"], log
        process.kill()


@pytest.mark.slow
def test_the_life_of_a_server(server):
    """One test, because a process takes seconds to start."""
    process, url, log = server
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    assert host == "127.0.0.1"
    a_port_in_use_is_reported(port)
    slow_clients_get_408((host, int(port)))
    many_connections_are_answered((host, int(port)))
    a_client_that_goes_ends_its_stream(url, log)
    a_signal_lets_answers_end(process, url, log)


def a_port_in_use_is_reported(port):
    process = subprocess.run(
        [*COMMAND, str(exported("language_model")[1]), "--port", port], capture_output=True, text=True
    )
    assert process.returncode == 2 and process.stderr.count("\n") == 1
    assert process.stderr == f"error: --port {port} of 127.0.0.1 is in use: choose another, or 0 for a free one.\n"


def slow_clients_get_408(address):
    """One sends nothing, one half of its headers, one half of its body, one no HTTP."""
    start = b"POST /v1/models/m:answer HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n"
    clients = [socket.create_connection(address) for _ in range(4)]
    for client, sent in zip(clients, (b"", start, start + b"\r\n{", b"\x16\x03\x01 no HTTP\r\n\r\n")):
        client.sendall(sent)
    answers = [read_all(client) for client in clients]
    assert [answer.split()[1] for answer in answers] == [b"408", b"408", b"408", b"400"]
    assert all(b'{"error": ' in answer for answer in answers)


def many_connections_are_answered(address, count=1000):
    """All connect before one of them asks; scores differ by the rounding of batches alone."""
    body = json.dumps({"texts": ["the cat"]}).encode()
    request = b"POST /v1/models/m:answer HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    clients = [socket.create_connection(address) for _ in range(count)]
    for client in clients:
        client.sendall(request % (len(body), body))
    answers = {read_all(client).partition(b"\r\n\r\n")[2] for client in clients}
    first, *others = [answer for text in answers for answer in json.loads(text)["answers"]]
    assert first["tokens"] == ["the", "cat"]
    for other in others:
        assert other["tokens"] == first["tokens"]
        np.testing.assert_allclose(other["log_probabilities"], first["log_probabilities"], rtol=1e-5)


def a_client_that_goes_ends_its_stream(url, log):
    with httpx.stream("POST", f"{url}v1/models/m:stream", json={"text": "the", "length": 1000}) as response:
        next(response.iter_lines())
    wait_for(lambda: any(line.get("status") == 200 and line.get("method") == "stream" for line in log))
    assert 'nlpseq_requests_running{what="streams"} 0.0' in httpx.get(f"{url}metrics").text


def a_signal_lets_answers_end(process, url, log):
    pieces = []
    with httpx.stream("POST", f"{url}v1/models/m:stream", json={"text": "the", "length": 100}, timeout=60) as response:
        for line in response.iter_lines():
            pieces.append(line)
            if len(pieces) == 1:
                process.send_signal(signal.SIGTERM)
    assert sum(line.startswith('data: {"text"') for line in pieces) == 100 and 'data: {"finished": true}' in pieces
    assert process.wait(30) == 0
    wait_for(lambda: log[-1]["event"] == "stopped")
    assert [line["event"] for line in log if line["event"] != "request"][-2:] == ["draining", "stopped"]


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def read_all(client):
    client.settimeout(60)
    with client:
        return b"".join(iter(lambda: client.recv(65536), b""))
