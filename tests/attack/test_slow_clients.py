"""Clients in no hurry hold nobody up. How much slower others get: `./dev bench slow_clients`."""

import socket

import pytest

from tests.support.honest_clients import waits, where
from tests.support.live_portal import wait_for
from tests.support.real_processes import Processes
from tests.support.slow_clients import (
    ATTACKS,
    HALF_A_HEADER,
    PROMISED,
    Attack,
    form_of,
    under,
    was_closed,
)

# Before, each of them waited until the attack was over. What is left is the machine's own load.
NOBODY_WAITS_LONGER_SECONDS = 5.0
LARGEST_BODY = 3 * 1024 * 1024


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nobody_waits_for_clients_in_no_hurry(web: str, attack: Attack) -> None:
    with under(attack, where(web)):
        took = waits(web, requests=120, clients=4)
    assert len(took) == 120
    assert took[-1] < NOBODY_WAITS_LONGER_SECONDS


@pytest.mark.parametrize("half", [HALF_A_HEADER, form_of(PROMISED) + b"x"])
def test_half_a_request_is_not_waited_for_however_it_drips(portal: Processes, half: bytes) -> None:
    with portal.web("tests.support.impatient_web") as address:
        with socket.create_connection(where(address), timeout=20) as connection:
            connection.sendall(half)
            wait_for(lambda: was_closed(connection, while_sending=b"x"), "the server closes it")


def test_headers_without_an_end_are_refused(web: str) -> None:
    with socket.create_connection(where(web), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 32 * 1024)
        assert connection.recv(16).startswith(b"HTTP/1.0 431")


def test_a_body_no_form_has_is_refused_before_it_is_read(web: str) -> None:
    with socket.create_connection(where(web), timeout=20) as connection:
        connection.sendall(form_of(LARGEST_BODY))
        assert connection.recv(16).startswith(b"HTTP/1.1 413")
