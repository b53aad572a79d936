"""What the server promises beside the pages: it ends in order, and frames every answer."""

import http.client
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

from tests.support.honest_clients import where
from tests.support.live_portal import wait_for
from tests.support.real_processes import Processes

SECONDS = 20
THREADS = 8


def ask(address: str, method: str = "GET", path: str = "/healthz", **headers: str) -> int:
    with closing(http.client.HTTPConnection(*where(address), timeout=SECONDS)) as connection:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status


def test_who_has_asked_is_answered_before_it_ends(portal: Processes, tmp_path: Path) -> None:
    pipe = tmp_path / "word"
    os.mkfifo(pipe)
    told = portal.told(WORD_PIPE=str(pipe))
    with told.web_process("tests.support.web_in_flight") as (server, address):
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, address, path="/word")
            with pipe.open("wb") as word:  # opens when the request is being answered
                server.ask_to_stop()
                word.write(b"late")
            assert answer.result(SECONDS) == 200
        wait_for(lambda: not server.is_alive(), "the server has ended", seconds=SECONDS)
        assert server.process.returncode == 0


def test_it_ends_though_a_client_has_sent_half_a_request(portal: Processes) -> None:
    with portal.web_process() as (server, address):
        with socket.create_connection(where(address), timeout=SECONDS) as connection:
            connection.sendall(b"GET / HT")
            server.ask_to_stop()
            wait_for(lambda: not server.is_alive(), "the server has ended", seconds=SECONDS)


def test_answers_nobody_reads_hold_no_thread(portal: Processes) -> None:
    with portal.web("tests.support.web_in_flight") as address, ExitStack() as stack:
        for _ in range(THREADS):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.connect(where(address))
            connection.sendall(b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
        assert ask(address, path="/nothing") == 200


def test_a_connection_stays_in_step_after_head(web: str) -> None:
    with closing(http.client.HTTPConnection(*where(web), timeout=SECONDS)) as connection:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.request(method, "/accounts/login/")
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, method == "GET")


def test_the_server_does_not_say_what_it_is(web: str) -> None:
    with closing(http.client.HTTPConnection(*where(web), timeout=SECONDS)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().getheader("Server") is None
