"""deploy/upgrade.sh: what `.env` names is what the database is of, whatever fails on the way."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Writes down how it was called, and the release it was told. `psql` shows the file `applied`.
DOCKER = """#!/bin/sh
echo "$BULKHEAD_VERSION: $*" >> calls
case "$*" in
    *psql*) cat applied ;;
    *"run --rm migrate"*) [ -z "$APPLIES" ] || echo "$APPLIES" >> applied ;;
esac
case "$*" in *"$FAILS"*) [ -z "$STOPPED" ] || kill -INT $PPID; exit 1 ;; esac
"""


@dataclass(frozen=True)
class Installation:
    """A checkout with the script in it, and programs that only write down what was asked."""

    folder: Path

    def upgrade(
        self, *, fails: str = "nothing", applies: str = "", stopped: str = ""
    ) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'programs'}:{os.environ['PATH']}"
        return subprocess.run(
            [str(self.folder / "deploy/upgrade.sh"), "v2"],
            env={"PATH": path, "FAILS": fails, "APPLIES": applies, "STOPPED": stopped},
            capture_output=True,
            text=True,
            check=False,
        )

    def names(self, content: str) -> None:
        (self.folder / ".env").write_text(content)

    @property
    def named(self) -> str:
        return (self.folder / ".env").read_text()

    @property
    def calls(self) -> list[str]:
        """What was asked of compose, in its order, but for the looks at the database."""
        lines = (self.folder / "calls").read_text().splitlines()
        asked = [line.removeprefix("v2: compose ") for line in lines]
        return [line for line in asked if "psql" not in line]


@pytest.fixture
def there(tmp_path: Path) -> Installation:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "programs").mkdir()
    shutil.copy(ROOT / "deploy/upgrade.sh", tmp_path / "deploy")
    (tmp_path / "deploy/make_env.py").write_text("")
    (tmp_path / "programs/docker").write_text(DOCKER)
    (tmp_path / "programs/docker").chmod(0o755)
    (tmp_path / "applied").write_text("onboarding|0001_initial\n")
    one = Installation(tmp_path)
    one.names("COMPOSE_PROFILES=tls\nBULKHEAD_VERSION=v1\nOTHER=a b")
    return one


STEPS = ["build", "stop worker beat sweeper", "run --rm migrate", "up --detach --wait"]


def test_it_migrates_between_the_old_workers_and_the_new(there: Installation) -> None:
    assert there.upgrade(applies="0002").returncode == 0
    assert there.calls == STEPS


def test_the_release_is_named_in_its_own_line_alone(there: Installation) -> None:
    (there.folder / ".env").chmod(0o640)
    there.upgrade(applies="0002")
    assert there.named == "COMPOSE_PROFILES=tls\nOTHER=a b\nBULKHEAD_VERSION=v2\n"
    assert (there.folder / ".env").stat().st_mode & 0o777 == 0o640


def test_it_is_named_where_nothing_was_named_before(there: Installation) -> None:
    (there.folder / ".env").unlink()
    there.upgrade(applies="0002")
    assert there.named == "BULKHEAD_VERSION=v2\n"


def test_what_was_migrated_is_named_although_the_processes_do_not_come_up(
    there: Installation,
) -> None:
    answer = there.upgrade(fails="up --detach", applies="0002")
    assert answer.returncode == 1
    assert "BULKHEAD_VERSION=v2\n" in there.named
    assert "Mend it, then: docker compose up --detach --wait" in answer.stderr


def test_a_migration_of_which_nothing_is_left_lets_the_old_release_go_on(
    there: Installation,
) -> None:
    answer = there.upgrade(fails="run --rm migrate")
    assert answer.returncode == 1
    assert "BULKHEAD_VERSION=v1\n" in there.named
    assert there.calls == [*STEPS[:3], "start worker beat sweeper"]
    assert "the release before goes on" in answer.stderr


def test_half_of_its_migrations_are_the_new_releases(there: Installation) -> None:
    answer = there.upgrade(fails="run --rm migrate", applies="0002")
    assert answer.returncode == 1
    assert "BULKHEAD_VERSION=v2\n" in there.named
    assert there.calls == STEPS[:3]
    assert "run this again" in answer.stderr


def test_who_is_stopped_while_it_migrates_names_what_the_database_is_of(
    there: Installation,
) -> None:
    there.upgrade(fails="run --rm migrate", applies="0002", stopped="by Ctrl-C")
    assert "BULKHEAD_VERSION=v2\n" in there.named


@pytest.mark.parametrize("fails", ["build", "psql", "stop"])
def test_before_it_migrates_nothing_is_named(there: Installation, fails: str) -> None:
    assert there.upgrade(fails=fails).returncode == 1
    assert "BULKHEAD_VERSION=v1\n" in there.named
    assert "run --rm migrate" not in there.calls
