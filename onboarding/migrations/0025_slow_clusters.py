from django.db import migrations, models

CONDITIONS = [
    "ok",
    "unreachable",
    "unauthorized",
    "grant-missing",
    "untrusted",
    "throttled",
    "credential-misfit",
    "other-cluster",
    "slow",
]


class Migration(migrations.Migration):

    dependencies = [("onboarding", "0024_tokens_and_clocks")]

    operations = [
        migrations.AlterField(
            model_name="cluster",
            name="condition",
            field=models.CharField(
                choices=[(one, one) for one in CONDITIONS], default="ok", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="clusterobservation",
            name="lease_owner",
            field=models.CharField(max_length=80, null=True),
        ),
        migrations.AddIndex(
            model_name="managednamespace",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)),
                fields=["lease_until"],
                name="namespace_held",
            ),
        ),
    ]
