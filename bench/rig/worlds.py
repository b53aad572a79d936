"""Estates of any size for benchmarks and tests, as manifests. The same size is the same world.

SPARSE is what the portal itself makes: namespaces that talk within and to shared services. DENSE
has neighbours by labels that overlap at random, so that about a fifth of all pairs are connected
and no two namespaces have the same neighbours. Both: five policies and three pods a namespace.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache
from random import Random

from onboarding.demo.openings import exposed
from onboarding.domain.catalogue import Catalogue
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.objects import Json, Manifest, branch, text
from onboarding.domain.spec import NamespaceSpec, Scope
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.reachability.model import Pod, World
from onboarding.reachability.policies import read_policy

SEED = 17
PODS = ("web", "api", "db")
ZONES = tuple(f"zone-{number}" for number in range(10))
INGRESS = IngressFacts("ingress-nginx", "ingress-nginx", {"app": "ingress-nginx"})
# Each cuts the ports of the whole estate once more.
DENSE_PORTS = (80, 443, 1883, 2379, 3000, 3306, 4222, 5432, 5672, 6379, 8080, 8443, 9090, 9200)
FACTS = ClusterFacts(
    name="bench",
    dns_namespace="kube-system",
    dns_labels={"k8s-app": "kube-dns"},
    ranges=("10.96.0.0/16",),
    group_prefix="",
    ingress={INGRESS.slug: INGRESS},
)


class Shape(StrEnum):
    """How much of an estate is connected."""

    SPARSE = "sparse"
    DENSE = "dense"


def world(shape: Shape, namespaces: int) -> list[Manifest]:
    """Namespaces, pods and policies; two more namespaces hold the shared services if SPARSE."""
    chance = Random(SEED)
    names = [f"team-{number:04}" for number in range(namespaces)]
    if shape is Shape.DENSE:
        return [one for name in names for one in _dense(name, chance)]
    return [*_shared(), *(one for name in names for one in _sparse(name))]


def as_world(manifests: Sequence[Manifest]) -> World:
    """Return the manifests of this module as the engine takes them."""
    kinds: dict[str, list[Manifest]] = {"Namespace": [], "Pod": [], "NetworkPolicy": []}
    for one in manifests:
        kinds[text(one, "kind")].append(one)
    return World(
        namespaces={text(one, "metadata", "name"): _labels(one) for one in kinds["Namespace"]},
        pods=tuple(
            Pod(text(one, "metadata", "namespace"), text(one, "metadata", "name"), _labels(one))
            for one in kinds["Pod"]
        ),
        policies=tuple(map(read_policy, kinds["NetworkPolicy"])),
    )


def _labels(manifest: Manifest) -> dict[str, str]:
    return {key: str(value) for key, value in branch(manifest, "metadata", "labels").items()}


def _shared() -> Iterator[Manifest]:
    yield _namespace(INGRESS.namespace, {})
    yield _pod(INGRESS.namespace, "controller", dict(INGRESS.pod_labels))
    yield _namespace(FACTS.dns_namespace, {})
    yield _pod(FACTS.dns_namespace, "dns", dict(FACTS.dns_labels))


def _sparse(name: str) -> Iterator[Manifest]:
    spec = NamespaceSpec(
        team="payments",
        cluster=FACTS.name,
        environment="production",
        name=name,
        project=name,
        purpose="",
        data_class="internal",
        size="small",
        scope=Scope.PROJECT,
        openings=(exposed(INGRESS.slug, "web", (8080,)),),
        lifetime_days=None,
    )
    plan = build_plan(spec, Ingredients(_catalogue(), FACTS, "team-payments"))
    wanted = ("Namespace", "NetworkPolicy")
    yield from (one.manifest for one in plan.objects if one.key.kind in wanted)
    yield from (_pod(name, pod, {"app": pod, "project": name}) for pod in PODS)


def _dense(name: str, chance: Random) -> Iterator[Manifest]:
    yield _namespace(name, {"zone": chance.choice(ZONES)})
    yield from (_pod(name, pod, {"app": pod}) for pod in PODS)
    yield _policy(name, "deny-all", policyTypes=["Ingress", "Egress"], ingress=[], egress=[])
    own_port: Json = chance.choice(DENSE_PORTS)
    yield _policy(
        name,
        "in",
        policyTypes=["Ingress"],
        ingress=[{"from": [_zones(chance, 5)]}],
    )
    yield _policy(
        name,
        "in-by-port",
        podSelector={"matchLabels": {"app": "web"}},
        policyTypes=["Ingress"],
        ingress=[{"from": [_zones(chance, 3)], "ports": [{"port": own_port}]}],
    )
    yield _policy(
        name,
        "out",
        policyTypes=["Egress"],
        egress=[{"to": [_zones(chance, 4)]}],
    )
    yield _policy(
        name,
        "out-by-port",
        podSelector={"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]},
        policyTypes=["Egress"],
        egress=[
            {"to": [_zones(chance, 3)], "ports": [{"port": 8000, "endPort": 9999}]},
            {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}]},
        ],
    )


def _zones(chance: Random, count: int) -> Manifest:
    values: list[Json] = [*chance.sample(ZONES, count)]
    return {
        "namespaceSelector": {
            "matchExpressions": [{"key": "zone", "operator": "In", "values": values}]
        }
    }


def _namespace(name: str, labels: dict[str, str]) -> Manifest:
    own: Manifest = {**labels, "kubernetes.io/metadata.name": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": own}}


def _pod(namespace: str, name: str, labels: dict[str, str]) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": namespace, "labels": {**labels}}
    containers: list[Json] = [{"name": "main", "image": "registry.example/main"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers},
    }


def _policy(namespace: str, name: str, **spec: Json) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {"podSelector": {}, **spec},
    }


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()
