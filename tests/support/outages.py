"""What a database does to those who ask it, each with what the portal answers meanwhile.

Data for tests/chaos/test_locks.py. PostgreSQL's are done to a server of the test's own.
"""

import os
import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from devcluster.processes import Child
from devtools.postgres import APPLICATION, DATABASE, SUPERUSER, Postgres

ENDED = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{APPLICATION}'"


@dataclass(frozen=True)
class Scene:
    """A running portal. `postgres` is None where its database is the SQLite file in `folder`."""

    folder: Path
    web: Child
    postgres: Postgres | None

    def file(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "db.sqlite3", isolation_level=None)

    def server(self) -> psycopg.Connection[tuple[object, ...]]:
        assert self.postgres is not None
        where = f"host={self.postgres.folder} user={SUPERUSER} dbname={DATABASE}"
        return psycopg.connect(where, autocommit=True)


@dataclass(frozen=True)
class Outage:
    """`says` is on the page of what could not be stored; `can_store` and `can_look` go on.

    `turns_red` is the key of the alert that tells of it.
    """

    happens: Callable[[Scene], AbstractContextManager[None]]
    says: str
    turns_red: str
    can_store: bool = False
    can_look: bool = True

    @property
    def name(self) -> str:
        return self.happens.__name__.replace("_", "-")

    def __str__(self) -> str:
        return self.name


@contextmanager
def row_is_locked(scene: Scene) -> Iterator[None]:
    """Somebody has the requests and does not let go: an administrator's transaction, a backup."""
    with scene.server() as other, other.transaction():
        other.execute("SELECT FROM onboarding_request FOR UPDATE")
        yield


@contextmanager
def server_is_frozen(scene: Scene) -> Iterator[None]:
    """It neither answers nor closes anything, like one whose host swaps or whose line is cut."""
    assert scene.postgres is not None
    main = scene.postgres.child.pid
    os.kill(main, signal.SIGSTOP)  # first, so that it has no more children
    stopped = [main, *children_of(main)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def no_connection_is_left(scene: Scene) -> Iterator[None]:
    """The role has as many as it may have."""
    with scene.server() as administrator:
        administrator.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT 0")
        administrator.execute(ENDED)
        yield
        administrator.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT -1")


@contextmanager
def server_refuses_writes(scene: Scene) -> Iterator[None]:
    """As a standby does, or one that somebody made read-only because its disk is filling up."""
    with scene.server() as administrator:
        administrator.execute(f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = on")
        administrator.execute(ENDED)
        yield
        administrator.execute("SET default_transaction_read_only = off")
        administrator.execute(f"ALTER DATABASE {DATABASE} RESET default_transaction_read_only")
        administrator.execute(ENDED)


@contextmanager
def file_is_locked(scene: Scene) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    with closing(scene.file()) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def file_cannot_grow(scene: Scene) -> Iterator[None]:
    """No file of the web process takes another byte."""
    held = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in children_of(scene.web.pid)}
    for pid, (_soft, hard) in held.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in held.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def children_of(parent: int) -> list[int]:
    """Every process that was started by this one."""
    stats = {int(path.parent.name): path.read_text() for path in Path("/proc").glob("[0-9]*/stat")}
    return [pid for pid, stat in stats.items() if int(stat.rpartition(")")[2].split()[1]) == parent]


ON_POSTGRESQL = (
    Outage(row_is_locked, "did not finish in time", "answers-errors", can_store=True),
    Outage(server_is_frozen, "does not answer", "database-silent", can_look=False),
    Outage(no_connection_is_left, "takes no more connections", "database-silent", can_look=False),
    Outage(server_refuses_writes, "refuses to store anything", "cannot-store"),
)
ON_SQLITE = (
    Outage(file_is_locked, "did not finish in time", "cannot-store"),
    Outage(file_cannot_grow, "cannot use its disk", "cannot-store"),
)
