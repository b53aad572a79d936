"""A world for lint in a few words: payments with web and api, orders with basket, DNS, ingress."""

from collections.abc import Mapping
from dataclasses import replace

from onboarding.domain.objects import Json
from onboarding.reachability.lint import Finding, check_world
from onboarding.reachability.model import (
    METADATA_NAME,
    NamedPort,
    Node,
    Pod,
    Policy,
    Protocol,
    Selector,
    Service,
    ServicePort,
    World,
)
from onboarding.reachability.policies import read_policy

PAYMENTS, ORDERS, SYSTEM, EDGE = "payments-prod", "orders-prod", "kube-system", "ingress-nginx"
PRODUCTION = {"bulkhead.dev/environment": "production"}
HTTP = NamedPort("http", Protocol.TCP, 8080)
WEB = Pod(PAYMENTS, "web", {"app": "web"}, ports=(HTTP,))
API = Pod(PAYMENTS, "api", {"app": "api"})
BASKET = Pod(ORDERS, "basket", {"app": "basket"})
DNS = Pod(SYSTEM, "coredns", {"k8s-app": "kube-dns"})
CONTROLLER = Pod(EDGE, "controller", {"app.kubernetes.io/name": "ingress-nginx"})
SERVICE = Service(PAYMENTS, "web", Selector((("app", "web"),)), (ServicePort(80, 8080),))
SMALL = World(
    namespaces={
        PAYMENTS: {METADATA_NAME: PAYMENTS, "project": "payments", **PRODUCTION},
        ORDERS: {METADATA_NAME: ORDERS, "project": "orders", **PRODUCTION},
        SYSTEM: {METADATA_NAME: SYSTEM},
        EDGE: {METADATA_NAME: EDGE},
    },
    pods=(WEB, API, BASKET, DNS, CONTROLLER),
    nodes=(Node("node-a", ("192.0.2.10",)),),
    services=(SERVICE,),
    pod_ranges=("10.244.0.0/16",),
    service_ranges=("10.96.0.0/16",),
)
ALLOW_DNS: Json = {
    "to": [{"namespaceSelector": {"matchLabels": {METADATA_NAME: SYSTEM}}}],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def labels(**wanted: str) -> Json:
    """A selector by labels."""
    return {"matchLabels": dict(wanted)}


def space(name: str) -> Json:
    """A selector of one namespace by its name."""
    return {"matchLabels": {METADATA_NAME: name}}


def policy(spec: Mapping[str, Json], name: str = "allow", namespace: str = PAYMENTS) -> Policy:
    """A policy for every pod unless the spec chooses."""
    return read_policy(
        {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": {}, **spec}}
    )


def ingress(*rules: Json, **differing: Json) -> Policy:
    """A policy for incoming traffic."""
    return policy({"policyTypes": ["Ingress"], "ingress": [*rules], **differing})


def egress(*rules: Json, **differing: Json) -> Policy:
    """A policy for outgoing traffic."""
    return policy({"policyTypes": ["Egress"], "egress": [*rules], **differing})


def found(*policies: Policy, world: World = SMALL) -> tuple[Finding, ...]:
    """The findings of policies in a world."""
    return check_world(replace(world, policies=policies))


def names(*policies: Policy, world: World = SMALL) -> set[str]:
    """The names of the codes that are found."""
    return {finding.code.name for finding in found(*policies, world=world)}


def only(name: str, *policies: Policy, world: World = SMALL) -> Finding:
    """The one finding of a code."""
    [finding] = [one for one in found(*policies, world=world) if one.code.name == name]
    return finding
