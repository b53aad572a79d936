"""manage.py seal_second_factors: seal every secret with the newest key, after a key was changed."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from onboarding.services.sealed_seeds import CannotUnseal, seal_all


class Command(BaseCommand):
    """Seal what the newest key does not open; safe to run again."""

    help = "Seal the secrets of second factors with the first key, so that older ones can go."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run."""
        try:
            with transaction.atomic():
                factors = Authenticator.objects.select_for_update().order_by("pk")
                changed = seal_all(factors, settings.BULKHEAD_SECOND_FACTOR_KEYS)
        except CannotUnseal as closed:
            raise CommandError(f"A second factor is left as it was: {closed}.") from closed
        self.stdout.write(f"{changed} second factors are sealed with the newest key now")
