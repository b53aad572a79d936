"""One person is one person: one active account for an address, and authors never decide.

The triggers on decisions read onboarding_user and onboarding_requestauthor. SQLite refuses to
rebuild a table that a trigger reads: a migration that has to must drop them and make them again.
"""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.core.management.base import CommandError
from django.db import migrations, models
from django.db.models import Count
from django.db.models.functions import Lower

AUTHORS = "onboarding_requestauthor"
IS_AUTHOR = (
    f"EXISTS (SELECT 1 FROM {AUTHORS} WHERE request_id = NEW.request_id "
    "AND person_id = NEW.person_id) AND NEW.person_id <> "
    "(SELECT requester_id FROM onboarding_request WHERE id = NEW.request_id)"  # a CHECK's business
)
SHARES_ADDRESS = (
    "EXISTS (SELECT 1 FROM onboarding_user decider, onboarding_user author "
    "WHERE decider.id = NEW.person_id AND author.id <> decider.id "
    "AND decider.email <> '' AND lower(author.email) = lower(decider.email) "
    f"AND (author.id = NEW.requester_id OR author.id IN (SELECT person_id FROM {AUTHORS} "
    "WHERE request_id = NEW.request_id)))"
)
REFUSALS = {
    "author": (IS_AUTHOR, "nobody decides a request they asked for or edited"),
    "address": (SHARES_ADDRESS, "one person with two accounts cannot ask and decide"),
}


def refuse_shared_addresses(apps, _schema_editor):
    active = apps.get_model("onboarding", "User").objects.filter(is_active=True).exclude(email="")
    rows = active.annotate(low=Lower("email"))
    shared = rows.order_by().values("low").annotate(total=Count("id")).filter(total__gt=1)
    found = [
        f"{row['low']}: {', '.join(sorted(rows.filter(low=row['low']).values_list('username', flat=True)))}"
        for row in shared.order_by("low")
    ]
    if found:
        raise CommandError(
            "Active people share an e-mail address, so one person could ask and approve. Before "
            "this upgrade, make all but one of them inactive or give them addresses of their own: "
            + "; ".join(found)
        )


def name_authors(_apps, schema_editor):
    schema_editor.execute(
        f"INSERT INTO {AUTHORS} (request_id, person_id) "
        "SELECT id, requester_id FROM onboarding_request"
    )


def _sqlite(cursor):
    for name, (condition, words) in REFUSALS.items():
        for verb in ("INSERT", "UPDATE"):
            cursor.execute(
                f"CREATE TRIGGER decision_not_by_{name}_{verb.lower()} BEFORE {verb} "
                f"ON onboarding_decision WHEN NEW.voided_at IS NULL AND {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )
    for verb in ("UPDATE", "DELETE"):
        cursor.execute(
            f"CREATE TRIGGER {AUTHORS}_no_{verb.lower()} BEFORE {verb} ON {AUTHORS} "
            f"BEGIN SELECT RAISE(ABORT, '{AUTHORS} is append-only'); END"
        )
    # INSERT OR REPLACE deletes without firing a delete trigger.
    cursor.execute(
        f"CREATE TRIGGER {AUTHORS}_no_replace BEFORE INSERT ON {AUTHORS} "
        f"WHEN EXISTS (SELECT 1 FROM {AUTHORS} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{AUTHORS} is append-only'); END"
    )


def _postgresql(cursor):
    checks = " ".join(
        f"IF {condition} THEN RAISE EXCEPTION '{words}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        for condition, words in REFUSALS.values()
    )
    cursor.execute(
        "CREATE FUNCTION bulkhead_decision_by_another() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF NEW.voided_at IS NULL THEN {checks} END IF; RETURN NEW; END $$"
    )
    # Triggers fire by name: that the requester is named right is checked before.
    cursor.execute(
        "CREATE TRIGGER decision_not_by_author BEFORE INSERT OR UPDATE ON onboarding_decision "
        "FOR EACH ROW EXECUTE FUNCTION bulkhead_decision_by_another()"
    )
    cursor.execute(
        f"CREATE TRIGGER {AUTHORS}_append_only BEFORE UPDATE OR DELETE ON {AUTHORS} "
        "FOR EACH ROW EXECUTE FUNCTION bulkhead_append_only()"
    )
    cursor.execute(
        f"CREATE TRIGGER {AUTHORS}_no_truncate BEFORE TRUNCATE ON {AUTHORS} "
        "FOR EACH STATEMENT EXECUTE FUNCTION bulkhead_append_only()"
    )


def guard(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0007_identity")]
    operations = [
        migrations.RunPython(refuse_shared_addresses, migrations.RunPython.noop, elidable=False),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("is_active", True), models.Q(("email", ""), _negated=True)),
                name="one_active_person_per_address",
                violation_error_message="Another active person has this e-mail address.",
            ),
        ),
        migrations.CreateModel(
            name="RequestAuthor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="authored",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="authors",
                        to="onboarding.request",
                    ),
                ),
            ],
            options={
                "verbose_name": "author of a request",
                "verbose_name_plural": "authors of requests",
            },
        ),
        migrations.AddConstraint(
            model_name="requestauthor",
            constraint=models.UniqueConstraint(
                fields=("request", "person"), name="each_author_once"
            ),
        ),
        migrations.RunPython(name_authors, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(guard, migrations.RunPython.noop, elidable=False),
    ]
