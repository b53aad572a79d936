from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("onboarding", "0015_conditions"),
    ]

    operations = [
        migrations.AddField(
            model_name="namespaceobservation",
            name="unread",
            field=models.JSONField(null=True),
        ),
    ]
