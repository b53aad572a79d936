from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('onboarding', '0023_epochs'),
    ]

    operations = [
        migrations.AddField(
            model_name='cluster',
            name='renewal_refused_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='renewal_refused_with',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='clock_showed',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='clock_read_at',
            field=models.DateTimeField(null=True),
        ),
    ]
