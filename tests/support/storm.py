"""All parts of one portal, each of which is killed -9 and started again, while people approve."""

import http.client
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg
from django.conf import settings

from devcluster.control_plane import OwnedControlPlane
from devcluster.processes import Child, choose_port, is_free, is_running, spawn
from devtools.postgres import DATABASE, SUPERUSER, Postgres, start_postgres
from tests.support.killable_queue import Queue
from tests.support.live_portal import wait_for
from tests.support.outages import children_of
from tests.support.pat_without_scripts import Pat
from tests.support.real_processes import Live, on_database

PROCESSES = ("web", "worker", "sweeper", "beat")
IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]
SERVERS = ("queue", "API server", *(["database"] if IS_POSTGRESQL else []))
DECISION_SECONDS = 120.0
KEEPS_COMMITS = f"ALTER DATABASE {DATABASE} SET synchronous_commit = on"


@dataclass
class Parts:
    """What runs of a portal, and where. `database` is None where it is a file."""

    portal: Live
    plane: OwnedControlPlane
    queue: Queue
    database: Postgres | None
    port: int = field(default_factory=choose_port)
    running: dict[str, Child] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def all_running(self) -> Iterator[None]:
        for name in PROCESSES:
            self.start(name)
        try:
            wait_for(lambda: not is_free(self.port), "the web process listens")
            yield
        finally:
            for child in self.running.values():
                child.stop()

    def start(self, name: str) -> None:
        told = self.portal.with_redis(self.queue.url).told(PORT=str(self.port))
        its_own = told.without_key() if name == "web" else told
        self.running[name] = its_own.start_as_in_procfile(name)

    def kill_and_start(self, victim: str) -> None:
        """Kill it with all its children, and start it as a supervisor does."""
        if victim == "queue":
            self.queue.kill()
            self.queue.start()
        elif victim == "API server":
            self.plane.kill_apiserver()
            self.plane.start_apiserver()
        elif victim == "database":
            self._kill_and_start_database()
        else:
            kill_family(self.running[victim])
            self.start(victim)

    def _kill_and_start_database(self) -> None:
        assert self.database is not None
        kill_family(self.database.child)
        self.database.child = spawn(self.database.child.command)
        wait_for(lambda: _answers(self.database), "the database serves")


def kill_family(child: Child) -> None:
    family = children_of(child.pid)
    child.kill()
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(is_running, family)), f"nothing is left of {child.name}")


def _answers(database: Postgres | None) -> bool:
    assert database is not None
    try:
        psycopg.connect(f"host={database.folder} user={SUPERUSER} dbname={DATABASE}").close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def parts(folder: Path, plane: OwnedControlPlane, queue: Queue) -> Iterator[Parts]:
    """A portal that is set up, on a database server that may be killed. Nothing of it runs yet."""
    with ExitStack() as stack:
        server, url = None, f"sqlite:///{folder}/db.sqlite3"
        if IS_POSTGRESQL:
            server = start_postgres()
            stack.callback(server.stop)
            url = server.url
            where = f"host={server.folder} user={SUPERUSER} dbname={DATABASE}"
            with psycopg.connect(where, autocommit=True) as line:
                line.execute(KEEPS_COMMITS.encode())  # as every server does that is not for tests
        live = Live(folder, on_database(folder, url).environment, plane=plane)
        live.prepare()
        yield Parts(live.as_application(), plane, queue, server)


def approve(person: Pat, public_id: str) -> None:
    """Approve as people do: where no answer came, or another than was wanted, look again."""
    decides = partial(_is_decided, person, public_id)
    wait_for(decides, f"{person.name} decides", seconds=DECISION_SECONDS)


def _is_decided(person: Pat, public_id: str) -> bool:
    try:
        url, page = person.get(f"/approvals/{public_id}/")
        return 'name="vote"' not in page or person.decide(url, page) == 200
    except (OSError, http.client.HTTPException):
        return False
