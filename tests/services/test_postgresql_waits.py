"""A server that has fallen silent is given up by our own clock. With a frozen one: tests/chaos."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import ConnectionHandler, OperationalError

from portal.postgresql import base
from tests.support.silent_server import silent_server

pytestmark = pytest.mark.django_db  # for a connection of any kind
Connect = Callable[..., base.DatabaseWrapper]
LOCK, STATEMENT, IDLE = 0.1, 0.2, 0.1


@pytest.fixture
def port() -> Iterator[int]:
    with silent_server() as port:
        yield port


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(base, "ALIVE_SECONDS", 0.1)


@pytest.fixture
def connection_to() -> Iterator[Connect]:
    """Return Django's connection as settings make it."""
    made: list[base.DatabaseWrapper] = []

    def connect(port: int, **options: Any) -> base.DatabaseWrapper:
        where = {"HOST": "127.0.0.1", "PORT": port, "NAME": "any", "USER": "any"}
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        of_settings = {"ENGINE": "portal.postgresql", **where, "OPTIONS": {**plain, **options}}
        made.append(ConnectionHandler({"default": of_settings})["default"])  # type: ignore[arg-type]
        return made[-1]

    yield connect
    for one in made:
        one.close()


def test_a_statement_without_an_answer_is_given_up_and_its_connection_closed(
    port: int, connection_to: Connect
) -> None:
    own = connection_to(port, waits=(LOCK, STATEMENT, IDLE))
    with pytest.raises(OperationalError, match="has not answered for"):
        own.ensure_connection()  # the first statement sets the server's bounds
    assert own.connection.closed


def test_a_connection_that_was_kept_is_tried_for_a_moment_only(
    port: int, connection_to: Connect
) -> None:
    own = connection_to(port, waits=(LOCK, 20 * STATEMENT, IDLE))
    own.connection = own.get_new_connection(own.get_connection_params())
    began = time.monotonic()
    assert not own.is_usable()
    assert time.monotonic() - began < 20 * STATEMENT


def test_a_connection_without_bounds_is_psycopgs_own(port: int, connection_to: Connect) -> None:
    own = connection_to(port)
    own.connection = own.get_new_connection(own.get_connection_params())
    assert own.connection.longest_wait is None


def test_a_server_that_lets_nobody_in_is_given_up(connection_to: Connect) -> None:
    with silent_server(hello=b"") as port:
        own = connection_to(port, connect_timeout=2)
        with pytest.raises(OperationalError, match="timeout"):
            own.ensure_connection()
