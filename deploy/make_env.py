"""Write the environment files of docker-compose.yml, with fresh secrets, into `deploy/env/`.

    python3 deploy/make_env.py portal.example.org
    python3 deploy/make_env.py --upgrade

Files that exist are left as they are: their secrets are in use. Only the standard library is
needed. `worker.env` opens stored cluster credentials; the web process is not given it.
`migrate.env` is the owner of the database; only the step that migrates is given it.

`--upgrade` adds to files of an earlier release what this one needs, and changes nothing else: a key
for second factors; and where the portal connects as the owner, that moves to `migrate.env`, and
`portal.env` gets the application's role. Cut off anywhere, it goes on when it is run again.
"""
# ruff: noqa: INP001 - a script that runs before anything is installed, not part of a package

import base64
import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).resolve().parent / "env"
OWNER, APPLICATION = "bulkhead", "bulkhead_app"
DATABASE_VARIABLE = "BULKHEAD_DATABASE_URL"
KEYS_VARIABLE = "BULKHEAD_SECOND_FACTOR_KEYS"
Variables = dict[str, str]


def contents(host: str) -> dict[str, Variables]:
    """The variables of each file, by its name."""
    owner, queue = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    portal, migrate = _roles(_url(OWNER, owner))
    return {
        "postgres.env": {
            "POSTGRES_USER": OWNER,
            "POSTGRES_DB": "bulkhead",
            "POSTGRES_PASSWORD": owner,
        },
        "redis.env": {"REDISCLI_AUTH": queue},
        "portal.env": {
            "BULKHEAD_SECRET_KEY": secrets.token_urlsafe(48),
            KEYS_VARIABLE: _key(),
            "BULKHEAD_HTTPS": "1",
            "BULKHEAD_TRUSTED_PROXIES": "1",
            "BULKHEAD_ALLOWED_HOSTS": host,
            "BULKHEAD_TRUSTED_ORIGINS": f"https://{host}",
            **portal,
            "BULKHEAD_REDIS_URL": f"redis://:{queue}@redis:6379/0",
        },
        "migrate.env": migrate,
        "worker.env": {
            "BULKHEAD_CREDENTIAL_KEYS": _key(),
        },
    }


def _url(role: str, password: str) -> str:
    return f"postgres://{role}:{password}@postgres:5432/bulkhead"


def _roles(owner_url: str) -> tuple[Variables, Variables]:
    """How the portal connects, and what the step that migrates needs besides."""
    password = secrets.token_urlsafe(24)
    portal = {DATABASE_VARIABLE: _url(APPLICATION, password)}
    return portal, {DATABASE_VARIABLE: owner_url, "BULKHEAD_APPLICATION_PASSWORD": password}


def write_new(host: str) -> int:
    """Write every file. The passwords in one must match those in another: all, or none."""
    files = contents(host)
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
    new = {KEYS_VARIABLE: _key(), **portal, **_own_role(portal[DATABASE_VARIABLE])}
    if new == portal:
        print(f"{path} lacks nothing")
        return 0
    lines = path.read_text().splitlines()
    kept = [line for line in lines if new.get(name := line.partition("=")[0]) == portal.get(name)]
    added = [f"{name}={value}" for name, value in new.items() if portal.get(name) != value]
    _write(path, [*kept, *added])
    return 0


def _own_role(url: str) -> Variables:
    """What the portal connects with instead of the owner's URL; nothing where it does not."""
    path = FOLDER / "migrate.env"
    if urlsplit(url).username == APPLICATION:
        return {}
    if not path.exists():
        _write(path, _lines(_roles(url)[1]))
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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 deploy/make_env.py HOST | --upgrade")
    sys.exit(upgrade() if sys.argv[1] == "--upgrade" else write_new(sys.argv[1]))
