"""The clock of one process is wrong, for a while and for good: nothing of the portal goes by it.

One real portal for each kind of process; while it works its clock is wound an hour, two days and 31
days ahead and back. Witnesses are rows by the database's time, the API server, and the queue.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from devcluster import start
from devtools.valkey import Valkey, start_valkey
from tests.support.live_portal import wait_for
from tests.support.real_processes import Live, set_up
from tests.support.wrong_clock import CLOCK_VARIABLE, set_clock

pytestmark = pytest.mark.cluster
NOTHING = {
    "events in the future": 0,
    "due too late": 0,
    "leases too long": 0,
    "sessions too long": False,
    "expired too early": 0,
}
HOUR, DAY = 3600, 24 * 3600
FOR_A_WHILE = (HOUR, -HOUR, 2 * DAY, -2 * DAY, 31 * DAY, -31 * DAY, 0)
WORKER = ("celery", "--quiet", "-A", "portal", "worker", "--pool", "threads", "--concurrency", "2")
BEAT = ("celery", "--quiet", "-A", "portal", "beat", "--pidfile=")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("clocks")
    clock = folder / "clock"
    set_clock(clock, FOR_A_WHILE[0])
    with ExitStack() as stack:
        plane = stack.enter_context(start(tmp_path_factory.mktemp("clocks-plane")))
        live = stack.enter_context(set_up(tmp_path_factory.mktemp("clocks-portal"), plane))
        yield live.told(**{CLOCK_VARIABLE: str(clock), "BULKHEAD_OBSERVE_SECONDS": "1"})


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("clocks-queue"))
    yield server
    server.stop()


@contextmanager
def by_wrong_clock(portal: Live, *argv: str) -> Iterator[None]:
    child = portal.spawn("wrong", "-m", "tests.support.wrong_clock", *argv)
    try:
        yield
    finally:
        child.stop()


def story(portal: Live, *said: str) -> dict[str, object]:
    told = json.loads(portal.run("tests.support.clock_story", *said))
    print(said[0], told["took"])
    return dict(told["left"])


def test_what_a_web_process_approves_acts_at_once_and_nobody_is_signed_out(portal: Live) -> None:
    with portal.sweeper(), portal.web("tests.support.web_by_wrong_clock") as address:
        assert story(portal, "web", "clock-web", address) == NOTHING


def test_a_sweeper_does_all_in_time_and_stores_no_wrong_one(portal: Live) -> None:
    with by_wrong_clock(portal, "manage", "reconcile", "--loop", "--workers", "2"):
        assert story(portal, "sweeper", "clock-sweeper") == NOTHING


def test_a_worker_does_too(portal: Live, valkey: Valkey) -> None:
    queued = portal.with_redis(valkey.url)
    with by_wrong_clock(queued, *WORKER):
        assert story(queued, "worker", "clock-worker") == NOTHING


def test_beat_goes_on_sending(portal: Live, valkey: Valkey, tmp_path: Path) -> None:
    queue = redis.Redis(unix_socket_path=str(valkey.socket))
    clock = Path(portal.environment[CLOCK_VARIABLE])
    queue.flushall()
    with by_wrong_clock(portal.with_redis(valkey.url), *BEAT, "--schedule", str(tmp_path / "file")):
        for off in FOR_A_WHILE:
            set_clock(clock, off)
            queue.flushall()
            wait_for(more_than(queue, 2), f"sweeps at {off} s", seconds=30)


def more_than(queue: "redis.Redis[bytes]", before: int) -> Callable[[], bool]:
    return lambda: waiting(queue) > before


def waiting(queue: "redis.Redis[bytes]") -> int:
    """How many messages wait, in whichever queues."""
    names = [name for name in queue.keys("*") if queue.type(name) == b"list"]
    return sum(int(queue.llen(name)) for name in names)
