"""System checks: what must be right before any process of the portal starts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info, register
from django.db import OperationalError, connection

from onboarding.plan.catalogue_files import BadCatalogue, load_catalogue
from onboarding.queries.database_role import powers_beyond


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


@register(deploy=True)
def check_database_role(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_options: Any,
) -> list[CheckMessage]:
    """Name what the connected role may do and the portal's must not, e.g. rewrite history."""
    try:
        beyond = powers_beyond(connection)
    except OperationalError as error:
        return [Info(f"What the database role may do is unknown: {error}", id="bulkhead.I001")]
    return [Error(f"The portal's database role {words}.", id="bulkhead.E002") for words in beyond]
