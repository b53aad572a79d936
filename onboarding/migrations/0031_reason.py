"""The reason for a request, kept beside its purpose; what is sent keeps the reason it was sent with.

A column that may be empty and has no default: SQLite would rebuild the table for any other and
forget its triggers. Rows of earlier releases have none, and their digests do not cover one.
"""

from django.db import migrations, models

REQUEST = "onboarding_request"
NAME = "request_keeps_its_reason"
CONDITION = "OLD.state NOT IN ('draft', 'returned') AND NEW.why IS DISTINCT FROM OLD.why"
WORDS = "the reason of a request changes in a draft or a returned one only"


def _sqlite(cursor):
    condition = CONDITION.replace("IS DISTINCT FROM", "IS NOT")
    cursor.execute(
        f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {REQUEST} "
        f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    )


def _postgresql(cursor):
    cursor.execute(
        f"CREATE FUNCTION bulkhead_{NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {CONDITION} THEN RAISE EXCEPTION '{WORDS}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    cursor.execute(
        f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {REQUEST} "
        f"FOR EACH ROW EXECUTE FUNCTION bulkhead_{NAME}()"
    )
    cursor.execute(
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION "
        f"bulkhead_{NAME}() SET search_path = %I, pg_temp', current_schema()); END $$"
    )


def guard(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0030_help_contacts")]
    operations = [
        migrations.AddField("request", "why", models.TextField(null=True)),
        migrations.RunPython(guard, migrations.RunPython.noop, elidable=False),
    ]
