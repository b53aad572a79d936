"""The queue only accelerates: frozen, dead or full, approvals answer and become ready (G4)."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import redis

from devtools.valkey import Valkey, start_valkey
from tests.support.real_processes import Live

APPROVALS = 50
# One wait for the frozen queue opens the breaker; the rest do not wait at all.
BOUND_SECONDS = 10.0


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


def freeze(valkey: Valkey) -> None:
    valkey.child.process.send_signal(signal.SIGSTOP)


def kill(valkey: Valkey) -> None:
    valkey.child.kill()


def fill(valkey: Valkey) -> None:
    """It takes nothing more, and throws nothing away."""
    with closing(redis.Redis(unix_socket_path=str(valkey.socket))) as client:
        client.config_set("maxmemory", "1")


Trouble = Callable[[Valkey], None]


@pytest.mark.parametrize(("trouble", "count"), [(freeze, APPROVALS), (kill, 5), (fill, 5)])
def test_g04_approvals_answer_and_become_ready_without_the_queue(
    live: Live, valkey: Valkey, prefix: str, trouble: Trouble, count: int
) -> None:
    portal = live.with_redis(valkey.url)
    names = [f"{prefix}-{number}" for number in range(count)]
    portal.act("ask", *names)
    trouble(valkey)
    took = sorted(portal.act("decide", *names))
    assert sum(took) < BOUND_SECONDS
    with portal.sweeper():
        ended = portal.act("wait", *names)
    assert len(ended) == count
    assert {row["state"] for row in ended.values()} == {"ready"}
