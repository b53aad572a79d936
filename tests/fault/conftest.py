"""A whole portal in real processes, on a database and a control plane of its own, to be broken."""

import base64
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from devcluster import start
from devcluster.control_plane import OwnedControlPlane
from devcluster.processes import Child, Command, spawn
from tests.support.audit_log import AuditLog
from tests.support.raw_api import RawApi

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# A killed worker's claim has to run out before the next one may take it.
LEASE_SECONDS = "2"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all of them: they share a control plane, and kill it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group("fault"))


@dataclass(frozen=True)
class Live:
    """A portal that is set up; its processes are started by the tests."""

    folder: Path
    plane: OwnedControlPlane
    environment: dict[str, str] = field(repr=False)

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.plane.audit_log, RawApi.from_kubeconfig(self.plane.kubeconfig))

    def with_redis(self, url: str) -> "Live":
        return replace(self, environment=self.environment | {"BULKHEAD_REDIS_URL": url})

    def act(self, what: str, *names: str) -> Any:
        """Do one act of the story in a process of its own and return what it printed."""
        return self.run("tests.support.scenario", what, *names)

    def run(self, module: str, *arguments: str) -> Any:
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
        return json.loads(answer.stdout.splitlines()[-1]) if answer.stdout else None

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
    def sweeper(self) -> Iterator[Child]:
        """The worker that needs no queue, as `./dev` and production run it."""
        child = self.spawn("sweeper", "manage.py", "reconcile", "--loop", "--workers", "2")
        try:
            yield child
        finally:
            child.stop()


@contextmanager
def own_database(folder: Path) -> Iterator[str]:
    """The address of a new database of the kind this leg of the suite runs on."""
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


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    (folder / "static").mkdir()
    with own_database(folder) as database, start(folder / "plane") as plane:
        own = {
            "BULKHEAD_DEMO": "1",
            "BULKHEAD_STATE_DIR": str(folder),
            "BULKHEAD_DATABASE_URL": database,
            "BULKHEAD_REDIS_URL": "",
            "BULKHEAD_CREDENTIAL_KEYS": base64.b64encode(b"k" * 32).decode(),
            "BULKHEAD_LEASE_SECONDS": LEASE_SECONDS,
            "BULKHEAD_SWEEP_SECONDS": "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONPATH": str(ROOT),
        }
        portal = Live(folder, plane, dict(os.environ) | own)
        prepare = [sys.executable, "-m", "devtools.prepare", str(plane.kubeconfig)]
        subprocess.run(prepare, env=portal.environment, cwd=ROOT, check=True, capture_output=True)
        yield portal


@pytest.fixture
def prefix() -> str:
    return f"pay-{uuid.uuid4().hex[:6]}"
