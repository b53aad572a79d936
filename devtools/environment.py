"""What each process is told through its environment, and the secrets made once per state folder.

The key that opens stored cluster credentials lies in a file of its own and is given only to
processes that touch a cluster. The web process never has it.
"""

import base64
import os
import secrets
from dataclasses import dataclass

from devtools.places import ROOT, State

WITHOUT_CLUSTER_KEY = frozenset({"web"})
KEY_VARIABLE = "BULKHEAD_CREDENTIAL_KEYS"
# What opens a cluster is handed on to nobody: workers use the credential the portal stores.
OPENS_A_CLUSTER = frozenset({KEY_VARIABLE, "BULKHEAD_KUBECONFIG", "KUBECONFIG"})


@dataclass(frozen=True)
class Environment:
    """The environments of one running portal. `shared` holds no cluster key."""

    shared: dict[str, str]
    worker_only: dict[str, str]

    @property
    def worker(self) -> dict[str, str]:
        return self.shared | self.worker_only

    def of(self, process: str) -> dict[str, str]:
        """The environment of a process of the Procfile, by its name there."""
        return self.shared if process in WITHOUT_CLUSTER_KEY else self.worker


def portal_environment(state: State, *, redis_url: str, port: int) -> Environment:
    """The environments for a portal in `state`, on top of the caller's own."""
    inherited = {name: value for name, value in os.environ.items() if name not in OPENS_A_CLUSTER}
    own = {
        "BULKHEAD_DEMO": "1",
        "BULKHEAD_STATE_DIR": str(state.folder),
        "BULKHEAD_DATABASE_URL": f"sqlite:///{state.database}",
        "BULKHEAD_REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "BULKHEAD_BASE_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    fresh = {
        "BULKHEAD_SECRET_KEY": secrets.token_urlsafe(48),
        "BULKHEAD_SECOND_FACTOR_KEYS": _new_key(),
    }
    common = _kept_secrets(state, "secrets.env", fresh)
    worker = _kept_secrets(state, "worker.env", {KEY_VARIABLE: _new_key()})
    return Environment(inherited | own | common, worker)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _kept_secrets(state: State, name: str, fresh: dict[str, str]) -> dict[str, str]:
    """KEY=value lines of a file only its owner can read, written with `fresh` the first time."""
    path = state.folder / name
    if not path.exists():
        lines = "".join(f"{key}={value}\n" for key, value in fresh.items())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(lines)
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line)
    return {key: value for key, _, value in pairs}
