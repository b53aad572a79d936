"""Where things lie in a checkout."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PROGRAMS = ENVIRONMENT / "bin"
PYTHON = PROGRAMS / "python"
# Holds everything of requirements.lock too, in the same versions.
LOCK = ROOT / "requirements-dev.lock"


@dataclass(frozen=True)
class State:
    """A private folder (mode 0700) with everything a running portal writes."""

    folder: Path

    def create(self) -> "State":
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for folder in (self.logs, self.static):
            folder.mkdir(mode=0o700, exist_ok=True)
        return self

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def static(self) -> Path:
        """Empty here: files are served from the checkout. The server warns if it is missing."""
        return self.folder / "static"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"


VAR = State(ROOT / "var")
