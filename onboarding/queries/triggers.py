"""The triggers that the database must have, and which of them it lacks.

What must be there is what migrations made: those below are run once more, only to be written down.
A database may lack some although it counts as migrated: an early commit made it, or it was restored
without them, or its owner dropped one.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

# From here on a database has them all, whichever commit made it.
REPAIRED_BY = "0027_repair"
# Each migration that makes triggers, and its function that does. A new one needs its line.
MAKERS = {
    "0002_guards": "guard",
    "0008_people": "guard",
    "0014_verified_addresses": "compare_verified_addresses",
    "0016_whole_subject": "close",
    "0018_approval_keys": "guard",
    "0019_final_rows": "guard",
    "0031_reason": "guard",
    "0032_decision_pictures": "guard",
}
_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) .*? ON (\w+)")
_CALLS = re.compile(r"EXECUTE FUNCTION (\w+)\(\)")
_FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(\)")
_DROPPED = re.compile(r"DROP TRIGGER (?:IF EXISTS )?(\w+)")
_ON_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
# What a trigger reads is the table of that name in its own schema, never a temporary one.
_ON_POSTGRESQL = """
SELECT tgname, pg_get_triggerdef(one.oid, true), prosrc, tgenabled IN ('O', 'A'),
    coalesce(format('search_path=%I, pg_temp', current_schema()) = ANY (proconfig), false)
FROM pg_trigger AS one JOIN pg_proc AS called ON called.oid = tgfoid
JOIN pg_class AS its ON its.oid = tgrelid
WHERE NOT tgisinternal AND its.relnamespace = current_schema()::text::regnamespace
"""


@dataclass(frozen=True)
class DatabaseTrigger:
    """A trigger as migrations make it: its statement and, on PostgreSQL, that of what it calls."""

    name: str
    table: str
    statement: str
    function: str = ""


class Lack(StrEnum):
    """Why a trigger that must be there does not do its work."""

    MISSING = "is missing"
    OFF = "is switched off"
    CHANGED = "is not as migrations make it"


@dataclass(frozen=True)
class LackingTrigger:
    """One that does not do its work, and why."""

    trigger: DatabaseTrigger
    lack: Lack

    def __str__(self) -> str:
        return f"trigger {self.trigger.name} on {self.trigger.table} {self.lack}"


def lacking_triggers(database: BaseDatabaseWrapper) -> list[LackingTrigger]:
    """Return the triggers that must be there and do not work; [] until it is migrated that far.

    Two queries, of catalogs and `django_migrations`: the application's role may read both.
    """
    applied = _applied(database)
    return _compare(database, applied) if REPAIRED_BY in applied else []


def triggers_to_make(database: BaseDatabaseWrapper) -> list[LackingTrigger]:
    """Return what does not work of the triggers of the migrations that are applied by now."""
    return _compare(database, _applied(database))


def required_triggers(vendor: str, migrations: list[str]) -> list[DatabaseTrigger]:
    """Return the triggers that these migrations make on a kind of database, in their order."""
    pad = _WritingPad(vendor)
    for name in migrations:
        make = getattr(import_module(f"onboarding.migrations.{name}"), MAKERS[name])
        make(None, pad)
    functions: dict[str, str] = {}
    triggers: dict[str, DatabaseTrigger] = {}
    for text in pad.statements:
        if found := _FUNCTION.match(text):
            functions[found[1]] = text
        elif found := _DROPPED.match(text):
            triggers.pop(found[1], None)
        elif found := _TRIGGER.match(text):
            call = _CALLS.search(text)
            function = functions[call[1]] if call else ""
            triggers[found[1]] = DatabaseTrigger(found[1], found[2], text, function)
    return [*triggers.values()]


class _WritingPad:
    """Stands in for a schema editor, its connection and its cursor: nothing is executed."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self.connection = self
        self.statements: list[str] = []

    @contextmanager
    def cursor(self) -> Iterator["_WritingPad"]:
        yield self

    def execute(self, statement: str) -> None:
        self.statements.append(statement)


def _compare(database: BaseDatabaseWrapper, applied: set[str]) -> list[LackingTrigger]:
    wanted = required_triggers(database.vendor, [name for name in MAKERS if name in applied])
    find = {"sqlite": _found_on_sqlite, "postgresql": _found_on_postgresql}[database.vendor]
    judge = find(database)
    judged = [(trigger, judge(trigger)) for trigger in wanted]
    return [LackingTrigger(trigger, lack) for trigger, lack in judged if lack]


def _applied(database: BaseDatabaseWrapper) -> set[str]:
    known = MigrationRecorder(database).applied_migrations()
    return {name for app, name in known if app == "onboarding"}


def _found_on_sqlite(database: BaseDatabaseWrapper) -> Callable[[DatabaseTrigger], Lack | None]:
    with database.cursor() as cursor:
        cursor.execute(_ON_SQLITE)
        found = dict(cursor.fetchall())

    def judge(trigger: DatabaseTrigger) -> Lack | None:
        if trigger.name not in found:
            return Lack.MISSING
        return None if found[trigger.name] == trigger.statement else Lack.CHANGED

    return judge


def _found_on_postgresql(
    database: BaseDatabaseWrapper,
) -> Callable[[DatabaseTrigger], Lack | None]:
    with database.cursor() as cursor:
        cursor.execute(_ON_POSTGRESQL)
        found = {name: rest for name, *rest in cursor.fetchall()}

    def judge(trigger: DatabaseTrigger) -> Lack | None:
        if trigger.name not in found:
            return Lack.MISSING
        statement, source, is_on, is_confined = found[trigger.name]
        if not is_on:
            return Lack.OFF
        is_same = _words(statement) == _words(trigger.statement) and is_confined
        return None if is_same and f"$${source}$$" in trigger.function else Lack.CHANGED

    return judge


def _words(statement: str) -> list[str]:
    """Return the words of a statement in an order of their own: the server has its own order."""
    return sorted(statement.split())
