"""What no constraint can say: append-only rows, honest copies, states that move with an event."""

from django.db import migrations

APPEND_ONLY = ["onboarding_event", "onboarding_revision"]
WITH_STATE = ["onboarding_request", "onboarding_managednamespace"]


def _sqlite(cursor):
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            cursor.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        # INSERT OR REPLACE deletes without firing a delete trigger.
        cursor.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    for table in WITH_STATE:
        cursor.execute(
            f"CREATE TRIGGER {table}_state_needs_event BEFORE UPDATE OF state ON {table} "
            "WHEN NEW.state IS NOT OLD.state AND "
            "(NEW.last_event_id IS NULL OR NEW.last_event_id IS OLD.last_event_id) "
            f"BEGIN SELECT RAISE(ABORT, '{table}: a state changes with its event'); END"
        )
    for verb in ("INSERT", "UPDATE"):
        cursor.execute(
            f"CREATE TRIGGER decision_names_requester_{verb.lower()} BEFORE {verb} "
            "ON onboarding_decision WHEN NEW.requester_id IS NOT "
            "(SELECT requester_id FROM onboarding_request WHERE id = NEW.request_id) "
            "BEGIN SELECT RAISE(ABORT, 'a decision names the requester of its request'); END"
        )


def _postgresql(cursor):
    cursor.execute(
        "CREATE FUNCTION bulkhead_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in APPEND_ONLY:
        cursor.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION bulkhead_append_only()"
        )
        cursor.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION bulkhead_append_only()"
        )
    cursor.execute(
        "CREATE FUNCTION bulkhead_state_needs_event() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN IF NEW.state IS DISTINCT FROM OLD.state AND (NEW.last_event_id IS NULL "
        "OR NEW.last_event_id IS NOT DISTINCT FROM OLD.last_event_id) THEN "
        "RAISE EXCEPTION '%: a state changes with its event', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    for table in WITH_STATE:
        cursor.execute(
            f"CREATE TRIGGER {table}_state_needs_event BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION bulkhead_state_needs_event()"
        )
    cursor.execute(
        "CREATE FUNCTION bulkhead_decision_requester() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN IF NEW.requester_id IS DISTINCT FROM "
        "(SELECT requester_id FROM onboarding_request WHERE id = NEW.request_id) THEN "
        "RAISE EXCEPTION 'a decision names the requester of its request' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    cursor.execute(
        "CREATE TRIGGER decision_names_requester BEFORE INSERT OR UPDATE ON onboarding_decision "
        "FOR EACH ROW EXECUTE FUNCTION bulkhead_decision_requester()"
    )


def guard(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0001_initial")]
    operations = [migrations.RunPython(guard, migrations.RunPython.noop, elidable=False)]
