"""Is a name free on a cluster, and why not. The same answer for the live check and the submit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Lower

from onboarding.domain import names
from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, NamespaceState
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    Request,
)
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.portals import UnknownNamespace, holder_of

OURS_UNKNOWN = (
    "This portal made it, and its database does not know it any more: platform admins find it on "
    "the page of the cluster. Only the team it was made for can ask for it."
)


@dataclass(frozen=True)
class NameCheck:
    """What stands against a name. No problems: it is free as far as the portal knows.

    `seen_at` is when the cluster was last looked at for it, None if it never was. `forgotten` is
    what stands under the name, made by this portal for the team that asks: it can be taken over.
    """

    problems: tuple[str, ...]
    variant: str = ""
    look_alike: str = ""
    seen_at: datetime | None = None
    forgotten: UnknownNamespace | None = None


def check_name(
    cluster: Cluster,
    name: str,
    *,
    now: datetime,
    team: str = "",
    except_request: Request | None = None,
) -> NameCheck:
    """Check a name exactly as typed, for a team by its slug: syntax, reserved, taken, seen.

    Six queries, and three more for a name that was seen. Of a namespace that is not the portal's
    no more is said than that it was seen.
    """
    problems = names.check_dns_label(name)
    if problems:
        return NameCheck(tuple(problems))
    reserved = names.reserved_by(name, load_catalogue().reserved_names)
    if reserved:
        return NameCheck((f"{name} is reserved for the platform ({reserved}).",))
    live, resting, asked = _occupied(cluster, now, except_request)
    sighting = seen_names(cluster)
    variant = names.free_variant(name, live | resting | asked | sighting.names)
    seen = sighting.seen_at
    if name in live:
        return NameCheck((f"{name} is already taken on {cluster.name}.",), variant, "", seen)
    if name in asked:
        return NameCheck((f"{name} is already asked for on {cluster.name}.",), variant, "", seen)
    if name in resting:
        rest = f"{name} was removed less than {settings.NAME_RESTS_DAYS} days ago and still rests."
        return NameCheck((rest,), variant, "", seen)
    if name in sighting.names:
        holder = holder_of(cluster, name)
        if holder and holder.is_ours and team and holder.team == team:
            return NameCheck((), seen_at=seen, forgotten=holder)
        words = _was_seen(cluster, name, seen, now)
        said = f"{words} {OURS_UNKNOWN}" if holder and holder.is_ours else words
        return NameCheck((said,), variant, "", seen)
    return NameCheck((), look_alike=names.look_alike(name, live) or "", seen_at=seen)


@dataclass(frozen=True)
class SeenNames:
    """The names of a cluster's namespaces at `seen_at`; none and None before the first look."""

    names: frozenset[str]
    seen_at: datetime | None


def seen_names(cluster: Cluster) -> SeenNames:
    """Return what names were seen on the cluster, but for namespaces gone since. Three queries."""
    looks = ClusterObservation.objects.filter(cluster=cluster)
    seen_at = looks.values_list("seen_at", flat=True).first()
    if seen_at is None:
        return SeenNames(frozenset(), None)
    gone_since = ManagedNamespace.objects.filter(
        cluster=cluster, state__in=sorted(ENDED), gone_at__gt=seen_at
    )
    seen = NamespaceObservation.objects.filter(cluster=cluster)
    gone = {uid for uids in gone_since.values_list("uid", "known_uid") for uid in uids if uid}
    found = seen.values_list("name", "uid")
    return SeenNames(frozenset(name for name, uid in found if uid not in gone), seen_at)


def _was_seen(cluster: Cluster, name: str, seen_at: datetime | None, now: datetime) -> str:
    words = f"{name} is not free: a namespace of this name was seen on {cluster.name}"
    if seen_at is None:
        return f"{words}."
    seconds = max(0, int((now - seen_at).total_seconds()))
    age = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return f"{words} {age} ago."


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
