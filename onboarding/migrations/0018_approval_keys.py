"""Passkeys that are enrolled for approvals, and signatures of decisions. All of it append-only."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import onboarding.models.identifiers

APPEND_ONLY = [
    "onboarding_approvalkey",
    "onboarding_approvalkeyword",
    "onboarding_decisionsignature",
]


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


def _postgresql(cursor):
    for table in APPEND_ONLY:
        cursor.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION bulkhead_append_only()"
        )
        cursor.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION bulkhead_append_only()"
        )


def guard(_apps, schema_editor):
    create = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        create(cursor)


def _id():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


def _to(model, **options):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=model, **options)


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0017_unread")]

    operations = [
        migrations.CreateModel(
            name="ApprovalKey",
            fields=[
                ("id", _id()),
                (
                    "public_id",
                    models.CharField(
                        default=onboarding.models.identifiers.public_id, max_length=10, unique=True
                    ),
                ),
                ("person", _to(settings.AUTH_USER_MODEL, related_name="approval_keys")),
                ("name", models.CharField(max_length=100)),
                ("credential", models.TextField()),
                ("lanes", models.JSONField(default=list)),
                ("confirms", models.BooleanField(default=False)),
                ("asked_at", models.DateTimeField()),
                ("statement", models.TextField()),
                ("proof", models.JSONField()),
            ],
            options={
                "verbose_name": "approval key",
                "verbose_name_plural": "approval keys",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ApprovalKeyWord",
            fields=[
                ("id", _id()),
                ("key", _to("onboarding.approvalkey", related_name="words")),
                (
                    "verb",
                    models.CharField(
                        choices=[("confirm", "Confirmed"), ("revoke", "Revoked")], max_length=10
                    ),
                ),
                ("person", _to(settings.AUTH_USER_MODEL, null=True, related_name="+")),
                ("at", models.DateTimeField()),
                ("by_key", _to("onboarding.approvalkey", null=True, related_name="+")),
                ("statement", models.TextField(blank=True)),
                ("proof", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "word on an approval key",
                "verbose_name_plural": "words on approval keys",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="DecisionSignature",
            fields=[
                ("id", _id()),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signature",
                        to="onboarding.decision",
                    ),
                ),
                ("key", _to("onboarding.approvalkey", related_name="signatures")),
                ("statement", models.TextField()),
                ("proof", models.JSONField()),
            ],
            options={
                "verbose_name": "signature of a decision",
                "verbose_name_plural": "signatures of decisions",
            },
        ),
        migrations.RunPython(guard, migrations.RunPython.noop, elidable=False),
    ]
