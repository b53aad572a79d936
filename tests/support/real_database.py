"""A database that several threads write to at once, empty again afterwards.

The test database of SQLite lives in memory, where threads share one lock and wait for nobody; the
portal's lives in a file. PostgreSQL's is flushed by its owner (database_roles.py).
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")
LONGEST_SECONDS = 60


@contextmanager
def committed(folder: Path) -> Iterator[None]:
    """Let everything inside commit for real, visible to other threads; forget it afterwards."""
    using = _file_of_its_own(folder) if connection.vendor == "sqlite" else nullcontext()
    with using:
        yield


@contextmanager
def _file_of_its_own(folder: Path) -> Iterator[None]:
    connection.ensure_connection()
    memory, kept = connection.settings_dict["NAME"], connection.connection
    path = folder / "threads.sqlite3"
    with closing(sqlite3.connect(path)) as copy:
        kept.backup(copy)
    connection.connection = None
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.connection.close()
        connection.connection = kept
        connection.settings_dict["NAME"] = memory


def at_once(calls: list[Callable[[], T]]) -> list[T | Exception]:
    """Make every call in a thread of its own, all let go together; return what each came to."""
    answers: dict[int, T | Exception] = {}
    start = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], T]) -> None:
        try:
            start.wait(LONGEST_SECONDS)
            answers[number] = call()
        except Exception as error:  # noqa: BLE001 (whatever it is, the test judges it)
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_SECONDS)
    assert len(answers) == len(calls), "a thread did not come back"
    return [answers[number] for number in range(len(calls))]
