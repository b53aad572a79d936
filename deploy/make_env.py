"""Write the environment files of docker-compose.yml, with fresh secrets, into `deploy/env/`.

    python3 deploy/make_env.py portal.example.org [--port 8443]
    python3 deploy/make_env.py --plain-http localhost
    python3 deploy/make_env.py --upgrade

Files that exist are left as they are: their secrets are in use. Only the standard library is
needed. `worker.env` opens stored cluster credentials; the web process is not given it. `web.env`
holds what Prometheus brings to read /metrics; only the web process is given it.
`migrate.env` is the owner of the database; only the step that migrates is given it. `postgres.env`
is the database server's alone: it holds the superuser, and both roles for a server that is new.

`--plain-http` is to try the portal in a browser on the same machine: without TLS, and for no other
host than this one. Browsers say the port they went to, so a port other than 443 (or 8000 for plain
HTTP) has to be told.

`--upgrade` adds to files of an earlier release what this one needs, and changes nothing else: a key
for second factors; the files of web and proxy; and where the portal connects as the owner, that
moves to `migrate.env`, and `portal.env` gets the application's role. Cut off anywhere, it goes on
when it is run again.
"""
# ruff: noqa: INP001 - a script that runs before anything is installed, not part of a package

import argparse
import base64
import os
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).resolve().parent / "env"
OWNER, APPLICATION = "bulkhead", "bulkhead_app"
DATABASE_VARIABLE = "BULKHEAD_DATABASE_URL"
KEYS_VARIABLE = "BULKHEAD_SECOND_FACTOR_KEYS"
METRICS_VARIABLE = "BULKHEAD_METRICS_TOKEN"
HOSTS_VARIABLE = "BULKHEAD_ALLOWED_HOSTS"
THIS_MACHINE = frozenset({"localhost", "127.0.0.1"})
USUAL_PORT = {"https": 443, "http": 8000}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
Variables = dict[str, str]


class Refused(Exception):
    """The words of the command line cannot be what was meant; the message says why."""


@dataclass(frozen=True)
class Address:
    """Where browsers find the portal."""

    host: str
    scheme: str = "https"
    port: int = 443

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise Refused(
                f"{self.host!r} is no name of a host like portal.example.org: leave out https:// "
                "and everything from the first / on, and say the port with --port"
            )
        if not 0 < self.port < 65536:
            raise Refused(f"{self.port} is no port")
        if self.scheme == "http" and self.host not in THIS_MACHINE:
            raise Refused(
                f"without TLS everybody between a browser and {self.host} reads the passwords: "
                "--plain-http is for localhost or 127.0.0.1"
            )

    @property
    def origin(self) -> str:
        """As browsers write it: the usual port of the scheme is left out."""
        is_said = self.port != {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if is_said else "")


def contents(address: Address) -> dict[str, Variables]:
    """The variables of each file, by its name."""
    queue, application = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    owner = secrets.token_urlsafe(24)
    return {
        "postgres.env": {
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": "bulkhead",
            "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
            "OWNER_PASSWORD": owner,
            "APPLICATION_PASSWORD": application,
        },
        "redis.env": {"REDISCLI_AUTH": queue},
        "proxy.env": _proxy(address.host),
        "portal.env": {
            "BULKHEAD_SECRET_KEY": secrets.token_urlsafe(48),
            KEYS_VARIABLE: _key(),
            **_served_at(address),
            DATABASE_VARIABLE: _url(APPLICATION, application),
            "BULKHEAD_REDIS_URL": f"redis://:{queue}@redis:6379/0",
        },
        "web.env": _web(secrets.token_urlsafe(32)),
        # The roles of a new server have their passwords from postgres.env.
        "migrate.env": {DATABASE_VARIABLE: _url(OWNER, owner)},
        "worker.env": {
            "BULKHEAD_CREDENTIAL_KEYS": _key(),
        },
    }


