"""A real Valkey with a worker and a beat of the portal, and what can become of it."""

import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import TimeoutError as NoAnswer

from devcluster.processes import Child
from devtools.valkey import Valkey, start_valkey
from tests.support.live_portal import wait_for
from tests.support.queue_messages import EXPIRE, envelope
from tests.support.real_processes import Processes

# Longer than CELERY_BROKER_TRANSPORT_OPTIONS allow.
LONGEST_WAIT_SECONDS = 6.0
HELD = re.compile(r"Task (tests\.held\S*\[\S+\])")
SECRET = "changed-behind-its-back"
CELERY = ("-m", "celery", "--quiet", "-A")
OPTIONS = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "info")
SHIPPED_WORKER = (*CELERY, "portal", "worker", *OPTIONS)
WORKER = (*SHIPPED_WORKER, "--concurrency", "2", "--include", "tests.support.held_work")
BEAT = (*CELERY, "tests.support.quick_beat", "beat", "--pidfile=", "--loglevel", "warning")


@dataclass
class Queue:
    """The server, always under the same address, whether it runs or not."""

    folder: Path
    server: Valkey | None = None
    client: Redis = field(init=False)

    def __post_init__(self) -> None:
        self.client = Redis(
            unix_socket_path=str(self.folder / "redis.sock"),
            socket_timeout=LONGEST_WAIT_SECONDS,
            retry=None,
        )

    @property
    def url(self) -> str:
        return f"redis+socket://{self.folder}/redis.sock"

    def start(self) -> None:
        """Start it, empty."""
        self.server = start_valkey(self.folder)

    def kill(self) -> None:
        assert self.server is not None
        self.server.child.kill()

    def freeze(self) -> None:
        assert self.server is not None
        self.server.child.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, after everybody has given up waiting for an answer."""
        assert self.server is not None
        with suppress(NoAnswer):
            self.client.ping()
        self.server.child.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        self.client.flushall()

    def fill(self) -> None:
        """Store nothing more. One message that can still be read lies there already."""
        self.client.lpush("people", envelope())
        self.client.config_set("maxmemory", "1")

    def empty(self) -> None:
        self.client.config_set("maxmemory", "0")

    def lock(self) -> None:
        """Demand a password nobody was told."""
        self.client.config_set("requirepass", SECRET)
        self.client.client_kill_filter(_type="normal", skipme=True)

    def unlock(self) -> None:
        self.client.config_set("requirepass", "")

    def distort(self) -> None:
        """Put something else in the place of every list and table."""
        for name in ("people", "chores", "unacked", "unacked_index"):
            self.client.delete(name)
            self.client.set(name, "no list")

    def straighten(self) -> None:
        """Wait until somebody has removed what is no list."""
        wait_for(lambda: not self.client.exists("people"), "it is removed", seconds=20)

    def stop(self) -> None:
        self.client.close()
        if self.server is not None:
            self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Running:
    """A worker with two threads, and a beat, on one queue."""

    portal: Processes
    queue: Queue
    worker: Child
    beat: Child

    @property
    def held(self) -> Path:
        return self.portal.folder / "held"

    def hold(self, task: str = "tests.held", count: int = 2) -> None:
        """Keep the worker busy, each thread with a message that is not acknowledged."""
        self.held.touch()
        before = self.count(f"Task {task}[")
        self.queue.client.lpush("chores", *(envelope(task=task) for _ in range(count)))
        wait_for(lambda: self.count(f"Task {task}[") >= before + count, "the worker is busy")

    def let_go(self) -> None:
        """End what is held, and wait until it has ended."""
        self.held.unlink(missing_ok=True)
        lines = (self.portal.folder / "worker.log").read_text(errors="replace").splitlines()
        begun = {
            task for line in lines if line.endswith(" received") for task in HELD.findall(line)
        }
        wait_for(
            lambda: all(self.count(f"Task {task} succeeded") for task in begun), "nothing is held"
        )

    def count(self, words: str, *, by: str = "worker") -> int:
        """How often one of the two has said this."""
        return (self.portal.folder / f"{by}.log").read_text(errors="replace").count(words)

    def check_they_go_on(self) -> None:
        """Wait until the worker does what it is asked to, and what beat sends from now on."""
        asked, swept = self.count(f"Task {EXPIRE}["), self.count("Task onboarding.sweep[")
        self.queue.client.lpush("people", envelope())
        wait_for(lambda: self.count(f"Task {EXPIRE}[") > asked, "the worker works", seconds=20)
        wait_for(lambda: self.count("Task onboarding.sweep[") > swept + 3, "beat beats", seconds=20)
        assert (self.worker.is_alive(), self.beat.is_alive()) == (True, True)


def absent_queue() -> Queue:
    """A queue that does not run yet. Its path is short enough for a socket."""
    return Queue(Path(tempfile.mkdtemp(prefix="bulkhead-")))


@contextmanager
def worker_and_beat(portal: Processes, queue: Queue) -> Iterator[Running]:
    told = portal.with_redis(queue.url)
    worker, beat = told.spawn("worker", *WORKER), told.spawn("beat", *BEAT)
    try:
        yield Running(told, queue, worker, beat)
    finally:
        (portal.folder / "held").unlink(missing_ok=True)
        for child in (worker, beat):
            child.stop()
