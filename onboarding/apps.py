"""The one app. Importing the checks registers them: a broken catalogue stops the start."""

from django.apps import AppConfig

from onboarding import checks

__all__ = ["Onboarding", "checks"]


class Onboarding(AppConfig):
    """Namespaces on request, isolated by default."""

    name = "onboarding"
    verbose_name = "Bulkhead"
