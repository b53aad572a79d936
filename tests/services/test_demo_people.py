"""The demo's people have a password everybody knows, so they exist in the demo only."""

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from onboarding.models import User

pytestmark = pytest.mark.django_db


@override_settings(DEMO=False)
def test_nobody_is_made_outside_the_demo() -> None:
    with pytest.raises(CommandError, match="BULKHEAD_DEMO=1"):
        call_command("seed_demo")
    assert not User.objects.exists()
