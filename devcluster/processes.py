"""Child processes that end with their parent, and the ports they listen on.

Every server of a development machine is started here: the control plane's three programs, and
by `devtools` and the tests also Valkey, PostgreSQL and the product's own processes.
"""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

TETHER = Path(__file__).with_name("tether.py")
LARGE_LOG = 64 * 1024 * 1024
# Below the range the kernel hands out for outgoing connections, so that a port chosen once is
# still free at the next start.
PORTS = range(20_000, 32_000)

# The kernel ties a child to the *thread* that started it. One thread that lives as long as the
# process starts them all; a caller's short-lived thread would take its children with it.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="process-starter")


@dataclass(frozen=True)
class Command:
    """What to run, and where its output goes: to the end of `log`, else to a pipe.

    `account` is a (uid, gid) to run as. `parent_gone` is the signal the program gets when this
    process ends without stopping it: programs with children of their own want SIGTERM.
    """

    name: str
    argv: tuple[str, ...]
    log: Path | None = None
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    account: tuple[int, int] | None = None
    parent_gone: signal.Signals = signal.SIGKILL


@dataclass
class Child:
    """A running program in a session of its own, so a terminal's Ctrl-C does not reach it."""

    command: Command
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def has_ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ask_to_stop(self, signal_number: signal.Signals = signal.SIGTERM) -> None:
        if self.is_alive():
            # A stopped (SIGSTOP) program would never see the request.
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal_number)

    def stop(self, *, grace: float = 10.0, signal_number: signal.Signals = signal.SIGTERM) -> None:
        """Ask, wait up to `grace` seconds, then kill. Returns when the program has ended."""
        self.ask_to_stop(signal_number)
        if not self.has_ended_within(grace):
            self.kill()

    def kill(self) -> None:
        """SIGKILL, to the program alone, and wait for its end."""
        self.process.kill()
        self.process.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of the program's log, for an error message."""
        log = self.command.log
        text = log.read_text(errors="replace") if log is not None and log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def spawn(command: Command) -> Child:
    """Start a program that ends with this process. Its output is appended to the log."""
    return _starter.submit(_spawn, command).result()


def _spawn(command: Command) -> Child:
    account = "-" if command.account is None else "{}:{}".format(*command.account)
    rules = (str(os.getpid()), str(+command.parent_gone), account)
    with _output_of(command) as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TETHER), *rules, *command.argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=command.directory,
            env=command.environment,
            start_new_session=True,
        )
    return Child(command, process)


def _output_of(command: Command) -> AbstractContextManager[int | IO[bytes]]:
    return nullcontext(subprocess.PIPE) if command.log is None else open_log(command.log)


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; one that has grown large is put aside first."""
    put_aside_if_large(path)
    return path.open("ab")


def put_aside_if_large(path: Path, limit: int = LARGE_LOG) -> None:
    """Rename a log of more than `limit` bytes to `<name>.1`, replacing the one before it."""
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_name(path.name + ".1"))


def choose_port(preferred: int | None = None) -> int:
    """A port of 127.0.0.1 on which nobody listens: the preferred one if it is free."""
    candidates = random.sample(PORTS, 200)
    for port in candidates if preferred is None else [preferred, *candidates]:
        if is_free(port):
            return port
    raise OSError("no free port on 127.0.0.1")


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that are only winding down do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_running(pid: int) -> bool:
    """Whether a process with this id exists and has not ended (a zombie has)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
