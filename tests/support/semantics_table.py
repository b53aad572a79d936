"""Every rule of NetworkPolicy semantics as a case: a world, and what it must allow and block.

Each case holds the counter-example to the likeliest misreading of its rule. `tests/unit/
test_mutants.py` builds those misreadings into the engine and expects the case to notice.
Source: Kubernetes documentation, "Network Policies", and the `networking.k8s.io/v1` API types.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.support.estates import (
    Engine,
    Tree,
    named_port,
    namespace,
    node,
    pod,
    policy,
    reaches,
    verdict,
)

OUT, NEAR, SIX = "198.51.100.7", "10.2.0.9", "2001:db8::7"
STAGE = [
    namespace("here", team="red", env=""),
    namespace("there", team="blue"),
    pod("here/web", {"app": "web"}, ports=[named_port("http", 8080)], addresses=["10.1.0.1"]),
    pod("here/api", {"app": "api", "tier": ""}, addresses=["10.1.0.2", "fd00:1::2"]),
    pod("here/bare", addresses=["10.1.0.3"]),
    pod("there/web", {"app": "web"}, ports=[named_port("http", 80)], addresses=["10.1.0.4"]),
    pod("there/api", {"app": "api"}, ports=[named_port("http", 80, "UDP")], addresses=["10.1.0.5"]),
]
MACHINES = [node("n1", "10.9.0.1"), node("n2", "10.9.0.2")]
ON_MACHINES = [
    namespace("here"),
    namespace("there"),
    *MACHINES,
    pod("here/web", {"app": "web"}, node="n1"),
    pod("here/api", {"app": "api"}, node="n2"),
    pod("here/agent", {"app": "web"}, node="n1", host=True, addresses=["10.9.0.1"]),
    pod("here/lost", {"app": "web"}),
]
EVERY_POD: Tree = {"podSelector": {}}
WEB: Tree = {"podSelector": {"matchLabels": {"app": "web"}}}
API: Tree = {"podSelector": {"matchLabels": {"app": "api"}}}
BLUE: Tree = {"namespaceSelector": {"matchLabels": {"team": "blue"}}}


@dataclass(frozen=True)
class Case:
    """`allows` and `blocks` hold questions like `here/web → there/web`, with ` on 53/UDP`."""

    rule: str
    policies: list[Tree]
    allows: tuple[str, ...]
    blocks: tuple[str, ...]
    stage: list[Tree] = field(default_factory=lambda: STAGE)

    @property
    def manifests(self) -> list[Tree]:
        return [*self.stage, *self.policies]

    @property
    def expected(self) -> dict[str, bool]:
        return dict.fromkeys(self.allows, True) | dict.fromkeys(self.blocks, False)


def parsed(question: str) -> tuple[str, str, str]:
    """Source, destination, and a port that is 80/TCP unless the question names one."""
    ends, _, port = question.partition(" on ")
    source, _, destination = ends.partition(" → ")
    return source, destination, port or "80/TCP"


def ingress(name: str = "here/p", *rules: Tree, **spec: Any) -> Tree:
    """A policy with rules for traffic in; for every pod unless `spec` says otherwise."""
    return policy(name, **{**EVERY_POD, "policyTypes": ["Ingress"], "ingress": [*rules], **spec})


def egress(name: str = "here/p", *rules: Tree, **spec: Any) -> Tree:
    """A policy with rules for traffic out; for every pod unless `spec` says otherwise."""
    return policy(name, **{**EVERY_POD, "policyTypes": ["Egress"], "egress": [*rules], **spec})


def peers(*listed: Tree) -> Tree:
    return {"from": [*listed]}


def ports(*listed: Tree) -> Tree:
    return {"ports": [*listed]}


def expression(operator: str, *values: str, key: str = "app") -> Tree:
    listed = {"values": [*values]} if values else {}
    return {"matchExpressions": [{"key": key, "operator": operator, **listed}]}


CASES = [
    Case(
        "isolation is per direction",
        [ingress()],
        ("here/web → there/web", f"here/web → {OUT}", f"here/web → {SIX}"),
        ("there/web → here/web", "here/web → here/api", f"{OUT} → here/web"),
    ),
    Case(
        "pods that no policy selects are open",
        [ingress("here/p", **WEB)],
        ("there/web → here/api", "there/web → here/bare"),
        ("there/web → here/web",),
    ),
    Case(
        "a policy without Egress does not lift another one's egress isolation",
        [egress("here/closed"), ingress("here/open", {})],
        ("there/web → here/web",),
        ("here/web → there/web",),
    ),
    Case(
        "each policy isolates the pods it selects, whatever others select",
        [ingress("here/one", **WEB), ingress("here/two", **API)],
        ("there/web → here/bare",),
        ("there/web → here/web", "there/web → here/api"),
    ),
    Case(
        "policies add up",
        [ingress("here/one", peers(WEB)), ingress("here/two", peers(API))],
        ("here/web → here/bare", "here/api → here/bare"),
        ("there/web → here/bare",),
    ),
    Case(
        "both ends must allow",
        [ingress("there/in", peers(BLUE)), egress("here/out", {})],
        ("there/api → there/web",),
        ("here/web → there/web",),
    ),
    Case(
        "an egress rule opens nothing where ingress is closed, nor the other way round",
        [egress("here/out"), ingress("there/in", {})],
        (f"{OUT} → there/web",),
        ("here/web → there/web",),
    ),
    Case(
        "an empty podSelector selects all pods of the policy's namespace and no others",
        [ingress()],
        ("here/web → there/web",),
        ("there/web → here/web", "there/web → here/bare"),
    ),
    Case(
        "a missing podSelector selects all pods of the policy's namespace",
        [policy("here/p", policyTypes=["Ingress"])],
        ("here/web → there/web",),
        ("there/web → here/web", "there/web → here/bare"),
    ),
    Case(
        "missing policyTypes mean Ingress, and Egress only with an egress rule",
        [policy("here/p", podSelector={}, egress=[{"to": [BLUE]}]), policy("there/p", **EVERY_POD)],
        (f"there/web → {OUT}",),
        (f"{OUT} → here/web", f"{OUT} → there/web", f"here/web → {OUT}", "here/web → there/web"),
    ),
    Case(
        "an empty list of egress rules is no egress rule",
        [policy("here/p", podSelector={}, egress=[])],
        (f"here/web → {OUT}",),
        (f"{OUT} → here/web",),
    ),
    Case(
        "an empty or missing list of rules isolates and allows nothing",
        [ingress("here/p"), policy("there/p", podSelector={}, policyTypes=["Ingress", "Egress"])],
        (f"here/web → {OUT}",),
        ("here/api → here/web", f"there/web → {OUT}", f"{OUT} → there/web"),
    ),
    Case(
        "a rule without peers matches everything, addresses outside too",
        [ingress("here/p", {}), ingress("there/p", {"from": []}, egress=[{}])],
        ("there/web → here/web", f"{OUT} → here/web", f"{SIX} → there/web"),
        (),
    ),
    Case(
        "a rule without ports matches every port of every protocol",
        [ingress("here/p", {"from": [BLUE], "ports": []})],
        ("there/web → here/web on 1/UDP", "there/web → here/web on 65535/SCTP"),
        (f"{OUT} → here/web",),
    ),
    Case(
        "a podSelector alone means pods of the policy's own namespace",
        [ingress("here/p", peers(WEB))],
        ("here/web → here/api",),
        ("there/web → here/api",),
    ),
    Case(
        "a namespaceSelector alone means all pods of matching namespaces",
        [ingress("here/p", peers(BLUE))],
        ("there/web → here/web", "there/api → here/web"),
        ("here/api → here/web", f"{OUT} → here/web"),
    ),
    Case(
        "an empty namespaceSelector means every namespace, and no address outside",
        [ingress("here/p", peers({"namespaceSelector": {}}))],
        ("there/web → here/web", "here/api → here/web"),
        (f"{OUT} → here/web",),
    ),
    Case(
        "both selectors in one item must both hold",
        [ingress("here/p", peers({**BLUE, **WEB}))],
        ("there/web → here/bare",),
        ("there/api → here/bare", "here/web → here/bare"),
    ),
    Case(
        "two items are alternatives",
        [ingress("here/p", peers(BLUE, WEB))],
        ("there/api → here/bare", "here/web → here/bare"),
        ("here/api → here/bare",),
    ),
    Case(
        "a namespace is known by its name without any label of its own",
        [ingress("here/p", peers(
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "there"}}}
        ))],
        ("there/web → here/web",),
        ("here/api → here/web",),
    ),
    Case(
        "a block leaves out what it excepts, and its edges belong to it",
        [egress("here/p", {"to": [{"ipBlock": {
            "cidr": "198.51.100.0/24", "except": ["198.51.100.64/26"],
        }}]})],
        tuple(f"here/web → 198.51.100.{last}" for last in (0, 63, 128, 255)),
        tuple(f"here/web → {one}" for one in ("198.51.99.255", "198.51.100.64", "198.51.100.127",
                                              "198.51.101.0", SIX)),
    ),
    Case(
        "a block of one family says nothing about the other",
        [egress("here/p", {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}),
         egress("there/p", {"to": [{"ipBlock": {"cidr": "::/0", "except": ["2001:db8::/64"]}}]})],
        (f"here/web → {OUT}", "there/web → 2001:db8:1::1"),
        (f"here/web → {SIX}", f"there/web → {OUT}", f"there/web → {SIX}"),
    ),
    Case(
        "a block matches the pods with an address in it",
        [ingress("here/p", peers({"ipBlock": {"cidr": "10.1.0.4/31"}}))],
        ("there/web → here/web", "there/api → here/web"),
        ("here/api → here/web", f"{NEAR} → here/web"),
    ),
    Case(
        "a missing protocol means TCP",
        [ingress("here/p", ports({"port": 80}))],
        (f"{OUT} → here/web on 80/TCP",),
        (f"{OUT} → here/web on 80/UDP", f"{OUT} → here/web on 80/SCTP"),
    ),
    Case(
        "a protocol without a port means all its ports",
        [ingress("here/p", ports({"protocol": "UDP"}))],
        (f"{OUT} → here/web on 1/UDP", f"{OUT} → here/web on 65535/UDP"),
        (f"{OUT} → here/web on 1/TCP",),
    ),
    Case(
        "a named port is resolved on each destination, with its protocol",
        [egress("here/p", ports({"port": "http"})), ingress("here/q", ports({"port": "http"}))],
        ("here/api → there/web on 80/TCP", "here/api → here/web on 8080/TCP"),
        (
            "here/web → there/web on 8080/TCP",
            "here/api → there/api on 80/TCP",
            "here/api → there/api on 80/UDP",
            "here/web → here/api on 8080/TCP",
            f"here/web → {OUT} on 80/TCP",
        ),
    ),
    Case(
        "endPort belongs to the range",
        [ingress("here/p", ports({"port": 8000, "endPort": 8010}))],
        tuple(f"{OUT} → here/web on {port}/TCP" for port in (8000, 8005, 8010)),
        tuple(f"{OUT} → here/web on {port}/TCP" for port in (7999, 8011)),
    ),
    Case(
        "In wants the key with one of the values",
        [ingress("here/p", peers({"podSelector": expression("In", "web", "db")}))],
        ("here/web → here/api",),
        ("here/bare → here/api", "here/api → here/bare"),
    ),
    Case(
        "NotIn holds for what lacks the key",
        [ingress("here/p", peers({"podSelector": expression("NotIn", "web")}))],
        ("here/bare → here/api", "here/api → here/bare"),
        ("here/web → here/api",),
    ),
    Case(
        "Exists holds for an empty value",
        [ingress("here/p", peers({"podSelector": expression("Exists", key="tier")}))],
        ("here/api → here/bare",),
        ("here/web → here/bare",),
    ),
    Case(
        "DoesNotExist holds only for what lacks the key",
        [ingress("here/p", peers({"namespaceSelector": expression("DoesNotExist", key="env")}))],
        ("there/web → here/bare",),
        ("here/web → here/bare",),
    ),
    Case(
        "all labels and expressions of a selector must hold",
        [ingress("here/p", peers({"namespaceSelector": {}, "podSelector": {
            "matchLabels": {"app": "api", "tier": ""}, **expression("NotIn", "x", key="none"),
        }})),
         ingress("there/p", peers({"namespaceSelector": {
            "matchLabels": {"team": "red"}, **expression("Exists", key="absent")}}))],
        ("here/api → here/bare",),
        ("here/web → here/bare", "there/api → here/bare", "here/web → there/web"),
    ),
    Case(
        "rules of a direction that policyTypes leaves out have no effect",
        [ingress("here/p", egress=[{"to": [BLUE]}]), egress("there/p", ingress=[{"from": [BLUE]}])],
        (f"here/web → {OUT}", f"{OUT} → there/web"),
        (f"{OUT} → here/web",),
    ),
    Case(
        "a pod's own node always gets in, other nodes only by a rule",
        [ingress()],
        ("10.9.0.1 → here/web", "10.9.0.2 → here/api", "here/agent → here/web"),
        ("10.9.0.2 → here/web", "here/agent → here/api", "10.9.0.1 → here/lost"),
        stage=ON_MACHINES,
    ),
    Case(
        "a pod's own node is no exception to its egress",
        [egress()],
        ("10.9.0.1 → here/web",),
        ("here/web → 10.9.0.1", "here/web → here/agent"),
        stage=ON_MACHINES,
    ),
    Case(
        "pods on the host's network are their node: no policy isolates or selects them",
        [ingress("here/p", peers(WEB)), egress("here/q", {"to": [EVERY_POD]})],
        (f"here/agent → {OUT}", f"{OUT} → here/agent", "here/web → here/api"),
        ("here/agent → here/api", "here/web → here/agent"),
        stage=ON_MACHINES,
    ),
    Case(
        "replies need no rule of their own",
        [ingress("there/p", {}), egress("there/q"), egress("here/p", {}), ingress("here/q")],
        ("here/web → there/web",),
        ("there/web → here/web",),
    ),
]  # fmt: skip
BY_RULE = {case.rule: case for case in CASES}


def answers(engine: Engine, case: Case) -> dict[str, tuple[bool, bool]]:
    """What an engine says to each question of a case: by its verdict, and by its rows of bits."""
    estate = engine.build(case.manifests)
    return {
        question: (
            verdict(estate, *parsed(question)).allowed,
            reaches(estate, *parsed(question)),
        )
        for question in case.expected
    }
