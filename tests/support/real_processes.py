"""A whole portal in real processes on a database of its own, to be used by a browser or broken."""

import base64
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import psycopg
from django.conf import settings

from devcluster.control_plane import ControlPlane
from devcluster.processes import Child, Command, choose_port, is_free, spawn
from devtools.postgres import APPLICATION, SUPERUSER
from devtools.supervise import read_procfile, stop_together
from tests.support.audit_log import AuditLog
from tests.support.live_portal import wait_for
from tests.support.raw_api import RawApi

ROOT = Path(__file__).parents[2]
# A killed worker's claim has to run out before the next one may take it.
LEASE_SECONDS = "2"
KEYS = "BULKHEAD_CREDENTIAL_KEYS"
BOUNDS = frozenset(
    {"BULKHEAD_LEASE_SECONDS", "BULKHEAD_CLUSTER_CONCURRENCY", "BULKHEAD_SWEEP_SECONDS"}
)


@dataclass(frozen=True)
class Processes:
    """A portal's folder and environment; its processes are started by the tests."""

    folder: Path
    environment: dict[str, str] = field(repr=False)

    def told(self, **variables: str) -> Self:
        """The same portal, told something else by its environment."""
        return replace(self, environment=self.environment | variables)

    def with_redis(self, url: str) -> Self:
        return self.told(BULKHEAD_REDIS_URL=url)

    def as_application(self) -> Self:
        """The same portal once it is set up, no longer as the owner of its database."""
        url = self.environment["BULKHEAD_DATABASE_URL"]
        return self.told(BULKHEAD_DATABASE_URL=url.replace(f"//{SUPERUSER}@", f"//{APPLICATION}@"))

    def as_shipped(self) -> Self:
        """The same portal with the bounds it is shipped with, not those of tests."""
        kept = {name: value for name, value in self.environment.items() if name not in BOUNDS}
        return replace(self, environment=kept)

    def run(self, module: str, *arguments: str) -> str:
        """Run a module in a process with a worker's environment; return what it printed."""
        answer = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr[-4000:]
        return answer.stdout

    def spawn(self, name: str, *argv: str) -> Child:
        command = Command(
            name,
            (sys.executable, *argv),
            self.folder / f"{name}.log",
            environment=self.environment,
            directory=ROOT,
        )
        return spawn(command)

    @contextmanager
    def web(self, application: str = "portal.wsgi") -> Iterator[str]:
        """The web process, with no key to the cluster. Yields its address, once it listens."""
        with self.web_process(application) as (_, address):
            yield address

    @contextmanager
    def web_process(self, application: str = "portal.wsgi") -> Iterator[tuple[Child, str]]:
        """The web process as gunicorn.conf.py says, and its address."""
        port = choose_port()
        how = ("--bind", f"127.0.0.1:{port}")
        child = self.without_key().spawn("web", "-m", "gunicorn", application, *how)
        try:
            wait_for(lambda: not is_free(port), "the web process listens")
            yield child, f"http://127.0.0.1:{port}"
        finally:
            child.stop()

    def without_key(self) -> Self:
        kept = {name: value for name, value in self.environment.items() if name != KEYS}
        return replace(self, environment=kept)

    @contextmanager
    def as_in_procfile(self, *names: str, log: Path | None = None) -> Iterator[list[Child]]:
        """Processes exactly as `./dev` runs them. `log` takes what all of them print."""
        children = [self.start_as_in_procfile(name, log=log) for name in names]
        try:
            yield children
        finally:
            stop_together(children)

    def start_as_in_procfile(self, name: str, *, log: Path | None = None) -> Child:
        programs = Path(sys.executable).parent
        return spawn(
            Command(
                name,
                ("/bin/sh", "-c", f"exec {read_procfile()[name]}"),
                log or self.folder / f"{name}.log",
                environment=self.told(PATH=f"{programs}:{os.environ['PATH']}").environment,
                directory=ROOT,
                parent_gone=signal.SIGTERM,
            )
        )

    @contextmanager
    def sweeper(self) -> Iterator[Child]:
        """The worker that needs no queue, as `./dev` and production run it."""
        child = self.spawn("sweeper", "manage.py", "reconcile", "--loop", "--workers", "2")
        try:
            yield child
        finally:
            child.stop()


@dataclass(frozen=True, kw_only=True)
class Live(Processes):
    """A portal that is set up with a cluster."""

    plane: ControlPlane

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.plane.audit_log, RawApi.from_kubeconfig(self.plane.kubeconfig))

    def prepare(self) -> None:
        """Migrate, make the people, register the cluster. As the owner of the database."""
        self.run("devtools.prepare", str(self.plane.kubeconfig))
        self.run("django", "grant_application_role", APPLICATION)

    def act(self, what: str, *names: str) -> Any:
        """Do one act of the story in a process of its own and return what it printed."""
        return json.loads(self.run("tests.support.scenario", what, *names))


@contextmanager
def own_database(folder: Path) -> Iterator[str]:
    """The address, for its owner, of a new database of the kind this leg of the suite runs on."""
    given = settings.DATABASES["default"]
    if "postgresql" not in given["ENGINE"]:
        yield f"sqlite:///{folder}/db.sqlite3"
        return
    name = f"fault_{uuid.uuid4().hex[:12]}"
    server = f"host={given['HOST']} user={given['USER']} dbname=postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield f"postgres://{given['USER']}@/{given['HOST']}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def set_up(folder: Path, plane: ControlPlane) -> Iterator[Live]:
    """A portal with the demo's people and one registered cluster, and no process running yet."""
    with own_database(folder) as database:
        live = Live(folder, _environment(folder, database), plane=plane)
        live.prepare()
        yield live.as_application()


@contextmanager
def web_only(folder: Path) -> Iterator[Processes]:
    """A portal with an empty database and no cluster, for what happens before the first page."""
    with own_database(folder) as database:
        portal = Processes(folder, _environment(folder, database))
        portal.run("manage", "migrate", "--noinput")
        portal.run("manage", "createcachetable")
        portal.run("django", "grant_application_role", APPLICATION)
        yield portal.as_application()


def on_database(folder: Path, database: str) -> Processes:
    """A portal that is not set up, on the database with this address for its owner."""
    return Processes(folder, _environment(folder, database))


def _environment(folder: Path, database: str) -> dict[str, str]:
    (folder / "static").mkdir()
    own = {
        "BULKHEAD_DEMO": "1",
        "BULKHEAD_STATE_DIR": str(folder),
        "BULKHEAD_DATABASE_URL": database,
        "BULKHEAD_REDIS_URL": "",
        KEYS: base64.b64encode(b"k" * 32).decode(),
        "BULKHEAD_LEASE_SECONDS": LEASE_SECONDS,
        # Until its lease runs out, every killed worker counts as one at work.
        "BULKHEAD_CLUSTER_CONCURRENCY": "100",
        "BULKHEAD_SWEEP_SECONDS": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT),
    }
    return dict(os.environ) | own
