"""System checks: what must be right before any process of the portal starts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from onboarding.plan.catalogue_files import BadCatalogue, load_catalogue


@register()
def check_catalogue(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_options: Any,
) -> list[CheckMessage]:
    """Name file and line of every mistake in the catalogue."""
    try:
        load_catalogue()
    except BadCatalogue as error:
        return [Error(str(mistake), id="bulkhead.E001") for mistake in error.mistakes]
    return []
