"""Whatever becomes of the queue, worker and beat go on, and people's hints wait for nothing.

A table: what is done to the queue while messages are being worked on, and how it is mended. The
witness is the worker's log: what it does for somebody who asks, and for beat, afterwards.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.support.killable_queue import Queue, Running, absent_queue, worker_and_beat
from tests.support.live_portal import wait_for
from tests.support.real_processes import Processes, web_only

WAITS, UNSENT = "Cannot connect to", "the queue does not take what is due"
FLOOD = 10_000
BOUND_SECONDS = 2.0


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
    Fault("holding something else than lists", Queue.distort, nothing),
)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with web_only(tmp_path_factory.mktemp("queue")) as portal:
        yield portal


@pytest.fixture(scope="module")
def running(portal: Processes) -> Iterator[Running]:
    queue = absent_queue()
    queue.start()
    try:
        with worker_and_beat(portal, queue) as running:
            yield running
    finally:
        queue.stop()


@pytest.mark.parametrize("ends_meanwhile", [False, True], ids=["held throughout", "ending"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_worker_and_beat_go_on(running: Running, fault: Fault, ends_meanwhile: bool) -> None:
    running.hold(count=2 if ends_meanwhile else 1)
    before = running.count(fault.said)
    fault.breaks(running.queue)
    if ends_meanwhile:
        running.let_go()
    if fault.said:
        wait_for(lambda: running.count(fault.said) > before, "the worker notices", seconds=30)
    fault.mends(running.queue)
    running.check_they_go_on()
    running.let_go()


def test_both_start_without_it_wait_with_words_and_work_when_it_comes(portal: Processes) -> None:
    queue = absent_queue()
    try:
        with worker_and_beat(portal, queue) as running:
            before, unsent = running.count(WAITS), running.count(UNSENT, by="beat")
            wait_for(lambda: running.count(WAITS) > before + 1, "the worker says what it waits for")
            wait_for(lambda: running.count(UNSENT, by="beat") > unsent, "beat says it, too")
            queue.start()
            running.check_they_go_on()
            assert running.count(UNSENT, by="beat") == unsent + 1
    finally:
        queue.stop()
