"""What watches an installation is told, and who reaches whom: as promised, or a sentence each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools.compose.browser import Browser
from devtools.compose.project import Project
from devtools.compose.relay import ADDRESS, PORT

# From whom, where to, and whether it is reached: what docker-compose.yml says of its networks.
REACHED = (
    ("web", "postgres", 5432, True),
    ("web", "redis", 6379, True),
    ("web", ADDRESS, PORT, True),  # it lacks a key there, not a way
    ("worker", ADDRESS, PORT, True),
    ("sweeper", ADDRESS, PORT, True),
    ("sweeper", "redis", 6379, False),
    ("beat", "redis", 6379, True),
    ("beat", "postgres", 5432, False),
    ("beat", ADDRESS, PORT, False),
)
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
FULLEST = 75.0  # per cent of what the compose file gives a process
SAMPLE = re.compile(r'^bulkhead_wrong\{[^}]*what="([a-z-]+)"[^}]*\} ([0-9.]+)$', re.MULTILINE)


def wrong_ways(project: Project) -> Iterator[str]:
    """Say who reaches what it should not, or does not reach what it needs."""
    for name, host, port, is_reached in REACHED:
        ask = ("docker", "compose", "exec", "-T", name, "python", "-c", CONNECT, host, str(port))
        if (project.tried(*ask).returncode == 0) != is_reached:
            yield f"{name} {'does not reach' if is_reached else 'reaches'} {host}:{port}"


def too_full(project: Project) -> Iterator[str]:
    """Say who uses nearly all of the memory that it may have."""
    for name, share in memory(project).items():
        if share > FULLEST:
            yield f"{name} uses {share:.0f} % of its memory"


def memory(project: Project) -> dict[str, float]:
    """How much of what it may have each container uses, in per cent."""
    shown = project.run("docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemPerc}}")
    lines = (line.split() for line in shown.splitlines())
    return {name: float(share.rstrip("%")) for name, share in lines}


@dataclass(frozen=True)
class Scraper:
    """Prometheus, as far as it matters here: it brings the token of web.env."""

    browser: Browser
    token: str

    @classmethod
    def of(cls, browser: Browser, folder: Path) -> "Scraper":
        """Take the token from the environment files in a folder."""
        return cls(browser, (folder / "web.env").read_text().strip().partition("=")[2])

    def is_guarded(self) -> bool:
        """Whether nobody is told anything without the token."""
        return self.browser.get("/metrics").status == 401

    def wrongs(self) -> set[str]:
        """What is wrong with the whole, by the names that alerts have; or that it is not told."""
        page = self.browser.get("/metrics", Authorization=f"Bearer {self.token}")
        if page.status != 200 or "\nbulkhead_database_answers 1" not in page.body:
            return {f"/metrics answers {page.status}: {page.body[:300]}"}
        return {what for what, many in SAMPLE.findall(page.body) if float(many)}
