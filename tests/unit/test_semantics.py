"""The engine gives every row of the semantics table its meaning, by verdict and by bits alike."""

import pytest

from onboarding.reachability.model import (
    Certainty,
    ForeignPolicy,
    Protocol,
    Selector,
    Service,
    ServicePort,
    Verdict,
)
from onboarding.reachability.policies import BadPolicy, read_policy
from onboarding.reachability.records import records
from tests.support.estates import (
    REAL,
    Tree,
    estate_of,
    named_port,
    namespace,
    pod,
    policy,
    verdict,
)
from tests.support.semantics_table import (
    CASES,
    MACHINES,
    ON_MACHINES,
    OUT,
    STAGE,
    WEB,
    Case,
    answers,
    egress,
    ingress,
    peers,
    ports,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_engine_keeps_the_rule(case: Case) -> None:
    wrong = {
        question: found
        for question, found in answers(REAL, case).items()
        if found != (case.expected[question],) * 2
    }
    assert wrong == {}


def test_no_question_is_asked_both_ways() -> None:
    assert [case.rule for case in CASES if set(case.allows) & set(case.blocks)] == []


def about(stage: list[Tree], source: str, destination: str, *policies: Tree) -> Verdict:
    return verdict(estate_of([*stage, *policies]), source, destination, "80/TCP")


TEN: Tree = {"ipBlock": {"cidr": "10.0.0.0/8"}}
EVERYWHERE: Tree = {"namespaceSelector": {}}
DOUBTS = [
    (STAGE, ("there/web", "here/web"), ingress("here/p", peers(TEN)), "plugin-dependent"),
    (STAGE, (OUT, "here/web"), ingress("here/p", peers(TEN)), "certain"),
    (STAGE, ("10.2.0.9", "here/web"), ingress("here/p", peers(TEN)), "certain"),
    (STAGE, ("there/web", "here/web"), ingress("here/p", peers(TEN, EVERYWHERE)), "certain"),
    (ON_MACHINES, ("here/web", "10.9.0.1"), egress(), "plugin-dependent"),
    (ON_MACHINES, ("here/web", "10.9.0.2"), egress(), "certain"),
    (ON_MACHINES, ("10.9.0.2", "here/api"), ingress(), "certain"),
    (ON_MACHINES, ("10.9.0.2", "here/lost"), ingress(), "undefined"),
    (ON_MACHINES, ("here/agent", "here/api"), ingress("here/p", peers(WEB)), "undefined"),
    (ON_MACHINES, (OUT, "here/agent"), ingress(), "undefined"),
    (ON_MACHINES, (OUT, "here/web"), ingress(), "certain"),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "ends", "manifest", "certainty"), DOUBTS)
def test_a_verdict_says_how_settled_it_is(
    stage: list[Tree], ends: tuple[str, str], manifest: Tree, certainty: str
) -> None:
    said = about(stage, *ends, manifest)
    assert said.certainty == Certainty(certainty)
    assert bool(said.caveat) == (certainty != "certain")


