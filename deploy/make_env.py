"""Write the environment files of docker-compose.yml, with fresh secrets, into `deploy/env/`.

    python3 deploy/make_env.py portal.example.org
    python3 deploy/make_env.py --second-role

Files that exist are left as they are: their secrets are in use. Only the standard library is
needed. `worker.env` opens stored cluster credentials; the web process is not given it.
`migrate.env` is the owner of the database; only the step that migrates is given it.

`--second-role` is for files of a release that knew one role only: what `portal.env` connects with
moves to `migrate.env`, and `portal.env` gets the application's role.
"""
# ruff: noqa: INP001 - a script that runs before anything is installed, not part of a package

import base64
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "env"
OWNER, APPLICATION = "bulkhead", "bulkhead_app"
DATABASE_VARIABLE = "BULKHEAD_DATABASE_URL"
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
            "BULKHEAD_SECOND_FACTOR_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "BULKHEAD_HTTPS": "1",
            "BULKHEAD_TRUSTED_PROXIES": "1",
            "BULKHEAD_ALLOWED_HOSTS": host,
            "BULKHEAD_TRUSTED_ORIGINS": f"https://{host}",
            **portal,
            "BULKHEAD_REDIS_URL": f"redis://:{queue}@redis:6379/0",
        },
        "migrate.env": migrate,
        "worker.env": {
            "BULKHEAD_CREDENTIAL_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
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
        _write(FOLDER / name, variables)
    return 0


def add_second_role() -> int:
    """Let files of a release with one role have two; all else in them stays."""
    path = FOLDER / "portal.env"
    if not path.exists() or (FOLDER / "migrate.env").exists():
        print(f"{FOLDER} holds no portal.env, or a migrate.env already; nothing was written")
        return 1
    lines = path.read_text().splitlines(keepends=True)
    [old] = [line for line in lines if line.startswith(f"{DATABASE_VARIABLE}=")]
    portal, migrate = _roles(old.strip().partition("=")[2])
    _write(FOLDER / "migrate.env", migrate)
    new = f"{DATABASE_VARIABLE}={portal[DATABASE_VARIABLE]}\n"
    path.write_text("".join(new if line == old else line for line in lines))
    print(f"{path} connects as {APPLICATION} now")
    return 0


def _write(path: Path, variables: Variables) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.writelines(f"{key}={value}\n" for key, value in variables.items())
    print(f"wrote {path}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 deploy/make_env.py HOST | --second-role")
    sys.exit(add_second_role() if sys.argv[1] == "--second-role" else write_new(sys.argv[1]))
