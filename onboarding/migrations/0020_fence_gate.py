from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("onboarding", "0019_final_rows")]

    operations = [
        migrations.AddField(
            model_name="managednamespace",
            name="fenced_uid",
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AddField(
            model_name="namespaceobservation",
            name="waiting_pods",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
