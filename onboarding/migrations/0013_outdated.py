"""What today's facts would render differently, and one request that renders it anew."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import onboarding.models.identifiers


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0012_waiting")]

    operations = [
        migrations.CreateModel(
            name="Refresh",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=onboarding.models.identifiers.public_id, max_length=10, unique=True
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refreshes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.TextField()),
                ("form_key", models.CharField(max_length=40)),
                ("skipped", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "renewal of namespaces",
                "verbose_name_plural": "renewals of namespaces",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["asked_by", "form_key"], name="one_refresh_per_rendered_form"
                    )
                ],
            },
        ),
        # All of them null and without a default: anything else rebuilds a table on SQLite and
        # loses the triggers on it.
        migrations.AddField("managednamespace", "outdated", models.JSONField(null=True)),
        migrations.AddField("managednamespace", "outdated_at", models.DateTimeField(null=True)),
        migrations.AddField("request", "moves_reach", models.BooleanField(null=True)),
        migrations.AddField(
            "request",
            "refresh",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="onboarding.refresh",
            ),
        ),
    ]
