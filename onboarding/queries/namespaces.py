"""Reading namespaces: who may see them, what is in force, how the newest run stands."""

from django.db.models import QuerySet

from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, NamespaceState
from onboarding.domain.refusals import NotFound
from onboarding.models import Event, ManagedNamespace, Request, Revision, Run
from onboarding.queries.permissions import Permissions

# A change is made against something that was read back whole.
CHANGEABLE = frozenset({NamespaceState.READY, NamespaceState.DRIFTED})


def visible_to(permissions: Permissions) -> QuerySet[ManagedNamespace]:
    """Return the namespaces a person may know of, gone ones included."""
    rows = ManagedNamespace.objects.select_related("team", "cluster")
    return rows if permissions.sees_everything else rows.filter(team__in=permissions.teams)


def live_of_teams(permissions: Permissions) -> QuerySet[ManagedNamespace]:
    """Return what a person's own teams have and has not ended, by name."""
    own = visible_to(permissions).filter(team__in=permissions.teams)
    return own.exclude(state__in=sorted(ENDED)).order_by("name", "id")


def load_namespace(permissions: Permissions, public_id: str) -> ManagedNamespace:
    """Return a namespace the person may know of. Raise NotFound for every other."""
    row = visible_to(permissions).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("No such namespace.")
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


def has_open_request(namespace: ManagedNamespace, besides: Request | None = None) -> bool:
    """Tell whether a request for it, besides the given one, waits for a decision or an edit."""
    rows = namespace.requests.filter(state__in=sorted(OPEN_REQUEST))
    return (rows.exclude(pk=besides.pk) if besides else rows).exists()


def may_change(
    permissions: Permissions, namespace: ManagedNamespace, besides: Request | None = None
) -> bool:
    """Tell whether a person may ask for a change now, or send the request `besides` again."""
    return (
        namespace.team_id in permissions.leads
        and NamespaceState(namespace.state) in CHANGEABLE
        and not has_open_request(namespace, besides)
    )


def may_retire(
    permissions: Permissions, namespace: ManagedNamespace, besides: Request | None = None
) -> bool:
    """Tell whether a person may ask for the removal now; also of one that never came to be."""
    retirable = CHANGEABLE | {NamespaceState.BLOCKED, NamespaceState.RETRYING}
    newest = namespace.revisions.first()
    return (
        namespace.team_id in permissions.leads
        and NamespaceState(namespace.state) in retirable
        and not (newest and newest.ends_namespace)
        and not has_open_request(namespace, besides)
    )
