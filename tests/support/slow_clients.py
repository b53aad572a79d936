"""People who are in no hurry: clients that hold a server's attention and give it nothing.

Each attack opens its connections, does what it does for as long as it is held, and closes them.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

Address = tuple[str, int]
Attack = Callable[[Address, ExitStack], None]

DRIP_SECONDS = 0.5
HALF_A_HEADER = b"GET /healthz HTTP/1.1\r\nHost: local"
TEN_MEGABYTES = 10 * 1024 * 1024
PROMISED = 100_000


def half_headers(address: Address, stack: ExitStack) -> None:
    """Eight connections that send half of a header line, and nothing more."""
    for connection in _connections(address, stack, 8):
        connection.sendall(HALF_A_HEADER)


def half_bodies(address: Address, stack: ExitStack) -> None:
    """Sixty-four forms of which half has arrived, without a sign-in."""
    for connection in _connections(address, stack, 64):
        connection.sendall(form_of(PROMISED) + b"x" * (PROMISED // 2))


def slow_bodies(address: Address, stack: ExitStack) -> None:
    """Two hundred forms that arrive one byte at a time, so that none is ever idle."""
    connections = list(_connections(address, stack, 200))
    for connection in connections:
        connection.sendall(form_of(PROMISED))
    _for_ever(lambda: _drip(connections), stack, pause=DRIP_SECONDS)


def huge_headers(address: Address, stack: ExitStack) -> None:
    """Two clients that send headers of ten megabytes, one after the other."""

    def send() -> None:
        with suppress(OSError), socket.create_connection(address, timeout=5) as connection:
            connection.sendall(HALF_A_HEADER + b"a" * TEN_MEGABYTES)

    for _ in range(2):
        _for_ever(send, stack, pause=0.01)


def silent(address: Address, stack: ExitStack) -> None:
    """More connections than the server keeps, which say nothing at all."""
    list(_connections(address, stack, 700))


def deaf(address: Address, stack: ExitStack) -> None:
    """Sixteen clients that ask for a page and read nothing of the answer."""
    page = b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for connection in _connections(address, stack, 16, receives=1024):
        connection.sendall(page)


ATTACKS: tuple[Attack, ...] = (half_headers, half_bodies, slow_bodies, huge_headers, silent, deaf)


@contextmanager
def under(attack: Attack, address: Address) -> Iterator[None]:
    """Hold the attack for as long as the block runs."""
    with ExitStack() as stack:
        attack(address, stack)
        yield


def form_of(length: int) -> bytes:
    """Return the head of a form that is to follow."""
    return (
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n" % length
    )


def was_closed(connection: socket.socket, *, while_sending: bytes) -> bool:
    """Send a little more; return whether the other side has closed."""
    connection.settimeout(0.01)
    try:
        connection.sendall(while_sending)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _connections(
    address: Address, stack: ExitStack, count: int, *, receives: int = 0
) -> Iterator[socket.socket]:
    for _ in range(count):
        connection = stack.enter_context(socket.socket())
        if receives:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        connection.settimeout(5)
        connection.connect(address)
        yield connection


def _drip(connections: list[socket.socket]) -> None:
    for connection in connections:
        with suppress(OSError):  # the server has had enough of this one
            connection.sendall(b"x")


def _for_ever(act: Callable[[], None], stack: ExitStack, *, pause: float) -> None:
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(pause):
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(stop.set)
