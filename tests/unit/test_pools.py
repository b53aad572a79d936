"""Which thread answers what, and when a restart would help. In real processes: tests/chaos."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from portal import pools
from portal.pools import Pool, Pools

SECONDS = 5


@dataclass
class Asked:
    """A request as waitress has read it."""

    path: str = "/"
    command: str = "GET"


@dataclass
class Held:
    """A connection whose answer waits for a word of the test."""

    requests: list[Asked]
    word: threading.Event = field(default_factory=threading.Event)
    is_answered: threading.Event = field(default_factory=threading.Event)

    def service(self) -> None:
        self.word.wait(SECONDS)
        self.is_answered.set()


KINDS = [
    Asked(),
    Asked("/healthz"),
    Asked("/readyz"),
    Asked("/requests/", "POST"),
    Asked("/metrics"),
]


def end(some: Pool | Pools, held: list[Held]) -> None:
    for one in held:
        one.word.set()
    assert all(one.is_answered.wait(SECONDS) for one in held)
    some.shutdown()


@pytest.mark.parametrize("asked", KINDS, ids=str)
def test_who_wants_something_else_is_answered_while_many_wait(asked: Asked) -> None:
    some = Pools(2)
    others = [kind for kind in KINDS if kind != asked]
    waiting = [Held([kind]) for kind in others for _ in range(3)]
    free = Held([asked])
    free.word.set()
    for one in [*waiting, free]:
        some.add_task(one)
    assert free.is_answered.wait(SECONDS)
    assert not any(one.is_answered.is_set() for one in waiting)
    end(some, waiting)


def test_what_is_posted_to_a_probes_address_does_not_hold_up_the_probe() -> None:
    some = Pools(1)
    assert some.pool_of(Asked("/healthz", "POST")) is not some.pool_of(Asked("/healthz"))
    some.shutdown()


def test_a_request_that_makes_no_sense_is_answered_too() -> None:
    some = Pools(1)
    assert some.pool_of(object()) is some.pool_of(Asked())
    some.shutdown()


def test_threads_are_stuck_when_somebody_waits_and_nobody_is_answered_for_long() -> None:
    pool, held, next_one = Pool(1), Held([Asked()]), Held([Asked()])
    pool.add_task(held)
    pool.add_task(next_one)
    later = time.monotonic() + pools.STUCK_SECONDS + 1
    assert not pool.is_stuck(later - 2)
    assert pool.is_stuck(later)
    pool.finished_at = later - 1  # a third one was answered meanwhile
    assert not pool.is_stuck(later)
    end(pool, [held, next_one])


def test_threads_that_nobody_waits_for_are_not_stuck() -> None:
    pool, held = Pool(1), Held([Asked()])
    pool.add_task(held)
    is_taken = threading.Event()
    while pool.queue:
        is_taken.wait(0.01)
    assert not pool.is_stuck(time.monotonic() + 2 * pools.STUCK_SECONDS)
    end(pool, [held])
