"""A migration that was noted stays as it is; a new one is noted once."""

from pathlib import Path

import pytest

from devtools import migrations
from devtools.migrations import FOLDER, SUMS, check, note, note_new


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "0001_initial.py").write_text("made = 1\n")
    (tmp_path / "__init__.py").touch()
    note(tmp_path)
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    return tmp_path


def test_every_migration_is_as_it_was_noted() -> None:
    assert [*check(FOLDER)] == []


def test_a_noted_migration_that_was_edited_is_named(folder: Path) -> None:
    assert [*check(folder)] == []
    (folder / "0001_initial.py").write_text("made = 2\n")
    [complaint] = check(folder)
    assert "0001_initial.py was changed; a migration is not edited once it is noted" in complaint


def test_a_noted_migration_that_is_gone_is_named(folder: Path) -> None:
    (folder / "0001_initial.py").rename(folder / "0001_first.py")
    gone, new = check(folder)
    assert "0001_initial.py is gone" in gone
    assert "0001_first.py is not noted" in new


def test_a_new_migration_fails_until_it_is_noted(folder: Path) -> None:
    (folder / "0002_more.py").write_text("more = 1\n")
    [complaint] = check(folder)
    assert "0002_more.py is not noted: ./dev note-migrations" in complaint
    assert note_new() == 0
    assert [*check(folder)] == []


def test_what_was_noted_is_not_noted_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / SUMS).read_text()
    (folder / "0001_initial.py").write_text("made = 2\n")
    assert note_new() == 1
    assert "0001_initial.py was changed" in capsys.readouterr().out
    note(folder)
    assert (folder / SUMS).read_text() == before


@pytest.mark.parametrize(
    "line",
    [
        "from onboarding.services.sealed_seeds import seal_all",
        "import onboarding.queries.triggers",
        "def do(apps, editor):\n    from onboarding.plan import render",
        "from portal import settings",
        "from . import beside",
    ],
)
def test_a_migration_calls_nothing_that_may_change(folder: Path, line: str) -> None:
    (folder / "0002_more.py").write_text(f"{line}\n")
    note(folder)
    [complaint] = check(folder)
    assert "0002_more.py imports" in complaint
    assert "which may change: what a migration does stands in it" in complaint


def test_what_django_writes_into_a_migration_is_no_call(folder: Path) -> None:
    (folder / "0002_more.py").write_text(
        "import onboarding.models.identifiers\nfrom onboarding.domain import lifecycle\n"
        "from django.db import migrations\n"
    )
    note(folder)
    assert [*check(folder)] == []
