"""What the page showed when a decision was taken, kept with the decision and never changed.

The trigger of a new row reads onboarding_decision and onboarding_request. SQLite refuses to rebuild
a table that a trigger reads: a migration that has to must drop it and make it again.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "onboarding_decisionpicture"
WORDS = {
    "appended": f"{TABLE} is append-only",
    "pending": "a picture is kept as its request is decided",
}
NOT_AS_IT_IS_DECIDED = (
    "NOT EXISTS (SELECT 1 FROM onboarding_decision AS said JOIN onboarding_request AS asked "
    "ON asked.id = said.request_id WHERE said.id = NEW.decision_id "
    "AND said.voided_at IS NULL AND asked.state = 'pending')"
)


def _sqlite(cursor):
    for verb in ("UPDATE", "DELETE"):
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{WORDS['appended']}'); END"
        )
    # INSERT OR REPLACE deletes without firing a delete trigger.
    cursor.execute(
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR decision_id = NEW.decision_id) "
        f"BEGIN SELECT RAISE(ABORT, '{WORDS['appended']}'); END"
    )
    cursor.execute(
        f"CREATE TRIGGER picture_as_it_is_decided BEFORE INSERT ON {TABLE} "
        f"WHEN {NOT_AS_IT_IS_DECIDED} BEGIN SELECT RAISE(ABORT, '{WORDS['pending']}'); END"
    )


def _postgresql(cursor):
    for verb, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = "append_only" if each == "ROW" else "no_truncate"
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_{name} BEFORE {verb} ON {TABLE} "
            f"FOR EACH {each} EXECUTE FUNCTION bulkhead_append_only()"
        )
    cursor.execute(
        "CREATE FUNCTION bulkhead_picture_as_it_is_decided() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN IF {NOT_AS_IT_IS_DECIDED} THEN RAISE EXCEPTION '{WORDS['pending']}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    cursor.execute(
        f"CREATE TRIGGER picture_as_it_is_decided BEFORE INSERT ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION bulkhead_picture_as_it_is_decided()"
    )
    # What the trigger reads is the table of that name here, never a temporary one.
    cursor.execute(
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION bulkhead_picture_as_it_is_decided() "
        "SET search_path = %I, pg_temp', current_schema()); END $$"
    )


def guard(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0031_reason")]

    operations = [
        migrations.CreateModel(
            name="DecisionPicture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="picture",
                        to="onboarding.decision",
                    ),
                ),
                ("shown", models.JSONField()),
            ],
            options={
                "verbose_name": "picture of a decision",
                "verbose_name_plural": "pictures of decisions",
            },
        ),
        migrations.RunPython(guard, migrations.RunPython.noop, elidable=False),
    ]
