"""A namespace's answers folded into lines: who shares one, what it says, what changed."""

from dataclasses import replace

import pytest

from onboarding.reachability.estate import Estate
from onboarding.reachability.folding import MOST_NAMED, compare, fold
from onboarding.reachability.model import Certainty, ForeignPolicy, Pod, Policy, World
from onboarding.reachability.neighbourhood import (
    Change,
    Line,
    Neighbourhood,
    PartyKind,
    Way,
)
from onboarding.reachability.partition import MOST_TOLD_APART
from onboarding.reachability.policies import read_policy
from tests.support.estates import policy

HERE = "payments-prod"
WEB, API = {"app": "web"}, {"app": "api"}


def deny_all(place: str = HERE) -> Policy:
    return read_policy(policy(f"{place}/deny-all", policyTypes=["Ingress", "Egress"]))


def admits(
    name: str, labels: dict[str, str], *, port: int | None = None, by: object = None
) -> Policy:
    """A policy of ours that lets somebody in: `by` is a peer, None everybody."""
    rule = {
        **({"from": [by]} if by else {}),
        **({"ports": [{"port": port}]} if port else {}),
    }
    selector = {"matchLabels": labels} if labels else {}
    return read_policy(
        policy(f"{HERE}/{name}", podSelector=selector, policyTypes=["Ingress"], ingress=[rule])
    )


def world(*policies: Policy, others: int = 1, pods: tuple[Pod, ...] = ()) -> World:
    names = [f"team-{number}" for number in range(others)]
    return World(
        {name: {} for name in (HERE, *names)},
        pods=pods or (Pod(HERE, "web", WEB), Pod(HERE, "api", API), *(Pod(n, "x") for n in names)),
        policies=policies,
    )


def folded(*policies: Policy, others: int = 1, pods: tuple[Pod, ...] = ()) -> Neighbourhood:
    return fold(HERE, Estate(world(*policies, others=others, pods=pods)))


def changed(before: World, after: World) -> Neighbourhood:
    estate = Estate(after, beside=(before,))
    return compare(HERE, Estate(before, beside=(after,), layout=estate.layout), estate)


def from_pods(neighbourhood: Neighbourhood) -> list[Line]:
    return [
        line
        for line in neighbourhood.going(Way.INWARD)
        if line.peer.kind in {PartyKind.NAMESPACE, PartyKind.NAMESPACES}
    ]


def test_an_open_namespace_is_reached_by_everybody_on_every_port() -> None:
    for line in folded().lines:
        [opening] = line.answer.openings
        assert opening.is_every_port
        assert opening.rules == ()


def test_a_closed_one_is_reached_by_nobody_and_names_what_closes_it() -> None:
    for line in folded(deny_all()).lines:
        assert line.answer.is_blocked
        assert [ref.name for ref in line.answer.closed_by] == ["deny-all"]


def test_own_pods_with_the_same_answer_share_a_line() -> None:
    [line] = from_pods(folded(deny_all()))
    assert line.ours.is_whole
    assert line.ours.labels == ()


def test_own_pods_with_different_answers_have_lines_of_their_own() -> None:
    lines = from_pods(folded(deny_all(), admits("web", WEB, port=80)))
    assert {line.ours.labels: line.answer.is_blocked for line in lines} == {
        (("app", "web"),): False,
        (("app", "api"),): True,
    }


def test_an_opening_names_ports_and_rules_and_the_rest_stays_closed() -> None:
    lines = from_pods(folded(deny_all(), admits("web", WEB, port=80)))
    [line] = [line for line in lines if line.answer.openings]
    [opening] = line.answer.openings
    assert opening.ports == (("TCP", 80, 80),)
    assert [str(rule) for rule in opening.rules] == [f"{HERE}/web ingress[0]"]
    assert [ref.name for ref in line.answer.closed_by] == ["deny-all"]


def test_ports_opened_by_different_rules_are_told_apart() -> None:
    policies = (admits("web", WEB, port=80), admits("more", WEB, port=81))
    lines = from_pods(folded(deny_all(), *policies))
    [line] = [line for line in lines if line.answer.openings]
    assert [(one.ports[0][1], one.rules[0].policy.name) for one in line.answer.openings] == [
        (80, "web"),
        (81, "more"),
    ]


@pytest.mark.parametrize(
    ("others", "kinds"),
    [
        (MOST_NAMED, [PartyKind.NAMESPACE] * MOST_NAMED),
        (MOST_NAMED + 1, [PartyKind.NAMESPACES]),
    ],
)
def test_few_namespaces_with_a_path_are_named_and_many_share_a_line(
    others: int, kinds: list[PartyKind]
) -> None:
    lines = from_pods(folded(admits("all", {}), others=others))
    assert [line.peer.kind for line in lines] == kinds
    assert sum(len(line.peer.namespaces) for line in lines) == others


