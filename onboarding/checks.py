"""System checks: what must be right before any process of the portal starts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.db import OperationalError, connection, connections

from onboarding.plan.catalogue_files import BadCatalogue, load_catalogue
from onboarding.queries.database_role import powers_beyond
from onboarding.queries.reach_proof import unproven
from onboarding.queries.triggers import lacking_triggers

MEND = "As the owner of the tables: manage.py restore_triggers. Find out who took them away."


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


@register()
def check_reach_bounds(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_options: Any,
) -> list[CheckMessage]:
    """Name the openings that let more pass than their reach bound, each by an example."""
    try:
        catalogue = load_catalogue()
    except BadCatalogue:
        return []  # named by the check of the catalogue
    return [
        Error(why, obj=f"templates/{one.slug}.yaml", id="bulkhead.E004")
        for one, why in unproven(catalogue)
    ]


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


@register(Tags.database)
def check_triggers(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    databases: Sequence[str] | None = None,
    **_options: Any,
) -> list[CheckMessage]:
    """Name the triggers that a migrated database must have and lacks: `check --database default`.

    Nothing is said of one that is still to be migrated, because `migrate` runs this check first.
    """
    try:
        lacking = [one for name in databases or () for one in lacking_triggers(connections[name])]
    except OperationalError as error:
        return [Info(f"Which triggers the database has is unknown: {error}", id="bulkhead.I002")]
    return [Error(f"The database: {one}.", hint=MEND, id="bulkhead.E003") for one in lacking]
