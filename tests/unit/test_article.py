"""Truth tables: the article's policies as written and mended, Bulkhead's baseline, the defaults.

Each table was found elsewhere first (with packets on a real dataplane, or by an analyser that is
not ours) and lists every allowed pair: what is not listed is blocked.
"""

from pathlib import Path

import pytest
import yaml

from onboarding.demo.openings import exposed
from onboarding.domain.spec import Opening, Scope
from tests.support.estates import (
    Tree,
    arrows,
    estate_of,
    named_port,
    namespace,
    pairs,
    pod,
    policy,
    split,
)
from tests.support.requests import plan_of

ARTICLE = Path(__file__).parents[1] / "data" / "article"
PORTS = ["1/TCP", "53/UDP", "8080/TCP", "65535/SCTP"]


def documents(name: str) -> list[Tree]:
    found = yaml.safe_load_all((ARTICLE / name).read_text())
    return [one for document in found for one in document.get("items", [document])]


STEPS = {
    1: documents("step1-deny-all.yaml"),
    2: documents("step2-allow-internal-ingress.yaml"),
    3: documents("step3-allow-ingress.yaml"),
}
WORLD = documents("world.yaml")
WEB, API, DB = "ns-app1/web", "ns-app1/api", "ns-app1/db"
OTHER, CTRL, DNS = "ns-app2/other", "ingress-nginx/ctrl", "kube-system/coredns"
OURS, OUTSIDE = [WEB, API, DB], [OTHER, CTRL, DNS]
OPEN_EGRESS = policy("ns-app1/open", podSelector={}, policyTypes=["Egress"], egress=[{}])


def touching(
    manifests: list[Tree], ends: list[str], port: str, where: str = "ns-app1/"
) -> set[str]:
    allowed = pairs(estate_of(manifests), ends, port)
    return {arrow for arrow in allowed if any(end.startswith(where) for end in split(arrow))}