REFUSED = {
    "a block beside a selector": (
        ingress("here/p", peers({**WEB, **TEN})),
        "spec.ingress[0].from[0]",
    ),
    "an exception outside its block": (
        ingress("here/p", peers({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}})),
        "spec.ingress[0].from[0].ipBlock.except[0]",
    ),
    "an exception that is the whole block": (
        ingress("here/p", peers({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}})),
        "spec.ingress[0].from[0].ipBlock.except[0]",
    ),
    "an exception of the other family": (
        ingress("here/p", peers({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["fd00::/8"]}})),
        "spec.ingress[0].from[0].ipBlock.except[0]",
    ),
    "a range from a named port": (
        ingress("here/p", ports({"port": "http", "endPort": 90})),
        "spec.ingress[0].ports[0].endPort",
    ),
    "a range that ends before it begins": (
        egress("here/p", {}, ports({"port": 90, "endPort": 80})),
        "spec.egress[1].ports[0].endPort",
    ),
    "an end without a beginning": (
        ingress("here/p", ports({"endPort": 80})),
        "spec.ingress[0].ports[0].endPort",
    ),
    "a block of IPv4 addresses written as IPv6": (
        ingress("here/p", peers({"ipBlock": {"cidr": "::ffff:10.0.0.0/104"}})),
        "spec.ingress[0].from[0].ipBlock.cidr",
    ),
    "a block with a zone": (
        ingress("here/p", peers({"ipBlock": {"cidr": "fe80::1%eth0/64"}})),
        "spec.ingress[0].from[0].ipBlock.cidr",
    ),
    "a label key with a blank": (
        ingress("here/p", peers({"podSelector": {"matchLabels": {"a b": "x"}}})),
        "spec.ingress[0].from[0].podSelector.matchLabels",
    ),
    "a label key with two prefixes": (
        ingress("here/p", peers({"podSelector": {"matchLabels": {"a/b/c": "x"}}})),
        "spec.ingress[0].from[0].podSelector.matchLabels",
    ),
    "a label value of 64 characters": (
        ingress("here/p", peers({"podSelector": {"matchLabels": {"app": "x" * 64}}})),
        "spec.ingress[0].from[0].podSelector.matchLabels.app",
    ),
    "a listed value that is no label's": (
        ingress(
            "here/p",
            peers(
                {
                    "podSelector": {
                        "matchExpressions": [{"key": "app", "operator": "In", "values": ["-x"]}]
                    }
                }
            ),
        ),
        "spec.ingress[0].from[0].podSelector.matchExpressions[0].values[0]",
    ),
    "three policy types": (
        policy("here/p", policyTypes=["Ingress", "Egress", "Ingress"]),
        "spec.policyTypes",
    ),
    "a peer that names nothing": (ingress("here/p", peers({})), "spec.ingress[0].from[0]"),
    "`from` in an egress rule": (egress("here/p", peers(WEB)), "spec.egress[0].from"),
}


@pytest.mark.parametrize(("manifest", "where"), REFUSED.values(), ids=REFUSED)
def test_what_the_api_refuses_is_refused_by_field(manifest: Tree, where: str) -> None:
    with pytest.raises(BadPolicy) as refusal:
        read_policy(manifest)
    assert refusal.value.field == where


def test_policies_of_kinds_that_are_not_understood_make_the_answer_incomplete() -> None:
    known = about(STAGE, OUT, "here/web", ingress())
    estate = estate_of([*STAGE, ingress()], foreign=(ForeignPolicy("AdminNetworkPolicy all"),))
    unknown = verdict(estate, OUT, "here/web", "80/TCP")
    assert (known.is_complete, unknown.is_complete) == (True, False)
    assert known.allowed == unknown.allowed


def test_services_change_no_answer() -> None:
    service = Service(
        "here",
        "web",
        Selector(labels=(("app", "web"),)),
        (ServicePort(80, 8080, Protocol.TCP),),
    )
    manifests = [*STAGE, ingress("here/p", ports({"port": 80}))]
    with_service = estate_of(manifests, services=(service,))
    assert not verdict(with_service, OUT, "here/web", "8080/TCP").allowed
    assert verdict(with_service, OUT, "here/web", "80/TCP").allowed


def test_a_lone_pod_has_no_record_of_itself_but_two_alike_reach_each_other() -> None:
    pods = [namespace("here"), pod("here/lone", {"app": "lone"}), pod("here/a"), pod("here/b")]
    lone = policy("here/p", podSelector={"matchLabels": {"app": "lone"}}, policyTypes=["Ingress"])
    estate = estate_of([*pods, lone])
    inner = [one for one in records(estate) if one.source == one.destination]
    assert {one.source for one in inner} == {estate.find("here", "a")}
    assert all(one.verdict.allowed for one in inner)


def test_a_name_on_two_ports_of_a_pod_opens_both() -> None:
    twice = [named_port("http", 80), named_port("http", 8080), named_port("http", 8081)]
    stage = [namespace("here"), pod("here/web", ports=twice), *MACHINES]
    estate = estate_of([*stage, ingress("here/p", ports({"port": "http"}))])
    asked = (79, 80, 81, 8079, 8080, 8081, 8082)
    opened = [port for port in asked if verdict(estate, OUT, "here/web", f"{port}/TCP").allowed]
    assert opened == [80, 8080, 8081]
