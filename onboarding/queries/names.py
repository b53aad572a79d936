"""Is a name free on a cluster, and why not. The same answer for the live check and the submit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Lower

from onboarding.domain import names
from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, NamespaceState
from onboarding.models import Cluster, ManagedNamespace, Request
from onboarding.plan.catalogue_files import load_catalogue


@dataclass(frozen=True)
class NameCheck:
    """What stands against a name. No problems: it is free as far as the portal knows."""

    problems: tuple[str, ...]
    variant: str = ""
    look_alike: str = ""


def check_name(
    cluster: Cluster, name: str, *, now: datetime, except_request: Request | None = None
) -> NameCheck:
    """Check a name exactly as typed: syntax, reserved, taken, pending, resting. Three queries."""
    problems = names.check_dns_label(name)
    if problems:
        return NameCheck(tuple(problems))
    reserved = names.reserved_by(name, load_catalogue().reserved_names)
    if reserved:
        return NameCheck((f"{name} is reserved for the platform ({reserved}).",))
    live, resting, asked = _occupied(cluster, now, except_request)
    taken = live | resting | asked
    variant = names.free_variant(name, taken)
    if name in live:
        return NameCheck((f"{name} is already taken on {cluster.name}.",), variant)
    if name in asked:
        return NameCheck((f"{name} is already asked for on {cluster.name}.",), variant)
    if name in resting:
        rest = f"{name} was removed less than {settings.NAME_RESTS_DAYS} days ago and still rests."
        return NameCheck((rest,), variant)
    return NameCheck((), look_alike=names.look_alike(name, live) or "")


def resembles(cluster: Cluster, name: str) -> str:
    """Return the live namespace on the cluster that a person could take `name` for, or ""."""
    rows = ManagedNamespace.objects.filter(cluster=cluster).exclude(state__in=sorted(ENDED))
    return names.look_alike(name, set(rows.values_list("name", flat=True))) or ""


def _occupied(
    cluster: Cluster, now: datetime, except_request: Request | None
) -> tuple[set[str], set[str], set[str]]:
    """Return the names in use, at rest after removal, and asked for, all in lower case."""
    rows = ManagedNamespace.objects.filter(cluster=cluster).annotate(low=Lower("name"))
    gone = rows.filter(state=NamespaceState.GONE.value)
    rested_since = now - timedelta(days=settings.NAME_RESTS_DAYS)
    asked = Request.objects.filter(cluster=cluster, state__in=sorted(OPEN_REQUEST))
    if except_request:
        asked = asked.exclude(pk=except_request.pk)
    return (
        set(rows.exclude(state__in=sorted(ENDED)).values_list("low", flat=True)),
        set(gone.filter(gone_at__gt=rested_since).values_list("low", flat=True)),
        set(asked.annotate(low=Lower("name")).values_list("low", flat=True)),
    )
