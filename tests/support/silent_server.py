"""A PostgreSQL server that lets everybody in and then says nothing, as one that is frozen."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# "You are let in", and "ready for your first statement".
HELLO = b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"


@contextmanager
def silent_server(hello: bytes = HELLO) -> Iterator[int]:
    """Yield its port on loopback. Without `hello` it does not even let anybody in."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_welcome, args=(listening, hello), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _welcome(listening: socket.socket, hello: bytes) -> None:
    kept = []
    with suppress(OSError):  # until the test is over
        while True:
            kept.append(listening.accept()[0])
            kept[-1].recv(1024)
            kept[-1].sendall(hello)
    for one in kept:
        one.close()
