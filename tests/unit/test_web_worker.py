"""Whom the web server waits for no longer. With real sockets: tests/attack/test_slow_clients.py."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from portal import web_worker
from portal.web_worker import (
    BODY_SECONDS,
    HEADER_SECONDS,
    IDLE_SECONDS,
    MOST_CONNECTIONS,
    UNREAD_SECONDS,
    TimedChannel,
    close_late,
)


@dataclass
class Reading:
    """A request of which a part has arrived."""

    headers_finished: bool = False


@dataclass
class Connection:
    """A connection without a socket, since when it lets us wait, and what of it has arrived."""

    waits_since: float = 0.0
    request: Reading | None = None
    requests: list[Any] = field(default_factory=list)
    total_outbufs_len: int = 0
    last_activity: float = 0.0
    closed: bool = False

    is_late = TimedChannel.is_late
    is_answering = TimedChannel.is_answering
    _allowed = TimedChannel._allowed

    def handle_close(self) -> None:
        self.closed = True


def closed(connection: Connection, *, after: float) -> bool:
    close_late([connection], after)  # type: ignore[list-item]
    return connection.closed


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [(None, IDLE_SECONDS), (Reading(), HEADER_SECONDS), (Reading(True), BODY_SECONDS)],
)  # fmt: skip
def test_each_part_of_a_request_has_its_time(request_: Reading | None, allowed: float) -> None:
    assert not closed(Connection(request=request_), after=allowed - 1)
    assert closed(Connection(request=request_), after=allowed + 1)


def test_who_is_being_answered_is_not_late() -> None:
    assert not closed(Connection(requests=["a"]), after=10 * BODY_SECONDS)


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    taking = Connection(total_outbufs_len=1, last_activity=time.time())
    deaf = Connection(total_outbufs_len=1, last_activity=time.time() - UNREAD_SECONDS - 1)
    assert not closed(taking, after=1)
    assert closed(deaf, after=1)


def test_above_the_bound_who_has_made_us_wait_longest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_worker, "MOST_CONNECTIONS", 3)
    assert MOST_CONNECTIONS > 3
    at_work = [Connection(requests=["a"]), Connection(requests=["b"])]
    waiting = [Connection(waits_since=since) for since in (3.0, 1.0, 2.0)]
    close_late([*at_work, *waiting], 4.0)  # type: ignore[list-item]
    assert [one.closed for one in at_work] == [False, False]
    assert [one.closed for one in waiting] == [False, True, True]
