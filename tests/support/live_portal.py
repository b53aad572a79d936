"""The main job by the real services, on whatever database and cluster a test stands on.

Also the portal's own processes on a database of their own, for tests that kill them.
"""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from time import monotonic

from django.utils import timezone

from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.fence_gate import with_proof
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Manifest
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import Cluster, ManagedNamespace, Request
from onboarding.plan.compare import Difference, differences
from onboarding.plan.model import load_plan, stamped
from onboarding.queries.deviations import standing_foreign
from onboarding.services.credentials import open_gateway
from onboarding.services.preview import (
    NamespaceWish,
    adopt_wish,
    change_wish,
    removal_wish,
    retire_wish,
)
from onboarding.services.reconcile import reconcile
from onboarding.services.submit import submit

WAIT_SECONDS = 60.0
DECIDERS = {Lane.NETWORK: "dana", Lane.SECURITY: "erin", Lane.PLATFORM: "pat"}


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = WAIT_SECONDS) -> None:
    """Wait until the condition holds; fail after a bound."""
    pause, deadline = Event(), monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        pause.wait(0.05)


def approved(request: Request) -> ManagedNamespace:
    """Approve every lane the request needs, each by its approver."""
    for needed in request.lanes.all():
        lane = Lane(needed.lane)
        request = approve(request, DECIDERS[lane], lane, now=timezone.now())
    return ManagedNamespace.objects.get(revisions__request=request)


def onboard(cluster: Cluster, name: str, **differing: object) -> ManagedNamespace:
    """Alice asks, the approvers approve; nothing is on the cluster yet."""
    return approved(asked(cluster, name, **differing))


def asked(cluster: Cluster, name: str, **differing: object) -> Request:
    return ask(demo_spec(name, cluster=cluster.name, **differing), now=timezone.now())


def change_asked(namespace: ManagedNamespace, spec: NamespaceSpec) -> Request:
    return _sent(change_wish(namespace, spec, why="It is time."))


def change(namespace: ManagedNamespace, spec: NamespaceSpec) -> ManagedNamespace:
    return approved(change_asked(namespace, spec))


def adopt(namespace: ManagedNamespace) -> ManagedNamespace:
    """Alice asks to take over what was found under the name, the approvers approve."""
    return approved(_sent(adopt_wish(namespace, why="It is time.")))


def removal_asked(namespace: ManagedNamespace) -> Request:
    return _sent(retire_wish(namespace, why="It is time."))


def retire(namespace: ManagedNamespace) -> ManagedNamespace:
    return approved(removal_asked(namespace))


def removal(namespace: ManagedNamespace) -> ManagedNamespace:
    """Alice asks that everything of others goes, the approvers approve."""
    return approved(_sent(removal_wish(namespace, standing_foreign(namespace), why="It is time.")))


def _sent(wish: NamespaceWish) -> Request:
    key = f"{wish.kind}-{wish.spec.name}"
    return submit(wish, by=acting("alice"), form_key=key, now=timezone.now())


def make_due(namespace: ManagedNamespace) -> None:
    """Have it looked at now, and its cluster too."""
    past = timezone.now() - timedelta(seconds=1)
    ManagedNamespace.objects.filter(pk=namespace.pk).update(next_at=past)
    Cluster.objects.filter(pk=namespace.cluster_id, retry_at__isnull=False).update(retry_at=past)


def look(namespace: ManagedNamespace) -> ManagedNamespace:
    """Reconcile it once, now, and return the row as it then is."""
    assert is_looked_at(namespace)
    return fresh(namespace)


def is_looked_at(namespace: ManagedNamespace) -> bool:
    """Reconcile it once, now, unless somebody else has it."""
    make_due(namespace)
    return reconcile("test", clock=timezone.now, namespace_id=namespace.pk)


def brought_to(namespace: ManagedNamespace, *states: NamespaceState) -> ManagedNamespace:
    """Reconcile like a worker does, as it becomes due, until it is in one of the states."""

    def has_arrived() -> bool:
        reconcile("test", clock=timezone.now, namespace_id=namespace.pk)
        return fresh(namespace).state in states

    try:
        wait_for(has_arrived, f"{namespace.name} is {' or '.join(states)}")
    except AssertionError as error:
        row = fresh(namespace)
        raise AssertionError(f"{error}; it is {row.state}: {row.message}") from error
    return fresh(namespace)


def fresh(namespace: ManagedNamespace) -> ManagedNamespace:
    return ManagedNamespace.objects.select_related("cluster", "team").get(pk=namespace.pk)


def deviations(namespace: ManagedNamespace) -> list[Difference]:
    """Where the API server's objects are not exactly what was approved, and proven of it."""
    row = fresh(namespace)
    revision = namespace.revisions.get(number=namespace.generation)
    stamps = {
        REQUEST: revision.request.label,
        GENERATION: str(revision.number),
        DIGEST: revision.digest,
    }
    cluster = open_gateway(namespace.cluster)
    return [
        found
        for planned in load_plan(revision.plan).objects
        for found in differences(
            _as_written(stamped(planned.manifest, stamps), row), cluster.get(planned.key)
        )
    ]


def _as_written(manifest: Manifest, row: ManagedNamespace) -> Manifest:
    is_home = manifest["kind"] == "Namespace"
    return with_proof(manifest) if is_home and row.is_fence_proven else manifest
