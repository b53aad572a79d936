"""Moments of a whole portal that can be brought back: its database, its cluster, each by itself."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.conf import settings

from devcluster.control_plane import ControlPlane
from tests.support.real_processes import Live


@dataclass(frozen=True)
class Moments:
    """Backups of both sides, by the number of the moment. Nothing of the portal may run."""

    folder: Path
    live: Live

    def save(self, number: int) -> None:
        shutil.copytree(self.plane.layout.etcd_data, self.folder / f"etcd-{number}")
        _copy_database(self._database, f"{self._database}_{number}", self._is_file)

    def bring_back(self, *, database: int, cluster: int) -> None:
        shutil.rmtree(self.plane.layout.etcd_data)
        shutil.copytree(self.folder / f"etcd-{cluster}", self.plane.layout.etcd_data)
        _copy_database(f"{self._database}_{database}", self._database, self._is_file)

    def forget(self) -> None:
        """Drop the copies of a database that is on a server."""
        if not self._is_file:
            with _server() as connection:
                for number in range(3):
                    name = f"{self._database}_{number}"
                    connection.execute(f'DROP DATABASE IF EXISTS "{name}"'.encode())

    @property
    def plane(self) -> ControlPlane:
        return self.live.plane

    @property
    def _is_file(self) -> bool:
        return self.live.environment["BULKHEAD_DATABASE_URL"].startswith("sqlite:")

    @property
    def _database(self) -> str:
        """The file, or the name on the server."""
        url = self.live.environment["BULKHEAD_DATABASE_URL"]
        return (
            url.removeprefix("sqlite:///") if self._is_file else urlsplit(url).path.split("/")[-1]
        )


def _copy_database(source: str, target: str, is_file: bool) -> None:
    if is_file:
        for ending in ("-wal", "-shm"):
            Path(f"{target}{ending}").unlink(missing_ok=True)
        Path(target).write_bytes(Path(source).read_bytes())
        return
    with _server() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"'.encode())


def _server() -> "psycopg.Connection[tuple[object, ...]]":
    given = settings.DATABASES["default"]
    return psycopg.connect(
        f"host={given['HOST']} user={given['USER']} dbname=postgres", autocommit=True
    )
