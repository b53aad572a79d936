"""Reading namespaces: who may see them, what is in force, how the newest run stands."""

from django.db.models import QuerySet

from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, BlockedReason, NamespaceState
from onboarding.domain.objects import text
from onboarding.domain.refusals import Forbidden, NotFound
from onboarding.models import Event, ManagedNamespace, Request, Revision, Run
from onboarding.queries.permissions import Permissions

# A change is made against something that was read back whole.
CHANGEABLE = frozenset({NamespaceState.READY, NamespaceState.DRIFTED})
# What carries our marks and is not what the portal remembers.
CAME_BACK = frozenset({BlockedReason.RESTORED.value, BlockedReason.REAPPEARED.value})
# What a person may say yes to, having seen how it differs.
ADOPTABLE = frozenset(
    {
        BlockedReason.RESTORED.value,
        BlockedReason.FORGOTTEN.value,
        BlockedReason.NEWER_ON_CLUSTER.value,
    }
)
# Blocked for these, another wish may be what helps: the one that was approved was not taken, or
# cannot be shown to have been approved.
MENDABLE = frozenset(
    {BlockedReason.REFUSED, BlockedReason.NOT_AS_PLANNED, BlockedReason.NOT_APPROVED}
)

# It stands where it is until something ends, by itself or by a person.
HELD_UP = frozenset({NamespaceState.BLOCKED, NamespaceState.RETRYING})


def visible_to(permissions: Permissions) -> QuerySet[ManagedNamespace]:
    """Return the namespaces a person may know of, gone ones included."""
    rows = ManagedNamespace.objects.select_related("team", "cluster")
    return rows if permissions.sees_everything else rows.filter(team__in=permissions.teams)


def live_of_teams(permissions: Permissions) -> QuerySet[ManagedNamespace]:
    """Return what a person's own teams have and has not ended, by name."""
    own = visible_to(permissions).filter(team__in=permissions.teams)
    return own.exclude(state__in=sorted(ENDED)).order_by("name", "id")


def live_and_visible_to(permissions: Permissions) -> QuerySet[ManagedNamespace]:
    """Return what a person may know of and has not ended."""
    return visible_to(permissions).exclude(state__in=sorted(ENDED))


def load_namespace(permissions: Permissions, public_id: str) -> ManagedNamespace:
    """Return a namespace the person may know of. Raise NotFound for every other."""
    rows = visible_to(permissions).select_related("cluster__guards", "cluster__observation")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("No such namespace.")
    return row


def load_led(permissions: Permissions, public_id: str) -> ManagedNamespace:
    """Return a namespace of a team the person leads. Raise NotFound, or Forbidden for readers."""
    row = load_namespace(permissions, public_id)
    if row.team_id not in permissions.leads:
        raise Forbidden(f"Only a lead of team {row.team} can ask for this.")
    return row


def in_force(namespace: ManagedNamespace) -> Revision | None:
    """Return the newest approved revision that asked for objects, or None."""
    rows = namespace.revisions.select_related("request", "request__requester")
    return next((revision for revision in rows if not revision.ends_namespace), None)


def latest_run(namespace: ManagedNamespace) -> Run | None:
    """Return the newest attempt with its steps, or None. Two queries."""
    return namespace.runs.prefetch_related("steps").first()


def events_of(namespace: ManagedNamespace) -> QuerySet[Event]:
    """Return the namespace's part of history, newest first."""
    return Event.objects.filter(
        cluster=namespace.cluster.name, namespace=namespace.name, team=namespace.team.slug
    ).order_by("-id")


def found_uid(namespace: ManagedNamespace) -> str:
    """Return the uid of a namespace that was found where a person has to compare, or ""."""
    return text(namespace.found or {}, "uid")


def uid_to_remove(namespace: ManagedNamespace) -> str:
    """Return the uid of what came back although its removal was approved, or ""."""
    if namespace.reason not in CAME_BACK or namespace.state != NamespaceState.BLOCKED.value:
        return ""
    newest = namespace.revisions.first()
    return found_uid(namespace) if newest and newest.ends_namespace else ""


def has_open_request(namespace: ManagedNamespace, besides: Request | None = None) -> bool:
    """Tell whether a request for it, besides the given one, waits for a decision or an edit."""
    rows = open_requests(namespace)
    return (rows.exclude(pk=besides.pk) if besides else rows).exists()


