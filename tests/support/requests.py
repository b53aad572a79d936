"""The story of a request in a few words, for tests: ask, approve, bring to ready.

Built on the services of the demo's story, so a test starts from rows that the portal itself wrote.
"""

from datetime import datetime, timedelta

from django.db.models.functions import Now

from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.lanes import Lane
from onboarding.domain.objects import Key, Manifest
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Cluster, Event, ManagedNamespace, Request, Team, Vote
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import Plan
from onboarding.services.decide import decide
from onboarding.services.preview import NamespaceWish, change_wish, retire_wish
from onboarding.services.reconcile import reconcile
from onboarding.services.submit import submit

NAME = "payments-prod"
NAMESPACE = Key("Namespace", "", NAME)
DENY_ALL = Key("NetworkPolicy", NAME, "deny-all")
BINDING = Key("RoleBinding", NAME, "team-developer")
HOLDERS = {Lane.PLATFORM: "pat", Lane.NETWORK: "dana", Lane.SECURITY: "erin"}
FACTS = ClusterFacts(
    name="dev-eu",
    dns_namespace="kube-system",
    dns_labels={"k8s-app": "kube-dns"},
    ranges=("10.96.0.0/16",),
    group_prefix="",
    ingress={
        "ingress-nginx": IngressFacts(
            slug="ingress-nginx",
            namespace="ingress-nginx",
            pod_labels={"app.kubernetes.io/name": "ingress-nginx"},
        )
    },
)


def spec_of(name: str = NAME, **differing: object) -> NamespaceSpec:
    """What Alice asks for on the test cluster: exposed on 8080, no egress."""
    return demo_spec(name, cluster="dev-eu").changed(**differing)


def plan_of(spec: NamespaceSpec | None = None, **differing: object) -> Plan:
    """The plan of a spec with the test cluster's facts; no database."""
    ingredients = Ingredients(catalogue=load_catalogue(), facts=FACTS, access_group="team-payments")
    return build_plan((spec or spec_of()).changed(**differing), ingredients)


def planned(plan: Plan, kind: str, name: str) -> Manifest:
    """One object of a plan."""
    [found] = [one.manifest for one in plan.objects if (one.key.kind, one.key.name) == (kind, name)]
    return found


def wish_of(spec: NamespaceSpec) -> NamespaceWish:
    """The wish to onboard, for the team and cluster the spec names."""
    return NamespaceWish(
        RequestKind.ONBOARD,
        spec,
        Team.objects.get(slug=spec.team),
        Cluster.objects.get(name=spec.cluster),
    )


def approve_all(request: Request, *, now: datetime) -> Request:
    """Approve every lane the request needs, each by who holds it."""
    for lane in request.lanes.values_list("lane", flat=True):
        request = approve(request, HOLDERS[Lane(lane)], Lane(lane), now=now)
    return request


def reject(request: Request, username: str, lane: Lane, *, now: datetime) -> Request:
    """Reject the request as one of the cast."""
    return _end(request, username, lane, Vote.REJECT, now)


def send_back(request: Request, username: str, lane: Lane, *, now: datetime) -> Request:
    """Return the request for changes as one of the cast."""
    return _end(request, username, lane, Vote.RETURN, now)


def _end(request: Request, username: str, lane: Lane, vote: Vote, now: datetime) -> Request:
    return decide(
        request.pk,
        lane=lane,
        vote=vote,
        by=acting(username),
        digest=request.digest,
        reason="Please use another port.",
        now=now,
    )


def wanted(spec: NamespaceSpec | None = None, *, now: datetime) -> ManagedNamespace:
    """A namespace that is approved, and on which nobody has worked yet."""
    request = approve_all(ask(spec or spec_of(), now=now), now=now)
    assert request.namespace is not None
    return request.namespace


def ask_change(namespace: ManagedNamespace, spec: NamespaceSpec, *, now: datetime) -> Request:
    """Ask as Alice to change a namespace."""
    key = f"change-{namespace.generation}"
    return submit(
        change_wish(namespace, spec, why="It is time."), by=acting("alice"), form_key=key, now=now
    )


def ask_removal(namespace: ManagedNamespace, *, now: datetime) -> Request:
    """Ask as Alice to remove a namespace."""
    key = f"retire-{namespace.generation}"
    return submit(
        retire_wish(namespace, why="It is time."), by=acting("alice"), form_key=key, now=now
    )


def lose_worker(namespace: ManagedNamespace) -> None:
    """Let the lease of a worker that died run out."""
    earlier = Now() - timedelta(seconds=1)
    ManagedNamespace.objects.filter(pk=namespace.pk).update(lease_until=earlier)


def make_due(namespace: ManagedNamespace) -> None:
    """Let the namespace and its cluster be due by the database's clock."""
    earlier = Now() - timedelta(seconds=1)
    ManagedNamespace.objects.filter(pk=namespace.pk, next_at__isnull=False).update(next_at=earlier)
    Cluster.objects.filter(pk=namespace.cluster_id, retry_at__isnull=False).update(retry_at=earlier)


def work_on(namespace: ManagedNamespace, *, now: datetime) -> ManagedNamespace:
    """Let a worker look at the namespace once; return the row as it is then."""
    make_due(namespace)
    assert reconcile("worker-1", clock=lambda: now, namespace_id=namespace.pk)
    return ManagedNamespace.objects.select_related("cluster", "team").get(pk=namespace.pk)


def ready(spec: NamespaceSpec | None = None, *, now: datetime) -> ManagedNamespace:
    """A namespace that is approved and was read back whole."""
    namespace = work_on(wanted(spec, now=now), now=now)
    assert namespace.state == "ready", namespace.message
    return namespace


def told_of(row: Request | ManagedNamespace, *, now: datetime, action: str = "") -> Event:
    """A new event about the row, such as the database demands of each move."""
    kind = "request" if isinstance(row, Request) else "namespace"
    about = {"object_kind": kind, "object_id": row.public_id}
    return Event.objects.create(at=now, action=action, canonical=b"", leaf="", **about)


def actions(**about: str) -> list[str]:
    """The actions recorded, oldest first, about a request, a namespace…"""
    return [*Event.objects.filter(**about).order_by("id").values_list("action", flat=True)]
