"""What a database must hold is read off its migrations: of a trigger the newest word counts."""

import sys
from types import ModuleType
from typing import Any

import pytest

from onboarding.queries.triggers import MAKERS, DatabaseTrigger, required_triggers

ON_EVENTS = "CREATE TRIGGER {} BEFORE {} ON onboarding_event {}"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A migration to come that makes one trigger otherwise, and takes another away."""
    module = ModuleType("later")

    def guard(_apps: Any, schema_editor: Any) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER onboarding_event_no_update")
            cursor.execute("DROP TRIGGER IF EXISTS onboarding_event_no_delete")
            cursor.execute(ON_EVENTS.format("onboarding_event_no_delete", "DELETE", "WHEN 1 = 1"))

    module.guard = guard  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onboarding.migrations.0099_later", module)
    monkeypatch.setitem(MAKERS, "0099_later", "guard")
    return module


def by_name(vendor: str, *migrations: str) -> dict[str, DatabaseTrigger]:
    return {one.name: one for one in required_triggers(vendor, [*migrations])}


def test_a_trigger_that_a_later_migration_dropped_is_not_asked_for(later: ModuleType) -> None:
    before = by_name("sqlite", "0002_guards")
    after = by_name("sqlite", "0002_guards", "0099_later")
    assert before.keys() - after.keys() == {"onboarding_event_no_update"}
    assert after["onboarding_event_no_delete"].statement.endswith("WHEN 1 = 1")


def test_only_migrations_that_are_applied_ask_for_anything() -> None:
    assert by_name("sqlite") == {}
    assert "request_is_closed" not in by_name("postgresql", "0002_guards")


def test_on_postgresql_a_trigger_brings_what_it_calls() -> None:
    trigger = by_name("postgresql", "0002_guards")["onboarding_event_append_only"]
    assert trigger.table == "onboarding_event"
    assert trigger.function.startswith("CREATE FUNCTION bulkhead_append_only() RETURNS trigger")
