"""Events about rows that platform admins edit: people, teams, roles, clusters' settings.

The pages and the admin site tell history of them in the same words: one filter finds both.
"""

from datetime import datetime

from django.db.models import Model

from onboarding.domain.actions import Action
from onboarding.domain.objects import Json, Manifest
from onboarding.models import Cluster, Team, User
from onboarding.services.history import (
    About,
    Actor,
    about_cluster,
    about_team,
    about_user,
    record,
)


def record_row(
    action: Action, row: Model, changed: dict[str, Json], *, actor: Actor, now: datetime
) -> None:
    """Record that a row was added, changed or removed; `changed` says what, never a secret.

    Runs inside the transaction of the change. A row to be removed is recorded first.
    """
    body: Manifest = {"row": f"{row._meta.model_name}: {row}", "changed": changed}  # noqa: SLF001  # Django's documented name
    record(action, actor=actor, at=now, about=about_row(row), body=body)


def about_row(row: Model) -> About:
    """Return an edited row as the subject of an event: a person, a team or a cluster."""
    if isinstance(row, Cluster):
        return about_cluster(row)
    if isinstance(row, Team):
        return about_team(row)
    if isinstance(row, User):
        return about_user(row)
    kind = str(row._meta.verbose_name)  # noqa: SLF001  # Django's documented name
    team, cluster = getattr(row, "team", None), getattr(row, "cluster", None)
    return About(
        kind=kind,
        id=str(row.pk),
        label=str(row),
        team=team.slug if team else "",
        cluster=cluster.name if cluster else "",
    )


def differences_of(before: dict[str, Json], after: dict[str, Json]) -> dict[str, Json]:
    """Return {field: {"before": …, "after": …}} of what differs."""
    return {
        name: {"before": before[name], "after": after[name]}
        for name in after
        if before[name] != after[name]
    }