TO_EVERYBODY = arrows(OURS, OUTSIDE)
ARTICLE_TABLE = {
    "nothing": ([], arrows(OURS, OURS + OUTSIDE) | arrows(OUTSIDE, OURS)),
    "step 1": (STEPS[1], set()),
    "steps 1 and 2": (STEPS[1] + STEPS[2], set()),
    "steps 1, 2 and 3": (STEPS[1] + STEPS[2] + STEPS[3], arrows([CTRL], [WEB])),
    "step 2 alone": (
        STEPS[2],
        arrows([API], [DB]) | arrows([DB], [API]) | TO_EVERYBODY | arrows(OUTSIDE + OURS, [WEB]),
    ),
    "steps 1, 2, 3 and open egress": (
        [*STEPS[1], *STEPS[2], *STEPS[3], OPEN_EGRESS],
        arrows([CTRL], [WEB]) | arrows([API], [DB]) | arrows([DB], [API]) | TO_EVERYBODY,
    ),
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("row", ARTICLE_TABLE)
def test_the_articles_policies_allow_what_was_measured(row: str, port: str) -> None:
    policies, allowed = ARTICLE_TABLE[row]
    assert touching(WORLD + policies, OURS + OUTSIDE, port) == allowed


@pytest.mark.parametrize("port", PORTS)
def test_without_the_label_that_no_step_sets_only_egress_is_left(port: str) -> None:
    bare = [
        namespace(one["metadata"]["name"]) if one["kind"] == "Namespace" else one for one in WORLD
    ]
    policies = [*STEPS[1], *STEPS[2], *STEPS[3], OPEN_EGRESS]
    assert touching(bare + policies, OURS + OUTSIDE, port) == TO_EVERYBODY


def test_the_articles_second_step_does_not_parse_as_printed() -> None:
    with pytest.raises(yaml.YAMLError):
        documents("step2-as-printed.txt")


# The corrected world: a project label on three pods, and two pods that only look as if they belong.
LABELS = {"project": "app1"}
STRAY, ROGUE = "ns-app1/stray", "ingress-nginx/rogue"
PROJECT, INSIDE = [WEB, API, DB], [WEB, API, DB, STRAY]
CORRECTED = [
    namespace("ns-app1", **{"ns-id": "ns-app1", "project": "app1"}),
    namespace("ns-app2"),
    namespace("ingress-nginx"),
    namespace("kube-system"),
    pod(WEB, {**LABELS, "app": "web"}),
    pod(API, LABELS),
    pod(DB, LABELS),
    pod(STRAY),
    pod(OTHER, LABELS),
    pod(CTRL, {"app.kubernetes.io/name": "ingress-nginx"}),
    pod(ROGUE),
    pod(DNS, {"k8s-app": "kube-dns"}),
]
INTERNET, PRIVATE = "198.51.100.7", "192.168.7.7"
ENDS = [*INSIDE, OTHER, CTRL, ROGUE, DNS, INTERNET, PRIVATE]
HTTPS = Opening("internet", "egress-internet", 1)
EXPOSED = exposed("ingress-nginx", "web", (8080,))


def baseline(**differing: object) -> list[Tree]:
    plan = plan_of(**{"name": "ns-app1", "project": "app1", "openings": (), **differing})
    return [one.manifest for one in plan.objects if one.key.kind == "NetworkPolicy"]


WITHIN = arrows(PROJECT, PROJECT)
BASELINE_TABLE = [
    ({}, "8080/TCP", WITHIN),
    ({}, "9/SCTP", WITHIN),
    ({}, "443/TCP", WITHIN),
    ({}, "53/UDP", WITHIN | arrows(INSIDE, [DNS])),
    ({}, "53/TCP", WITHIN | arrows(INSIDE, [DNS])),
    ({}, "53/SCTP", WITHIN),
    ({"openings": (EXPOSED,)}, "8080/TCP", WITHIN | arrows([CTRL], [WEB])),
    ({"openings": (EXPOSED,)}, "8081/TCP", WITHIN),
    ({"openings": (EXPOSED,)}, "8080/UDP", WITHIN),
    ({"openings": (EXPOSED,)}, "53/UDP", WITHIN | arrows(INSIDE, [DNS])),
    ({"openings": (EXPOSED, HTTPS)}, "443/TCP", WITHIN | arrows(PROJECT, [INTERNET])),
    ({"openings": (EXPOSED, HTTPS)}, "443/UDP", WITHIN),
    ({"openings": (EXPOSED, HTTPS)}, "53/UDP", WITHIN | arrows(INSIDE, [DNS])),
    ({"openings": (EXPOSED, HTTPS)}, "8080/TCP", WITHIN | arrows([CTRL], [WEB])),
    ({"scope": Scope.NAMESPACE}, "8080/TCP", arrows(INSIDE, INSIDE)),
]


@pytest.mark.parametrize(("wish", "port", "allowed"), BASELINE_TABLE)
def test_bulkheads_baseline_allows_exactly_what_its_table_says(
    wish: dict[str, object], port: str, allowed: set[str]
) -> None:
    assert touching(CORRECTED + baseline(**wish), ENDS, port) == allowed


@pytest.mark.parametrize("project", ["app1-web", "app1"])
def test_the_articles_third_step_opens_to_every_pod_of_the_ingress_namespace(project: str) -> None:
    labelled = [
        namespace("ingress-nginx", **{"ns-id": "ingress-nginx"}),
        pod(WEB, {"project": project}),
    ]
    rest = [one for one in CORRECTED if one["metadata"]["name"] not in {"web", "ingress-nginx"}]
    allowed = touching([*labelled, *rest, *STEPS[1], *STEPS[3]], ENDS, "8080/TCP")
    assert allowed == (arrows([CTRL, ROGUE], [WEB]) if project == "app1-web" else set())


# Five defaults a namespace can have, and having none. `here` has two pods, `there` one.
HERE_A, HERE_B, THERE = "here/one", "here/two", "there/one"
DEFAULTS = {
    "no policy": ({}, {"in", "out", "within"}),
    "nothing gets in": ({"podSelector": {}, "policyTypes": ["Ingress"]}, {"out"}),
    "everything gets in": (
        {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]},
        {"in", "out", "within"},
    ),
    "nothing gets out": ({"podSelector": {}, "policyTypes": ["Egress"]}, {"in"}),
    "everything gets out": (
        {"podSelector": {}, "egress": [{}], "policyTypes": ["Egress"]},
        {"in", "out", "within"},
    ),
    "neither": ({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, set()),
}
WAYS = {
    "in": arrows([THERE, INTERNET], [HERE_A, HERE_B]),
    "out": arrows([HERE_A, HERE_B], [THERE, INTERNET]),
    "within": arrows([HERE_A, HERE_B], [HERE_A, HERE_B]),
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("row", DEFAULTS)
def test_a_default_policy_opens_and_closes_the_ways_it_names(row: str, port: str) -> None:
    spec, ways = DEFAULTS[row]
    pods = [namespace("here"), namespace("there"), pod(HERE_A), pod(HERE_B), pod(THERE)]
    manifests = [*pods, policy("here/default", **spec)] if spec else pods
    allowed = set().union(*(WAYS[way] for way in ways))
    assert touching(manifests, [HERE_A, HERE_B, THERE, INTERNET], port, "here/") == allowed


# The documentation's full example: a database that three kinds of callers may use.
DATABASE, FRONTEND, IDLE = "default/database", "default/frontend", "default/idle"
MINE, STRANGER, SAME_ROLE = "mine/any", "stranger/any", "stranger/frontend"
IN_BLOCK, IN_HOLE, IN_TEN, BESIDE_TEN = "172.17.2.1", "172.17.1.1", "10.0.0.9", "10.0.1.9"
CALLERS = [DATABASE, FRONTEND, IDLE, MINE, STRANGER, SAME_ROLE]
EVERYBODY = [*CALLERS, IN_BLOCK, IN_HOLE, IN_TEN, BESIDE_TEN]
FULL_EXAMPLE = [
    namespace("default"),
    namespace("mine", project="myproject"),
    namespace("stranger", project="theirs"),
    pod(DATABASE, {"role": "db"}, ports=[named_port("redis", 6379)]),
    pod(FRONTEND, {"role": "frontend"}),
    pod(IDLE),
    pod(MINE),
    pod(STRANGER),
    pod(SAME_ROLE, {"role": "frontend"}),
    policy(
        "default/database",
        podSelector={"matchLabels": {"role": "db"}},
        policyTypes=["Ingress", "Egress"],
        ingress=[
            {
                "from": [
                    {"ipBlock": {"cidr": "172.17.0.0/16", "except": ["172.17.1.0/24"]}},
                    {"namespaceSelector": {"matchLabels": {"project": "myproject"}}},
                    {"podSelector": {"matchLabels": {"role": "frontend"}}},
                ],
                "ports": [{"protocol": "TCP", "port": 6379}],
            }
        ],
        egress=[
            {
                "to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
                "ports": [{"protocol": "TCP", "port": 5978}],
            }
        ],
    ),
]
FULL_TABLE = [
    ("6379/TCP", arrows([IN_BLOCK, MINE, FRONTEND], [DATABASE])),
    ("6379/UDP", set()),
    ("6380/TCP", set()),
    ("5978/TCP", arrows([DATABASE], [IN_TEN])),
    ("5978/SCTP", set()),
]


@pytest.mark.parametrize(("port", "allowed"), FULL_TABLE)
def test_the_documentations_full_example_lets_in_three_callers_and_out_to_one_range(
    port: str, allowed: set[str]
) -> None:
    assert touching(FULL_EXAMPLE, EVERYBODY, port, DATABASE) == allowed
