"""Address ranges in rules: meant for addresses outside the cluster, and easily too wide.

Source: Kubernetes documentation, "Network Policies": what an ipBlock does to addresses inside the
cluster depends on the network plugin.
"""

from collections.abc import Iterator

from onboarding.reachability.addresses import Span, is_any_inside, spans_in, spans_of
from onboarding.reachability.lint import wording
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.lint.scene import PlacedRule, Scene, placed_rules
from onboarding.reachability.lint.stage import ALLOW_DNS
from onboarding.reachability.model import Block, Policy, World

# RFC 3927, and the addresses of the metadata services that clouds put into IPv6.
LINK_LOCAL = spans_of(("169.254.0.0/16",))
METADATA = (*LINK_LOCAL, *spans_of(("fd00:ec2::254", "fd20:ce::254")))

WHOLE_INTERNET = Code(
    id="BH005",
    name="whole-internet",
    severity=Severity.ERROR,
    title="An address range that holds every address",
    why="""\
`0.0.0.0/0` and `::/0` hold the cluster's own pods, machines and Services and the address that hands
out cloud credentials, not only the internet. Take the private ranges out with `except`.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-from-internet, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 0.0.0.0/0}
      ports:
        - {protocol: TCP, port: 8080}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-from-internet, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock:
            cidr: 0.0.0.0/0
            except:
              - 10.0.0.0/8
              - 100.64.0.0/10
              - 169.254.0.0/16
              - 172.16.0.0/12
              - 192.0.2.0/24
              - 192.168.0.0/16
      ports:
        - {protocol: TCP, port: 8080}
""",
)
CLUSTER_ADDRESSES = Code(
    id="BH006",
    name="cluster-addresses",
    severity=Severity.WARNING,
    title="An address range that reaches into the cluster",
    why="""\
Ranges are meant for addresses outside. Whether they match pods and machines of the cluster depends
on the network plugin, and Service addresses are usually gone before policies are looked at. Choose
pods by labels, and take the cluster's ranges out with `except`.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-from-office, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/8}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-from-office, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock:
            cidr: 10.0.0.0/8
            except: [10.96.0.0/16, 10.244.0.0/16]
""",
)
METADATA_ADDRESS = Code(
    id="BH007",
    name="metadata-address",
    severity=Severity.ERROR,
    title="Pods may reach the address that hands out cloud credentials",
    why="""\
Clouds answer on 169.254.169.254 with the credentials of the machine. A pod that can ask there can
act as the machine. Take 169.254.0.0/16 out with `except`.""",
    bad=f"""\
{ALLOW_DNS}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-internet, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
            except: [10.0.0.0/8, 172.16.0.0/12, 192.0.2.0/24, 192.168.0.0/16]
      ports:
        - {{protocol: TCP, port: 443}}
""",
    mended=f"""\
{ALLOW_DNS}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-internet, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
            except: [10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.2.0/24, 192.168.0.0/16]
      ports:
        - {{protocol: TCP, port: 443}}
""",
)
TWO_EXCEPTIONS = Code(
    id="BH008",
    name="two-exceptions",
    severity=Severity.WARNING,
    title="Two address ranges with exceptions in one rule",
    why="""\
Exceptions belong to their own range only, so one range may allow again what the other takes out.
Network plugins have had faults with this form as well. Give each range a rule of its own.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-offices, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.128/25]}
        - ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-offices, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.128/25]}
    - from:
        - ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}
""",
)
CODES = (WHOLE_INTERNET, CLUSTER_ADDRESSES, METADATA_ADDRESS, TWO_EXCEPTIONS)


def check_blocks(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong with the address ranges of a policy."""
    for placed in placed_rules(policy):
        for peer, field in placed.peers():
            if peer.block and _holds_everything(peer.block):
                yield _whole(placed, peer.block, field)
            elif peer.block:
                yield from _inside(scene.world, placed, peer.block, field)
        yield from _exceptions(placed)


def _holds_everything(block: Block) -> bool:
    return block.cidr.prefixlen == 0 and not block.excluded


def _whole(placed: PlacedRule, block: Block, field: str) -> Finding:
    message = (
        f"{block.cidr} holds every address: the cluster's own pods, machines and Services and the "
        "cloud's credentials address too. Take those ranges out with “except”."
    )
    return placed.found(WHOLE_INTERNET, message, field=f"{field}.ipBlock.cidr")


def _inside(world: World, placed: PlacedRule, block: Block, field: str) -> Iterator[Finding]:
    held = spans_in(block)
    if not placed.is_ingress and is_any_inside(held, METADATA):
        message = (
            f"{block.cidr} holds 169.254.169.254 or its like, where a cloud hands out the "
            "machine's credentials. Take 169.254.0.0/16 out with “except”."
        )
        yield placed.found(METADATA_ADDRESS, message, field=f"{field}.ipBlock")
    touched = [
        name
        for name, spans in _own_ranges(world, with_link_local=placed.is_ingress)
        if is_any_inside(held, spans)
    ]
    if touched:
        message = (
            f"{block.cidr} reaches into the {wording.listing(touched)} of this cluster; what that "
            "opens depends on the network plugin. Choose pods by labels, and take the cluster's "
            "ranges out with “except”."
        )
        yield placed.found(CLUSTER_ADDRESSES, message, field=f"{field}.ipBlock")


def _own_ranges(world: World, *, with_link_local: bool) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Yield the cluster's ranges; where they are unknown, the addresses known to be in use."""
    pods = world.pod_ranges or tuple(
        address for pod in world.pods if not pod.host_network for address in pod.addresses
    )
    nodes = world.node_ranges or tuple(
        address for node in world.nodes for address in node.addresses
    )
    yield "pod addresses", spans_of(pods)
    yield "Service addresses", spans_of(world.service_ranges)
    yield "machines' addresses", spans_of(nodes)
    if with_link_local:
        yield "link-local addresses", LINK_LOCAL


def _exceptions(placed: PlacedRule) -> Iterator[Finding]:
    with_exceptions = [
        (peer.block, field) for peer, field in placed.peers() if peer.block and peer.block.excluded
    ]
    if len(with_exceptions) > 1:
        ranges = wording.listing(str(block.cidr) for block, _ in with_exceptions)
        message = (
            f"The ranges {ranges} stand in one rule with exceptions of their own, and one may "
            "allow what another takes out. Give each range a rule of its own."
        )
        yield placed.found(TWO_EXCEPTIONS, message, field=f"{with_exceptions[1][1]}.ipBlock")
