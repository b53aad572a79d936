# Events of one namespace, whatever its cluster: history is narrowed to it, and counted.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('onboarding', '0035_notices'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['namespace', '-id'], name='event_namespace_anywhere'),
        ),
    ]
