from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("onboarding", "0016_whole_subject"),
    ]

    operations = [
        migrations.AddField(
            model_name="namespaceobservation",
            name="unread",
            field=models.JSONField(null=True),
        ),
    ]
