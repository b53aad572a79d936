"""Since when a namespace is seen on its cluster; null of those that were seen before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0027_repair")]
    operations = [
        migrations.AddField(
            model_name="namespaceobservation",
            name="first_seen_at",
            field=models.DateTimeField(null=True),
        ),
    ]
