"""The socket that the server listens at."""

import socket

from nlpseq.serving.server.listening import bind


def test_no_part_of_a_response_waits_for_an_acknowledgement():
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
