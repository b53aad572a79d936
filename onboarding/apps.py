"""The one app. Importing the checks registers them: a broken catalogue stops the start."""

from importlib import import_module

from django.apps import AppConfig

from onboarding import checks

__all__ = ["Onboarding", "checks"]


class Onboarding(AppConfig):
    """Namespaces on request, isolated by default."""

    name = "onboarding"
    verbose_name = "Bulkhead"

    def ready(self) -> None:
        """Connect what turns signals into events: it needs the models, which are there by now."""
        import_module("onboarding.views.account_events")
