"""A vote is what a person says on a lane; a fencing token guards a lease, the fence is deny-all."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0004_request_risk")]
    operations = [
        migrations.RenameField("decision", "verdict", "vote"),
        migrations.RenameField("managednamespace", "fence", "fencing_token"),
        migrations.RenameField("clusterobservation", "fence", "fencing_token"),
    ]
