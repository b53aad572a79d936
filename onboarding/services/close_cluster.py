"""Close a cluster that is gone for ever: one platform admin asks, another one confirms.

Nothing is asked of the cluster, because nobody answers there. So nothing is called gone: its
namespaces end as lost with it, its open requests are cancelled, and the portal's credential for it
is dropped, so that nobody looks at it again. All of it keeps its history.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState, sources_of
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Cluster, ClusterClosure, ManagedNamespace, Request, Run
from onboarding.models.breaks import open_breaks
from onboarding.queries.identity import accounts_of_one_person
from onboarding.services import history
from onboarding.services.cancel_requests import cancel_requests
from onboarding.services.history import By
from onboarding.services.open_runs import end_open_runs
from onboarding.services.waiting import NOT_WAITING

MAX_REASON = 1000
RUN_ENDED = "The cluster was closed."


class OwnClosing(Forbidden):
    """Nobody closes a cluster alone."""


def ask_to_close(
    cluster_id: int, *, by: By, reason: str, typed_name: str, now: datetime
) -> ClusterClosure:
    """Ask another platform admin to confirm. Raises Forbidden, NotFound, Invalid, Conflict."""
    _check_admin(by)
    if not reason.strip():
        raise Invalid("Say why, for those who look for its namespaces.", field="reason")
    if len(reason) > MAX_REASON:
        raise Invalid(f"Use at most {MAX_REASON} characters for the reason.", field="reason")
    with transaction.atomic():
        cluster = _locked(cluster_id)
        _check_name(cluster, typed_name)
        try:
            with transaction.atomic():
                closure = ClusterClosure.objects.create(
                    cluster=cluster, reason=reason, asked_by=by.user, asked_at=now
                )
        except IntegrityError as error:
            raise Conflict(f"Closing {cluster.name} is already asked for.") from error
        history.record(
            Action.CLUSTER_CLOSING,
            actor=by.actor,
            at=now,
            about=history.about_cluster(cluster),
            note=reason,
        )
    return closure


def withdraw_closing(cluster_id: int, *, by: By, now: datetime) -> None:
    """Leave the cluster open after all. Raises Forbidden, NotFound, or Conflict once closed."""
    _check_admin(by)
    with transaction.atomic():
        cluster = _locked(cluster_id)
        if not _open_closures(cluster).update(withdrawn_at=now):
            raise Conflict(f"Closing {cluster.name} is not asked for any more.")
        history.record(
            Action.CLUSTER_CLOSING,
            actor=by.actor,
            at=now,
            about=history.about_cluster(cluster),
            body={"withdrawn": True},
        )


def confirm_closing(cluster_id: int, *, by: By, typed_name: str, now: datetime) -> int:
    """Close the cluster and return how many namespaces were lost with it.

    Raises Forbidden (no admin, own wish), NotFound, Invalid (another name), Conflict (withdrawn).
    """
    _check_admin(by)
    with transaction.atomic():
        cluster = _locked(cluster_id)
        closure = _open_closures(cluster).select_related("asked_by").first()
        if closure is None:
            raise Conflict(f"Closing {cluster.name} is not asked for any more.")
        _check_separation(closure, by)
        _check_name(cluster, typed_name)
        ClusterClosure.objects.filter(pk=closure.pk).update(confirmed_by=by.user, confirmed_at=now)
        Cluster.objects.filter(pk=cluster.pk).update(
            closed_at=now, credential=None, credential_expires_at=None, retry_at=None
        )
        history.record(
            Action.CLUSTER_CLOSED,
            actor=by.actor,
            at=now,
            about=history.about_cluster(cluster),
            body={"asked_by": closure.asked_by.label},
            note=closure.reason,
        )
        requests = Request.objects.filter(cluster=cluster)
        cancel_requests(requests, because=f"cluster {cluster.name} was closed", by=by, now=now)
        open_breaks().filter(cluster=cluster).update(choices={}, settled_at=now, settled_by=by.user)
        return _lose_namespaces(cluster, by=by, now=now)


def _check_admin(by: By) -> None:
    if not by.permissions.is_platform_admin:
        raise Forbidden("Only platform admins close clusters.")


def _check_separation(closure: ClusterClosure, by: By) -> None:
    if closure.asked_by_id == by.user.pk:
        raise OwnClosing("Another platform admin has to confirm what you asked for.")
    if accounts_of_one_person(by.user.pk).filter(pk=closure.asked_by_id).exists():
        raise OwnClosing(
            "Your account shares an e-mail address with the one that asked. Another person "
            "has to confirm."
        )


def _locked(cluster_id: int) -> Cluster:
    """Return the row, held until the end: what is asked for on it meanwhile waits, and is seen."""
    cluster = Cluster.objects.select_for_update().filter(pk=cluster_id).first()
    if cluster is None:
        raise NotFound("No such cluster.")
    if cluster.closed_at:
        raise Conflict(f"{cluster.name} is closed already.")
    return cluster


def _check_name(cluster: Cluster, typed_name: str) -> None:
    if typed_name != cluster.name:
        raise Invalid(f"This is not the name. Type {cluster.name}.", field="typed_name")


def _open_closures(cluster: Cluster) -> QuerySet[ClusterClosure]:
    return ClusterClosure.objects.filter(
        cluster=cluster, confirmed_at__isnull=True, withdrawn_at__isnull=True
    )


def _lose_namespaces(cluster: Cluster, *, by: By, now: datetime) -> int:
    """End every namespace, and take it away from whoever works on it."""
    live = ManagedNamespace.objects.filter(
        cluster=cluster, state__in=sorted(sources_of(NamespaceState.LOST))
    )
    lost = 0
    for row in live.select_for_update(of=("self",)).select_related("team", "cluster"):
        event = history.record(
            Action.NAMESPACE_LOST,
            actor=by.actor,
            at=now,
            about=history.about_namespace(row),
            body={"was": row.state, "uid": row.uid},
        )
        lost += ManagedNamespace.objects.filter(pk=row.pk).update(
            state=NamespaceState.LOST.value,
            next_at=None,
            lease_owner="",
            lease_until=None,
            fencing_token=F("fencing_token") + 1,
            attempts=0,
            reason="",
            message="",
            outdated=None,
            outdated_at=None,
            last_event=event,
            **NOT_WAITING,
        )
    runs = Run.objects.filter(namespace__cluster=cluster)
    end_open_runs(runs, Run.Outcome.CLUSTER, now=now, message=RUN_ENDED)
    return lost
