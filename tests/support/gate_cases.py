"""What `--expect` has to say of small folders: by rule, with the exit code that is right.

Used by the tests of the gate and by the mutants, which have to change a code.
"""

from dataclasses import dataclass

from tests.support.estates import Tree, named_port, namespace, node, pod, policy

DENY = policy("shop/deny", podSelector={}, policyTypes=["Ingress"])
SHOP = [namespace("shop"), namespace("scan"), pod("shop/db", addresses=["10.1.0.1"])]
WORLD = [*SHOP, pod("scan/s", addresses=["10.1.0.2"]), DENY]
SCAN = ("scan/s", "shop/db", "5432")
TWICE = pod("shop/srv", ports=[named_port("metrics", 9090), named_port("metrics", 9091)])
ONE_OF_TWO = policy(
    "shop/some",
    podSelector={},
    policyTypes=["Ingress"],
    ingress=[{"ports": [{"port": 9091}]}],
)
INTO_RANGE = policy(
    "scan/out",
    podSelector={},
    policyTypes=["Egress"],
    egress=[{"to": [{"ipBlock": {"cidr": "10.96.0.0/16"}}]}],
)


def other(api_version: str, kind: str, place: str = "") -> Tree:
    """A policy of a kind that is not understood."""
    metadata = {"name": "x", "namespace": place} if place else {"name": "x"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}


def service(address: str, **status: object) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": "shop"},
        "spec": {"clusterIP": address, "ports": [{"port": 80}]},
        "status": status,
    }


@dataclass(frozen=True)
class GateCase:
    """A rule, a folder's objects, (from, to, port), what is expected, and the code that is due."""

    rule: str
    objects: list[Tree]
    question: tuple[str, str, str]
    expected: str
    code: int
    words: str = ""

    def __str__(self) -> str:
        return f"{self.rule} ({self.expected})"


def case(rule: str, objects: list[Tree], question: tuple[str, str, str], **due: object) -> GateCase:
    ((expected, code),) = ((name, due[name]) for name in ("blocked", "allowed") if name in due)
    return GateCase(rule, objects, question, expected, int(str(code)), str(due.get("words", "")))


ADMIN = other("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy")
CILIUM = "cilium.io/v2", "CiliumNetworkPolicy"
PODLESS = [namespace("scan"), pod("scan/s", addresses=["10.1.0.2"])]
HOSTED = pod("shop/agent", host=True, node="n1", addresses=["192.168.9.9"])
ON_HOST = [namespace("shop"), namespace("scan"), pod("shop/db"), HOSTED, DENY]

CASES = [
    case("what is certain and as expected passes", WORLD, SCAN, blocked=0),
    case("what is certain and not as expected fails", WORLD, SCAN, allowed=1),
    case("a policy of the whole cluster may decide otherwise", [*WORLD, ADMIN], SCAN,
        blocked=3, words="AdminNetworkPolicy x"),
    case("a policy of the whole cluster may decide otherwise", [*WORLD, ADMIN], SCAN, allowed=3),
    case("a policy of the receiver's namespace may decide otherwise",
        [*WORLD, other(*CILIUM, "shop")], SCAN, blocked=3),
    case("a policy of the sender's namespace may decide otherwise",
        [*WORLD, other(*CILIUM, "scan")], SCAN, blocked=3),
    case("a policy of a third namespace has no say",
        [*WORLD, other(*CILIUM, "elsewhere")], SCAN, blocked=0),
    case("a mesh's policy has a say from wherever it stands",
        [*WORLD, other("security.istio.io/v1", "AuthorizationPolicy", "elsewhere")], SCAN,
        blocked=3),
    case("what Kubernetes leaves open passes no gate", ON_HOST,
        ("shop/agent", "shop/db", "1"), blocked=3, words="Kubernetes leaves this open"),
    case("what Kubernetes leaves open passes no gate", ON_HOST,
        ("shop/agent", "shop/db", "1"), allowed=3),
    case("what plugins decide passes no gate",
        [*WORLD, policy("scan/out", podSelector={}, policyTypes=["Egress"],
            egress=[{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]),
         policy("shop/in", podSelector={}, policyTypes=["Ingress"], ingress=[{}])],
        SCAN, allowed=3, words="depends on the cluster's network plugin"),
    case("a port name that two containers use is every port of that name",
        [*SHOP, pod("scan/s"), TWICE, ONE_OF_TWO], ("scan/s", "shop/srv", "metrics"), blocked=1,
        words="TCP 9091 is allowed"),
    case("a receiver without the port is not answered for",
        [*SHOP, pod("scan/s"), TWICE, policy("shop/open", podSelector={}, ingress=[{}])],
        ("scan/s", "shop", "metrics"), allowed=3, words="shop/db has no port of this name"),
    case("a Service's address is not the outside",
        [*PODLESS, service("10.96.0.5"), INTO_RANGE], ("scan/s", "10.96.0.5", "80"), allowed=3,
        words="Service shop/front (10.96.0.5)"),
    case("a load balancer's address is not the outside",
        [*PODLESS, service("None", loadBalancer={"ingress": [{"ip": "203.0.113.7"}]})],
        ("scan/s", "203.0.113.7", "80"), allowed=3, words="203.0.113.7"),
    case("a CIDR that holds pods is not the outside alone", WORLD,
        ("10.1.0.0/24", "shop/db", "5432"), blocked=3, words="pod scan/s (10.1.0.2)"),
    case("a CIDR that holds a node is not the outside alone",
        [*WORLD, node("n1", "203.0.113.9")], ("203.0.113.0/24", "shop/db", "5432"), blocked=3,
        words="Node n1 (203.0.113.9)"),
    case("a private address may be a pod's where no range of pods is known",
        [*SHOP[:2], {**pod("shop/db"), "status": {}}, DENY], ("10.9.9.9", "shop/db", "1"),
        blocked=3, words="no range of pods is known"),
    case("an address outside is answered for certain", WORLD,
        ("198.51.100.1", "shop/db", "5432"), blocked=0),
    case("every address means the outside alone", WORLD, ("0.0.0.0/0", "shop/db", "5432"),
        blocked=0),
]  # fmt: skip