def is_held_up(namespace: ManagedNamespace) -> bool:
    """Tell whether another look could help: blocked, retrying, or waiting for Kubernetes."""
    return NamespaceState(namespace.state) in HELD_UP or namespace.waiting_since is not None


def may_try_again(permissions: Permissions, namespace: ManagedNamespace) -> bool:
    """Tell whether a person may have a namespace that is held up looked at now."""
    is_lead = namespace.team_id in permissions.leads
    return is_held_up(namespace) and (is_lead or permissions.is_platform_admin)


def stuck(rows: QuerySet[ManagedNamespace]) -> QuerySet[ManagedNamespace]:
    """Return those of which Kubernetes has not finished something for too long, longest first."""
    return rows.filter(stuck_at__isnull=False).order_by("waiting_since", "id")


def open_requests(namespace: ManagedNamespace) -> QuerySet[Request]:
    """Return what waits for a decision or an edit, the newest first: one at most."""
    return namespace.requests.filter(state__in=sorted(OPEN_REQUEST)).order_by("-id")


def may_change(
    permissions: Permissions, namespace: ManagedNamespace, besides: Request | None = None
) -> bool:
    """Tell whether a person may ask for a change now, or send the request `besides` again."""
    return (
        namespace.team_id in permissions.leads
        and is_changeable(namespace)
        and not has_open_request(namespace, besides)
    )


def may_adopt(
    permissions: Permissions, namespace: ManagedNamespace, besides: Request | None = None
) -> bool:
    """Return whether a person may ask to take over what was found under the name."""
    newest = namespace.revisions.first()
    return (
        namespace.team_id in permissions.leads
        and is_adoptable(namespace)
        and not (newest and newest.ends_namespace)
        and not has_open_request(namespace, besides)
    )


def is_adoptable(namespace: ManagedNamespace) -> bool:
    """Return whether something was found that a request can take over."""
    is_blocked = namespace.state == NamespaceState.BLOCKED.value
    return is_blocked and namespace.reason in ADOPTABLE and bool(found_uid(namespace))


def is_asked_for(namespace: ManagedNamespace, uid: str | None) -> bool:
    """Return whether what a request named by its uid is still what is found under the name."""
    return bool(uid) and is_adoptable(namespace) and found_uid(namespace) == uid


def next_generation(namespace: ManagedNamespace, base: int) -> int:
    """Return the number of the next revision: above what is known, here and on the cluster."""
    found = (namespace.found or {}).get("generation", 0)
    return max(base, found if isinstance(found, int) else 0) + 1


def is_changeable(namespace: ManagedNamespace) -> bool:
    """Tell whether a change may be asked for in the state it is in, unless a request is open."""
    if namespace.state == NamespaceState.BLOCKED.value:
        newest = namespace.revisions.first()
        return namespace.reason in MENDABLE and not (newest and newest.ends_namespace)
    return NamespaceState(namespace.state) in CHANGEABLE


def why_not_now(namespace: ManagedNamespace, besides: Request | None = None) -> str:
    """Return why nothing can be asked for, and what has to happen first."""
    name, state = namespace.name, NamespaceState(namespace.state)
    if state in ENDED:
        return f"{name} is over. Ask for a new namespace instead."
    if has_open_request(namespace, besides):
        return f"{name} has an open request. Wait until it is decided, or have it withdrawn."
    newest = namespace.revisions.first()
    if newest and newest.ends_namespace:
        return f"{name} is being retired, which was approved. Nothing else can be asked for it."
    if state is NamespaceState.BLOCKED:
        return f"{name} is blocked for a reason that no change mends."
    return f"{name} is being worked on. Wait until that has come to an end."


def may_retire(
    permissions: Permissions, namespace: ManagedNamespace, besides: Request | None = None
) -> bool:
    """Tell whether a person may ask for the removal now; also of one that never came to be."""
    retirable = CHANGEABLE | {NamespaceState.BLOCKED, NamespaceState.RETRYING}
    newest = namespace.revisions.first()
    # A removal that was approved of something older is asked for again, of what is there.
    is_newer = namespace.reason == BlockedReason.NEWER_ON_CLUSTER.value
    return (
        namespace.team_id in permissions.leads
        and NamespaceState(namespace.state) in retirable
        and (is_newer or not (newest and newest.ends_namespace))
        and not has_open_request(namespace, besides)
    )
