"""Databases that were made by early commits get what the migrations of these lacked.

0002_guards, 0003_observations and 0019_final_rows were edited after some databases had applied
them: an event or a revision could be replaced on SQLite, an observation had no uid, and functions
of PostgreSQL looked for tables in temporary schemas first. On any other database nothing is done.

What must be there is what the migrations before this one made: their functions are run once more,
only to be written down. `manage.py restore_triggers` does the same for the triggers of later ones
too, by code of its own that may change; this may not.
"""

import re
from contextlib import contextmanager
from importlib import import_module
from typing import NamedTuple

from django.db import migrations

MAKERS = {
    "0002_guards": "guard",
    "0008_people": "guard",
    "0014_verified_addresses": "compare_verified_addresses",
    "0016_whole_subject": "close",
    "0018_approval_keys": "guard",
    "0019_final_rows": "guard",
}
TRIGGER = re.compile(r"CREATE TRIGGER (\w+) .*? ON (\w+)")
CALLS = re.compile(r"EXECUTE FUNCTION (\w+)\(\)")
FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(\)")
DROPPED = re.compile(r"DROP TRIGGER (?:IF EXISTS )?(\w+)")
ON_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
ON_POSTGRESQL = """
SELECT tgname, pg_get_triggerdef(one.oid, true), prosrc, tgenabled IN ('O', 'A'),
    coalesce(format('search_path=%I, pg_temp', current_schema()) = ANY (proconfig), false)
FROM pg_trigger AS one JOIN pg_proc AS called ON called.oid = tgfoid
JOIN pg_class AS its ON its.oid = tgrelid
WHERE NOT tgisinternal AND its.relnamespace = current_schema()::text::regnamespace
"""


class Trigger(NamedTuple):
    name: str
    table: str
    statement: str
    function: str


class WritingPad:
    """Stands in for a schema editor, its connection and its cursor: nothing is executed."""

    def __init__(self, vendor):
        self.vendor = vendor
        self.connection = self
        self.statements = []

    @contextmanager
    def cursor(self):
        yield self

    def execute(self, statement):
        self.statements.append(statement)


def required_triggers(vendor):
    pad = WritingPad(vendor)
    for name, maker in MAKERS.items():
        getattr(import_module(f"onboarding.migrations.{name}"), maker)(None, pad)
    functions, triggers = {}, {}
    for text in pad.statements:
        if found := FUNCTION.match(text):
            functions[found[1]] = text
        elif found := DROPPED.match(text):
            triggers.pop(found[1], None)
        elif found := TRIGGER.match(text):
            call = CALLS.search(text)
            function = functions[call[1]] if call else ""
            triggers[found[1]] = Trigger(found[1], found[2], text, function)
    return list(triggers.values())


def is_there_on_sqlite(cursor):
    cursor.execute(ON_SQLITE)
    found = dict(cursor.fetchall())
    return lambda trigger: found.get(trigger.name) == trigger.statement


def make_on_sqlite(cursor, trigger):
    cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}")
    cursor.execute(trigger.statement)


def is_there_on_postgresql(cursor):
    cursor.execute(ON_POSTGRESQL)
    found = {name: rest for name, *rest in cursor.fetchall()}

    def judge(trigger):
        """The server has an order of its own for the words of a statement."""
        if trigger.name not in found:
            return False
        statement, source, is_on, is_confined = found[trigger.name]
        is_same = sorted(statement.split()) == sorted(trigger.statement.split())
        return is_on and is_confined and is_same and f"$${source}$$" in trigger.function

    return judge


def make_on_postgresql(cursor, trigger):
    """Make what the trigger calls as well, confined to its schema as 0019_final_rows does it."""
    cursor.execute(trigger.function.replace("CREATE", "CREATE OR REPLACE", 1))
    cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name} ON {trigger.table}")
    cursor.execute(trigger.statement)
    cursor.execute(
        "SELECT format('ALTER FUNCTION %%s SET search_path = %%I, pg_temp', "
        "tgfoid::regprocedure, current_schema()) FROM pg_trigger "
        "WHERE tgname = %s AND tgrelid = to_regclass(%s)",
        [trigger.name, trigger.table],
    )
    for confine in cursor.fetchone() or ():
        cursor.execute(confine)


DATABASES = {
    "sqlite": (is_there_on_sqlite, make_on_sqlite),
    "postgresql": (is_there_on_postgresql, make_on_postgresql),
}


def make_triggers(_apps, schema_editor):
    """Nothing is made anew where all is there: each costs a lock on its table."""
    database = schema_editor.connection
    look, make = DATABASES[database.vendor]
    with database.cursor() as cursor:
        is_there = look(cursor)
        for trigger in required_triggers(database.vendor):
            if not is_there(trigger):
                make(cursor, trigger)


def add_uid(apps, schema_editor):
    """No trigger reads or is on this table, so that SQLite may rebuild it."""
    seen = apps.get_model("onboarding", "NamespaceObservation")
    database = schema_editor.connection
    with database.cursor() as cursor:
        columns = database.introspection.get_table_description(cursor, seen._meta.db_table)
    if "uid" not in {column.name for column in columns}:
        schema_editor.add_field(seen, seen._meta.get_field("uid"))


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0026_write_probe")]
    operations = [
        migrations.RunPython(add_uid, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(make_triggers, migrations.RunPython.noop, elidable=False),
    ]
