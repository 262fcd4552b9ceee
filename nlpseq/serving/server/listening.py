"""The socket that the server listens at."""

import errno
import socket

from nlpseq.errors import InputError

BACKLOG = 2048  # connections that wait to be accepted


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; connections wait until the server accepts them.

    Raises:
        InputError: the port is in use or not allowed, or the host is not an address of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it: else the body of a response waits 40 ms until its headers are acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"`port` {port} of {host} is in use: choose another, or 0 for a free one.") from None
        if error.errno == errno.EACCES:
            raise InputError(f"`port` {port} is not allowed to this user: choose one above 1023.") from None
        raise InputError(
            f"`host` {host} is not an address of this machine ({error.strerror}): try 127.0.0.1."
        ) from None
    return listener
