"""Databases that were made by early commits get what the migrations of these lacked.

0002_guards, 0003_observations and 0019_final_rows were edited after some databases had applied
them: an event or a revision could be replaced on SQLite, an observation had no uid, and functions
of PostgreSQL looked for tables in temporary schemas first. On any other database nothing is done.
"""

from django.db import migrations

from onboarding.services.restore_triggers import make_lacking_triggers


def add_uid(apps, schema_editor):
    """No trigger reads or is on this table, so that SQLite may rebuild it."""
    seen = apps.get_model("onboarding", "NamespaceObservation")
    database = schema_editor.connection
    with database.cursor() as cursor:
        columns = database.introspection.get_table_description(cursor, seen._meta.db_table)
    if "uid" not in {column.name for column in columns}:
        schema_editor.add_field(seen, seen._meta.get_field("uid"))


def make_triggers(_apps, schema_editor):
    make_lacking_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0026_write_probe")]
    operations = [
        migrations.RunPython(add_uid, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(make_triggers, migrations.RunPython.noop, elidable=False),
    ]
