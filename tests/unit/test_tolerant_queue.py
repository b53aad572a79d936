"""The queue's transport on a real Valkey: what it keeps, and what it survives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from kombu.connection import Connection
from redis import Redis

from devtools.valkey import Valkey, start_valkey
from portal.tolerant_queue import KEPT_SECONDS, MOST_WAITING
from tests.support.queue_messages import EXPIRE, envelope


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = start_valkey(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Redis]:
    with Redis(unix_socket_path=str(valkey.socket)) as client:
        yield client


@pytest.fixture
def connection(valkey: Valkey) -> Iterator[Connection]:
    with current_app.connection_for_write(valkey.url) as connection:
        yield connection


def take_one(connection: Connection) -> Any:
    """Take one message of people's, as a worker with one thread does; it is not acknowledged."""
    messages: list[Any] = []
    channel = connection.default_channel
    channel.basic_qos(0, 1, False)
    channel.basic_consume("people", False, messages.append, "it")
    while not messages:
        connection.drain_events(timeout=5)
    return messages[0]


def send(connection: Connection, number: int) -> None:
    current_app.send_task(EXPIRE, [number], connection=connection, queue="people")


def test_b18_a_queue_holds_the_newest_messages_and_none_for_long(
    connection: Connection, client: Redis
) -> None:
    for number in range(MOST_WAITING + 20):
        send(connection, number)
    assert client.llen("people") == MOST_WAITING
    assert 0 < client.ttl("people") <= KEPT_SECONDS
    oldest = connection.SimpleQueue("people").get(timeout=5)
    assert oldest.payload[0] == [20]


def test_b13_what_is_done_after_the_queue_was_killed_frees_its_thread(
    connection: Connection, client: Redis, valkey: Valkey
) -> None:
    """A worker for which it stayed taken would never read the queue again."""
    client.lpush("people", envelope())
    message = take_one(connection)
    assert not message.channel.qos.can_consume()
    valkey.child.kill()
    message.ack()
    assert message.channel.qos.can_consume()


def test_b13_a_connection_is_closed_whatever_became_of_the_queue(
    connection: Connection, client: Redis, valkey: Valkey
) -> None:
    """As Celery closes one that it has lost: it waits for messages, and of one the work goes on."""
    client.lpush("people", envelope())
    message = take_one(connection)
    message.channel.basic_qos(0, 2, False)
    other = connection.channel()  # cannot be closed, and so keeps Kombu from closing the first
    other.exchange_declare("all", "fanout")
    other.queue_declare("own", auto_delete=True)
    other.queue_bind("own", "all")
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.1)
    valkey.child.kill()
    connection.collect()
    connection.close()
    message.ack()
    assert message.acknowledged


def test_a_full_queue_still_hands_out_what_lies_on_it(
    connection: Connection, client: Redis
) -> None:
    client.lpush("people", envelope())
    client.config_set("maxmemory", "1")
    message = take_one(connection)
    message.channel.qos.restore_visible()
    message.ack()
    assert message.channel.qos.can_consume()


def test_what_is_no_list_is_removed(connection: Connection, client: Redis) -> None:
    client.set("people", "no list")
    channel = connection.default_channel
    channel.basic_consume("people", False, print, "it")
    connection.drain_events(timeout=5)
    assert not client.exists("people")


def test_nothing_but_the_list_itself_is_needed(connection: Connection, client: Redis) -> None:
    send(connection, 1)
    assert client.keys() == [b"people"]
    assert connection.SimpleQueue("people").get(timeout=5).payload[0] == [1]
