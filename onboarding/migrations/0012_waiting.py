from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("onboarding", "0011_deviations")]

    operations = [
        migrations.AddField(
            model_name='managednamespace',
            name='held_by',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='managednamespace',
            name='stuck_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='managednamespace',
            name='waiting_since',
            field=models.DateTimeField(null=True),
        ),
    ]
