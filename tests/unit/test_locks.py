"""The lock files say what is installed, by hash, and from nowhere in particular."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNTIME, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
LOCKS = [
    RUNTIME,
    DEVELOPMENT,
    ROOT / "bench" / "peers.lock",
    ROOT / "devcluster" / "go-toolchain.lock",
]
# A requirement starts at the margin; what belongs to it is indented.
REQUIREMENT = re.compile(r"^([a-z0-9][^\s=]*)==(\S+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    return dict(REQUIREMENT.findall(lock.read_text()))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_no_addresses(lock: Path) -> None:
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_of_a_lock_has_a_version_and_a_hash(lock: Path) -> None:
    requirements = re.split(r"\n(?=\S)", lock.read_text().strip())
    incomplete = [
        text.split()[0]
        for text in requirements
        if not (REQUIREMENT.match(text) and "--hash=sha256:" in text)
    ]
    assert incomplete == []


def test_development_runs_the_versions_that_production_runs() -> None:
    assert pins(RUNTIME).items() <= pins(DEVELOPMENT).items()


def test_every_dependency_of_the_project_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    declared = re.findall(
        r'"([a-z0-9-]+)(?:\[[^]]*\])?(?:==([^"]+))?"', project.split("[tool", 1)[0]
    )
    locked = {name.split("[")[0]: version for name, version in pins(DEVELOPMENT).items()}
    wrong = [name for name, version in declared if version and locked.get(name) != version]
    assert wrong == []