def test_namespaces_without_any_path_share_a_line() -> None:
    [line] = from_pods(folded(deny_all(), others=3))
    assert line.peer.kind is PartyKind.NAMESPACES
    assert line.peer.namespaces == ("team-0", "team-1", "team-2")


def test_a_lone_pod_is_not_asked_about_itself() -> None:
    assert folded(pods=(Pod(HERE, "web", WEB),)).going(Way.INSIDE) == ()
    assert folded(pods=(Pod(HERE, "web", WEB, count=2),)).going(Way.INSIDE)


def test_pods_on_the_hosts_network_are_a_party_of_their_own() -> None:
    pods = (Pod(HERE, "web", WEB), Pod("team-0", "x"), Pod("team-0", "proxy", host_network=True))
    lines = folded(deny_all(), pods=pods).going(Way.INWARD)
    [nodes] = [line for line in lines if line.peer.kind is PartyKind.NODES]
    assert nodes.answer.certainty is Certainty.UNDEFINED


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([], [], Change.SAME),
        ([], [admits("web", {}, port=80)], Change.OPENS),
        ([admits("web", {}, port=80)], [], Change.CLOSES),
        ([admits("web", {}, port=80)], [admits("web", {}, port=81)], Change.CHANGES),
        ([admits("web", {}, port=80)], [admits("other", {}, port=80)], Change.SAME),
    ],
)
def test_a_line_says_what_the_step_does_to_its_ports(
    before: list[Policy], after: list[Policy], change: Change
) -> None:
    found = changed(world(deny_all(), *before), world(deny_all(), *after))
    assert {line.change for line in from_pods(found)} == {change}


def test_who_gains_and_who_loses_is_named() -> None:
    def by(name: str) -> dict[str, object]:
        return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}

    old, new = admits("one", {}, by=by("team-0")), admits("one", {}, by=by("team-1"))
    found = changed(world(deny_all(), old, others=3), world(deny_all(), new, others=3))
    assert (found.gaining, found.losing) == (("team-1",), ("team-0",))


def test_a_namespace_that_comes_or_goes_takes_its_paths_with_it() -> None:
    estate = Estate(world())
    coming, going = compare(HERE, None, estate), compare(HERE, estate, None)
    assert {line.change for line in coming.lines} == {Change.OPENS}
    assert {line.change for line in going.lines} == {Change.CLOSES}
    assert (coming.gaining, going.losing) == (("team-0",), ("team-0",))
    assert {line.before for line in coming.lines} == {None}


def test_a_namespace_without_pods_has_no_lines() -> None:
    assert folded(pods=(Pod("team-0", "x"),)).lines == ()


def test_nothing_can_be_compared_with_nothing() -> None:
    with pytest.raises(ValueError, match="Neither"):
        compare(HERE, None, None)


def test_rules_of_both_ends_are_named() -> None:
    sending = read_policy(
        policy("team-0/out", policyTypes=["Egress"], egress=[{"to": [{"namespaceSelector": {}}]}])
    )
    [line] = from_pods(folded(deny_all(), admits("in", {}), sending))
    [opening] = line.answer.openings
    assert {str(rule) for rule in opening.rules} == {
        "team-0/out egress[0]",
        f"{HERE}/in ingress[0]",
    }


def test_the_far_end_is_named_where_it_is_what_blocks() -> None:
    [line] = from_pods(folded(deny_all("team-0")))
    assert [str(ref) for ref in line.answer.closed_by] == ["team-0/deny-all"]


def test_of_own_labels_those_are_told_that_a_selector_asks_for() -> None:
    pods = (Pod(HERE, "web", {**WEB, "version": "7"}), Pod("team-0", "x"))
    lines = from_pods(folded(deny_all(), admits("web", WEB, port=80), pods=pods))
    assert {line.ours.labels for line in lines} == {(("app", "web"),)}


def test_labels_of_others_are_told_only_where_our_policies_name_them() -> None:
    pods = (Pod(HERE, "web", WEB), Pod("team-0", "x", {"app": "crawler", "owner": "search"}))
    by = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "crawler"}}}
    assert {line.peer.labels for line in from_pods(folded(deny_all(), pods=pods))} == {()}
    [line] = from_pods(folded(deny_all(), admits("web", WEB, by=by), pods=pods))
    assert line.peer.labels == (("app", "crawler"),)


