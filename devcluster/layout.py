"""Where everything lies in a control plane's state folder, and what is written down about it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from devcluster.certificates import write_private
from devcluster.processes import is_running


@dataclass(frozen=True)
class Layout:
    """The paths below one state folder (mode 0700)."""

    folder: Path

    @property
    def record(self) -> Path:
        return self.folder / "control-plane.json"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def admin_kubeconfig(self) -> Path:
        return self.folder / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def etcd_data(self) -> Path:
        return self.folder / "etcd"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def etcd_pki(self) -> Path:
        """Of an authority of its own: who may ask the API server something may not ask etcd."""
        return self.pki / "etcd"

    @property
    def kubeconfigs(self) -> Path:
        return self.folder / "kubeconfigs"

    @property
    def ca_file(self) -> Path:
        return self.pki / "ca.crt"

    def log(self, program: str) -> Path:
        return self.folder / "logs" / f"{program}.log"

    def create(self) -> None:
        """Make the folders. Parents that are missing are made with the user's own mode."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for folder in (
            self.pki,
            self.etcd_pki,
            self.kubeconfigs,
            self.etcd_data,
            self.folder / "logs",
        ):
            folder.mkdir(mode=0o700, exist_ok=True)


@dataclass(frozen=True)
class Ports:
    api_server: int
    etcd_client: int
    etcd_peer: int


@dataclass(frozen=True)
class Record:
    """What the owner writes down for others. `pids` is by program; empty when stopped."""

    ports: Ports
    owner: int
    pids: dict[str, int]

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports.api_server}"

    def is_running(self) -> bool:
        """Whether the owner and all that it started are alive."""
        return bool(self.pids) and all(map(is_running, [self.owner, *self.pids.values()]))

    def write(self, layout: Layout) -> None:
        content = asdict(self) | {
            "server": self.server,
            "kubeconfig": str(layout.admin_kubeconfig),
            "audit_log": str(layout.audit_log),
        }
        write_private(layout.record, json.dumps(content, indent=2).encode())

    @classmethod
    def read(cls, layout: Layout) -> "Record | None":
        """The record of the last start, or None for a folder that never held one."""
        if not layout.record.exists():
            return None
        content = json.loads(layout.record.read_bytes())
        return cls(Ports(**content["ports"]), content["owner"], content["pids"])
