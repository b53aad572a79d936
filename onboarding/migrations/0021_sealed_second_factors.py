"""The secrets of second factors that stand in clear are sealed, once, at the upgrade."""

from django.conf import settings
from django.db import migrations

from onboarding.services.sealed_seeds import seal_all


def seal_what_is_clear(apps, _schema_editor):
    factors = apps.get_model("mfa", "Authenticator").objects
    seal_all(factors.all(), settings.BULKHEAD_SECOND_FACTOR_KEYS)


class Migration(migrations.Migration):
    dependencies = [
        ("onboarding", "0020_fence_gate"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [migrations.RunPython(seal_what_is_clear, migrations.RunPython.noop)]
