"""What each container's process may do, as the kernel says it, and what it was told."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devtools.compose.engine import Engine
from devtools.compose.project import Container

ACCOUNTS = {
    "postgres": "999",
    "redis": "999",
    "web": "10001",
    "worker": "10001",
    "beat": "10001",
    "sweeper": "10001",
    "proxy": "0",
}
NET_BIND_SERVICE = 1 << 10
CAPABILITIES = {"proxy": NET_BIND_SERVICE}
KEY = "BULKHEAD_CREDENTIAL_KEYS"
SHORTEST_SECRET = 20


@dataclass(frozen=True)
class Confinement:
    """Breaches of what docker-compose.yml promises, each as a sentence."""

    engine: Engine

    def breaches(self, containers: dict[str, Container], secrets: set[str]) -> list[str]:
        found = [words for name, one in containers.items() for words in self._of(name, one)]
        return [*found, *self._shown(secrets)]

    def main_process(self, container: Container) -> int:
        """The container's own program, the child of its init."""
        said = self._see("pgrep", "--parent", str(container.pid))
        return int(said.split()[0])

    def kill(self, container: Container) -> None:
        """As a crash would: the engine was not asked, and starts it again."""
        self._see("kill", "-9", str(self.main_process(container)))

    def _of(self, name: str, container: Container) -> Iterator[str]:
        if name not in ACCOUNTS:
            return
        pid = self.main_process(container)
        status = dict(
            re.findall(r"^(\w+):\s*(.*)$", self._see("cat", f"/proc/{pid}/status"), re.MULTILINE)
        )
        wanted = {"CapEff": CAPABILITIES.get(name, 0), "CapBnd": CAPABILITIES.get(name, 0)}
        if status["Uid"].split() != [ACCOUNTS[name]] * 4:
            yield f"{name} runs as {status['Uid']}"
        for part, value in wanted.items():
            if int(status[part], 16) & ~value:
                yield f"{name} has {part} {status[part]}"
        if (status["NoNewPrivs"], status["Seccomp"]) != ("1", "2"):
            yield f"{name}: NoNewPrivs {status['NoNewPrivs']}, Seccomp {status['Seccomp']}"
        mounts = [line.split() for line in self._see("cat", f"/proc/{pid}/mounts").splitlines()]
        if not any(one[1] == "/" and "ro" in one[3].split(",") for one in mounts):
            yield f"{name} can write to its root file system"
        if name in {"web", "proxy"} and KEY in self._see("cat", f"/proc/{pid}/environ"):
            yield f"{name} was given {KEY}"

    def _shown(self, secrets: set[str]) -> Iterator[str]:
        """Secrets that anybody on the machine reads in the list of processes."""
        lines = self._see("sh", "-c", "cat /proc/[0-9]*/cmdline 2> /dev/null || true")
        for secret in secrets:
            if secret in lines:
                yield f"a command line shows a secret: {secret[:3]}…"

    def _see(self, *command: str) -> str:
        asked = self.engine.inside(*command)
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def secrets_in(folder: Path) -> set[str]:
    """Every secret of the environment files, passwords in addresses included."""
    lines = [line for path in folder.glob("*.env") for line in path.read_text().splitlines()]
    values = {line.partition("=")[2] for line in lines}
    passwords = {urlsplit(value).password or "" for value in values if "://" in value}
    public = {value for value in values if value.startswith(("http://", "https://"))}
    return {one for one in (values | passwords) - public if len(one) >= SHORTEST_SECRET}
