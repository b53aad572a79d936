"""Whatever becomes of the queue, worker and beat go on, and no approval waits behind noise.

A table: what is done to the queue while messages are being worked on, and how it is mended. The
witness is the worker's log: what it does for somebody who asks, and for beat, afterwards.
"""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from devcluster import start
from devcluster.processes import Child
from portal.tolerant_queue import MOST_WAITING
from tests.support.killable_queue import (
    SHIPPED_WORKER,
    Queue,
    Running,
    absent_queue,
    worker_and_beat,
)
from tests.support.live_portal import wait_for
from tests.support.queue_messages import envelope
from tests.support.real_processes import Live, set_up

WAITS, UNSENT = "Cannot connect to", "the queue does not take what is due"
FLOOD = 10_000


@dataclass(frozen=True)
class Fault:
    """What is done, how it is mended, and what the worker says meanwhile, if it notices."""

    name: str
    breaks: Callable[[Queue], None]
    mends: Callable[[Queue], None]
    said: str = ""


def nothing(_queue: Queue) -> None:
    """It mends itself."""


FAULTS = (
    Fault("killed and started again, empty", Queue.kill, Queue.start, WAITS),
    Fault("flushed", Queue.flush, nothing),
    Fault("frozen for longer than anybody waits", Queue.freeze, Queue.thaw),
    Fault("full", Queue.fill, Queue.empty),
    Fault("asking for another password", Queue.lock, Queue.unlock, WAITS),
    Fault("holding something else than lists", Queue.distort, Queue.straighten),
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A portal on a control plane that no other test's portal works on."""
    with (
        start(tmp_path_factory.mktemp("queue-plane")) as plane,
        set_up(tmp_path_factory.mktemp("queue"), plane) as live,
    ):
        yield live


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = absent_queue()
    yield queue
    queue.stop()


@pytest.fixture(scope="class")
def running(live: Live) -> Iterator[Running]:
    with ExitStack() as stack:
        queue = absent_queue()
        stack.callback(queue.stop)
        queue.start()
        yield stack.enter_context(worker_and_beat(live, queue))


class TestTable:
    """One worker and one beat live through all of it."""

    @pytest.mark.parametrize("ends_meanwhile", [False, True], ids=["held throughout", "ending"])
    @pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
    def test_b13_worker_and_beat_go_on(
        self, running: Running, fault: Fault, ends_meanwhile: bool
    ) -> None:
        running.hold(count=2 if ends_meanwhile else 1)
        before = running.count(fault.said)
        fault.breaks(running.queue)
        if ends_meanwhile:
            running.let_go()
        if fault.said:
            wait_for(lambda: running.count(fault.said) > before, "the worker notices")
        fault.mends(running.queue)
        running.check_they_go_on()
        running.let_go()

    def test_b18_chores_that_hang_leave_a_thread_to_people(self, running: Running) -> None:
        running.hold(task="tests.held_chore", count=1)
        running.queue.client.lpush("chores", *(envelope(task="tests.held_chore"),) * 20)
        running.check_they_go_on()
        running.let_go()


def test_worker_and_beat_start_without_it_and_wait_with_words(live: Live, queue: Queue) -> None:
    with worker_and_beat(live, queue) as running:
        waited, unsent = running.count(WAITS), running.count(UNSENT, by="beat")
        wait_for(lambda: running.count(WAITS) > waited + 1, "the worker says what it waits for")
        wait_for(lambda: running.count(UNSENT, by="beat") > unsent, "beat says it, too")
        queue.start()
        running.check_they_go_on()
        assert running.count(UNSENT, by="beat") == unsent + 1


def test_web_migrations_and_sweeper_do_not_touch_it_as_they_start(
    live: Live, tmp_path: Path
) -> None:
    path = tmp_path / "queue.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.setblocking(False)
        told = live.with_redis(f"redis+socket://{path}")
        with told.web():
            told.run("manage", "migrate", "--check")
            told.run("manage", "reconcile")
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture
def worker(live: Live, queue: Queue) -> Iterator[Child]:
    """As it is shipped, with neither beat nor sweeper beside it."""
    queue.start()
    child = live.with_redis(queue.url).spawn("worker", *SHIPPED_WORKER)
    yield child
    child.stop()


def test_b18_ten_thousand_replayed_hints_delay_no_approval(
    live: Live, queue: Queue, worker: Child
) -> None:
    portal = live.with_redis(queue.url)
    before, beside = "pay-before-noise", "pay-beside-noise"
    portal.act("ask", before, beside)
    portal.act("decide", before)
    assert portal.act("wait", before)[before]["state"] == "ready"
    worker.process.send_signal(signal.SIGSTOP)  # it would work off what is to be counted
    queue.client.lpush("people", *(envelope(task="onboarding.reconcile", args=(1,)),) * FLOOD)
    portal.act("decide", beside)
    assert queue.client.llen("people") <= MOST_WAITING
    worker.process.send_signal(signal.SIGCONT)
    assert portal.act("wait", beside)[beside]["state"] == "ready"