def _served_at(address: Address) -> Variables:
    is_https = address.scheme == "https"
    return {
        "BULKHEAD_HTTPS": "1" if is_https else "0",
        "BULKHEAD_TRUSTED_PROXIES": "1" if is_https else "0",
        HOSTS_VARIABLE: address.host,
        "BULKHEAD_TRUSTED_ORIGINS": address.origin,
    }


def _proxy(host: str) -> Variables:
    return {"PORTAL_HOST": host}


def _web(metrics_token: str) -> Variables:
    return {METRICS_VARIABLE: metrics_token}


def _url(role: str, password: str) -> str:
    return f"postgres://{role}:{password}@postgres:5432/bulkhead"


def write_new(address: Address) -> int:
    """Write every file. The passwords in one must match those in another: all, or none."""
    files = contents(address)
    existing = [name for name in files if (FOLDER / name).exists()]
    if existing:
        print(f"{FOLDER} already holds {', '.join(existing)}; nothing was written")
        return 1
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    for name, variables in files.items():
        _write(FOLDER / name, _lines(variables))
    return 0


def upgrade() -> int:
    """Add what files of an earlier release lack; all else in them stays.

    `migrate.env` is whole before `portal.env` changes, and no sign that the rest was done.
    """
    path = FOLDER / "portal.env"
    if not path.exists():
        print(f"{FOLDER} holds no portal.env; nothing was written")
        return 1
    portal = _read(path)
    _add_file("proxy.env", _proxy(portal.get(HOSTS_VARIABLE, "localhost").split(",")[0].strip()))
    # The token that Prometheus brings already, where there is one.
    _add_file("web.env", _web(portal.get(METRICS_VARIABLE) or secrets.token_urlsafe(32)))
    new = {KEYS_VARIABLE: _key(), **portal, **_own_role(portal[DATABASE_VARIABLE])}
    if new == portal:
        print(f"{path} lacks nothing")
        return 0
    lines = path.read_text().splitlines()
    kept = [line for line in lines if new.get(name := line.partition("=")[0]) == portal.get(name)]
    added = [f"{name}={value}" for name, value in new.items() if portal.get(name) != value]
    _write(path, [*kept, *added])
    return 0


def _add_file(name: str, variables: Variables) -> None:
    path = FOLDER / name
    if not path.exists():
        _write(path, _lines(variables))


def _own_role(url: str) -> Variables:
    """What the portal connects with instead of the owner's URL; nothing where it does not."""
    path = FOLDER / "migrate.env"
    if urlsplit(url).username == APPLICATION:
        return {}
    if not path.exists():
        password = secrets.token_urlsafe(24)
        made = {DATABASE_VARIABLE: url, "BULKHEAD_APPLICATION_PASSWORD": password}
        _write(path, _lines(made))
    migrate = _read(path)
    if migrate[DATABASE_VARIABLE] != url:
        return {}
    return {DATABASE_VARIABLE: _url(APPLICATION, migrate["BULKHEAD_APPLICATION_PASSWORD"])}


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _read(path: Path) -> Variables:
    named = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, sign, value in named if sign}


def _lines(variables: Variables) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


def _write(path: Path, lines: list[str]) -> None:
    """Write the file whole or not at all, for its owner alone."""
    started = path.with_name(f"{path.name}.new")
    started.unlink(missing_ok=True)
    with os.fdopen(os.open(started, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    started.rename(path)
    print(f"wrote {path}")


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the environment of docker-compose.yml.")
    parser.add_argument("host", nargs="?", metavar="HOST", help="the portal's name")
    parser.add_argument("--port", type=int, help="where browsers find it, if not at the usual one")
    parser.add_argument("--plain-http", action="store_true", help="without TLS; localhost only")
    parser.add_argument("--upgrade", action="store_true", help="add what this release needs")
    told = parser.parse_args(arguments)
    if told.upgrade == bool(told.host):
        parser.error("HOST or --upgrade, one of the two")
    if told.upgrade:
        return upgrade()
    scheme = "http" if told.plain_http else "https"
    port = USUAL_PORT[scheme] if told.port is None else told.port
    try:
        return write_new(Address(told.host, scheme, port))
    except Refused as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
