"""Write the environment files of docker-compose.yml, with fresh secrets, into `deploy/env/`.

    python3 deploy/make_env.py portal.example.org

Files that exist are left as they are: their secrets are in use. Only the standard library is
needed. `worker.env` opens stored cluster credentials; the web process is not given it.
"""
# ruff: noqa: INP001 - a script that runs before anything is installed, not part of a package

import base64
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "env"


def contents(host: str) -> dict[str, dict[str, str]]:
    """The variables of each file, by its name."""
    database, queue = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    return {
        "postgres.env": {
            "POSTGRES_USER": "bulkhead",
            "POSTGRES_DB": "bulkhead",
            "POSTGRES_PASSWORD": database,
        },
        "redis.env": {"REDISCLI_AUTH": queue},
        "portal.env": {
            "BULKHEAD_SECRET_KEY": secrets.token_urlsafe(48),
            "BULKHEAD_SECOND_FACTOR_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "BULKHEAD_HTTPS": "1",
            "BULKHEAD_TRUSTED_PROXIES": "1",
            "BULKHEAD_ALLOWED_HOSTS": host,
            "BULKHEAD_TRUSTED_ORIGINS": f"https://{host}",
            "BULKHEAD_DATABASE_URL": f"postgres://bulkhead:{database}@postgres:5432/bulkhead",
            "BULKHEAD_REDIS_URL": f"redis://:{queue}@redis:6379/0",
        },
        "worker.env": {
            "BULKHEAD_CREDENTIAL_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        },
    }


def main(host: str) -> int:
    files = contents(host)
    existing = [name for name in files if (FOLDER / name).exists()]
    if existing:
        # The passwords in one file must match those in another: all are written, or none.
        print(f"{FOLDER} already holds {', '.join(existing)}; nothing was written")
        return 1
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    for name, variables in files.items():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(FOLDER / name, flags, 0o600), "w") as file:
            file.writelines(f"{key}={value}\n" for key, value in variables.items())
        print(f"wrote {FOLDER / name}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 deploy/make_env.py HOST")
    sys.exit(main(sys.argv[1]))