def admitted(number: int, *, port: int | None = None) -> Policy:
    """A policy of ours that lets one other namespace in."""
    named = {"matchLabels": {"kubernetes.io/metadata.name": f"team-{number}"}}
    return admits(f"for-{number}", {}, port=port, by={"namespaceSelector": named})


def mixed(found: Neighbourhood) -> Line:
    [line] = [line for line in from_pods(found) if line.peer.is_mixed]
    return line


def test_every_rule_that_lets_one_of_them_in_is_named() -> None:
    count = 12
    policies = [admitted(number) for number in range(count)]
    [line] = [
        line
        for line in from_pods(folded(deny_all(), *policies, others=count))
        if line.answer.openings
    ]
    [opening] = line.answer.openings
    assert {rule.policy.name for rule in opening.rules} == {f"for-{n}" for n in range(count)}


def test_very_many_that_differ_in_ports_alone_share_a_line_that_says_so() -> None:
    count = MOST_TOLD_APART + 1
    policies = [admitted(number, port=1000 + number) for number in range(count)]
    line = mixed(folded(deny_all(), *policies, others=count))
    assert len(line.peer.namespaces) == count
    assert line.answer.varies
    [opening] = line.answer.openings
    assert opening.ports == (("TCP", 1000, 1000 + count - 1),)
    assert len(opening.rules) == count
    assert [ref.name for ref in line.answer.closed_by] == ["deny-all"]


def test_who_has_no_path_among_very_many_is_not_mixed_with_them() -> None:
    count = MOST_TOLD_APART + 1
    policies = [admitted(number, port=1000 + number) for number in range(count)]
    lines = from_pods(folded(deny_all(), *policies, others=count + 1))
    [blocked] = [line for line in lines if line.answer.is_blocked]
    assert blocked.peer.namespaces == (f"team-{count}",)


def test_ports_that_change_places_within_a_mixed_line_are_a_change() -> None:
    count = MOST_TOLD_APART + 1
    before = [admitted(number, port=1000 + number) for number in range(count)]
    after = [admitted(0, port=1001), admitted(1, port=1000), *before[2:]]
    found = changed(
        world(deny_all(), *before, others=count), world(deny_all(), *after, others=count)
    )
    lines = from_pods(found)
    moved = {line.peer.namespaces for line in lines if line.change is not Change.SAME}
    assert moved == {("team-0",), ("team-1",)}
    [kept] = [line for line in lines if line.change is Change.SAME]
    assert len(kept.peer.namespaces) == count - 2


def test_pods_that_only_a_block_lets_in_are_told_apart_from_those_a_label_does() -> None:
    """The answer is the same, how settled it is is not, however many they are."""
    count = 40
    names = [f"team-{number}" for number in range(count)]
    pods = (
        Pod(HERE, "web", WEB),
        *(Pod(name, "x", {"env": "p"} if number else {}) for number, name in enumerate(names)),
    )
    by_label = admits(
        "one", {}, by={"namespaceSelector": {}, "podSelector": {"matchLabels": {"env": "p"}}}
    )
    by_block = admits("two", {}, by={"ipBlock": {"cidr": "10.0.0.0/8"}})
    lines = from_pods(folded(deny_all(), by_label, by_block, others=count, pods=pods))
    assert {line.peer.namespaces: line.answer.openings[0].certainty for line in lines} == {
        ("team-0",): Certainty.PLUGIN_DEPENDENT,
        tuple(sorted(names[1:])): Certainty.CERTAIN,
    }


@pytest.mark.parametrize("count", [3, 40])
def test_where_a_policy_is_not_understood_the_line_is_told_apart_and_incomplete(count: int) -> None:
    odd = ForeignPolicy("CiliumNetworkPolicy team-0/x", "team-0")
    there = replace(world(deny_all(), others=count), foreign=(odd,))
    lines = from_pods(fold(HERE, Estate(there)))
    doubted = {
        line.peer.namespaces for line in lines if line.answer.certainty is not Certainty.CERTAIN
    }
    assert doubted == {("team-0",)}
    assert len(lines) == 2


def test_an_answer_that_is_settled_otherwise_is_a_change() -> None:
    pods = (Pod(HERE, "web", WEB), Pod("team-0", "x", {"env": "p"}))
    by_label = admits("one", {}, by={"namespaceSelector": {}})
    by_block = admits("one", {}, by={"ipBlock": {"cidr": "10.0.0.0/8"}})
    found = changed(world(deny_all(), by_label, pods=pods), world(deny_all(), by_block, pods=pods))
    [line] = from_pods(found)
    assert line.change is Change.CHANGES
