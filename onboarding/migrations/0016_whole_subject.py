"""Digests are of everything an approver reads; what was approved before is named once and for all.

The rows are written here and never again: triggers refuse every other, on both databases.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "onboarding_earlierapproval"


def name_earlier_approvals(_apps, schema_editor):
    schema_editor.execute(
        f"INSERT INTO {TABLE} (request_id) SELECT id FROM onboarding_request WHERE state = 'approved'"
    )


def _sqlite(cursor):
    for verb in ("INSERT", "UPDATE", "DELETE"):
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{TABLE} is closed'); END"
        )


def _postgresql(cursor):
    cursor.execute(
        "CREATE FUNCTION bulkhead_closed() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is closed', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for when, each in (("INSERT OR UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_closed_{each.lower()} BEFORE {when} ON {TABLE} "
            f"FOR EACH {each} EXECUTE FUNCTION bulkhead_closed()"
        )


def close(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0015_conditions")]
    operations = [
        migrations.CreateModel(
            name="EarlierApproval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onboarding.request",
                    ),
                ),
            ],
            options={
                "verbose_name": "earlier approval",
                "verbose_name_plural": "earlier approvals",
            },
        ),
        migrations.RunPython(name_earlier_approvals, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(close, migrations.RunPython.noop, elidable=False),
    ]
