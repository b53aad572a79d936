"""deploy/healthcheck.py: what a container engine is told of a process, and keeps."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/healthcheck.py"
ANSWERS = {"/healthz": (200, b"fine"), "/late": (503, b"the database " + b"does not answer " * 99)}


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, words = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(words)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stderr


def test_a_page_that_answers_is_well(address: str) -> None:
    assert check(address, "/healthz") == (0, "")


def test_an_answer_that_says_why_is_shown_by_its_beginning(address: str) -> None:
    code, said = check(address, "/late")
    assert code == 1
    assert said.startswith(f"{address}/late: 503 the database does not answer")
    assert len(said) < 300


def test_nobody_there_is_said() -> None:
    code, said = check("127.0.0.1:1", "/healthz")
    assert code == 1
    assert "refused" in said


def test_a_file_that_was_touched_lately_is_alive(tmp_path: Path) -> None:
    (tmp_path / "alive").touch()
    assert check("--alive", str(tmp_path / "alive"), "60") == (0, "")


@pytest.mark.parametrize("ago", [61, -3600])
def test_a_file_of_another_time_is_not_alive(tmp_path: Path, ago: int) -> None:
    (tmp_path / "alive").touch()
    then = time.time() - ago
    os.utime(tmp_path / "alive", (then, then))
    code, said = check("--alive", str(tmp_path / "alive"), "60")
    assert code == 1
    assert "the last round ended" in said


def test_a_process_that_never_turned_is_not_alive(tmp_path: Path) -> None:
    code, said = check("--alive", str(tmp_path / "alive"), "60")
    assert code == 1
    assert "not one round was finished" in said
