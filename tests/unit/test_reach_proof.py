"""Every opening of the catalogue lies inside its reach bound, whatever its values are."""

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding import checks
from onboarding.domain.catalogue import Catalogue, Template
from onboarding.domain.objects import Json, key_of, text
from onboarding.domain.parameters import CHECKS, Parameter, check_value
from onboarding.plan.boundary_values import EDGES, boundary_values, edges_of
from onboarding.plan.catalogue_files import BadCatalogue, load_catalogue
from onboarding.plan.fill import fill, fill_reach
from onboarding.queries.reach_proof import prove, unproven
from onboarding.reachability.bounds import read_bound, smallest_escape
from onboarding.reachability.policies import read_policy
from tests.support.estates import Tree, pod
from tests.support.openings import VALUES, changed, fence, openings
from tests.support.plain_bound import PlainComparison
from tests.support.plain_evaluator import End, Port
from tests.support.random_values import STRATEGIES, values_of

EDGE_CASES = [
    pytest.param(template, values, id=f"{slug}-{number}")
    for slug, template in openings().items()
    for number, values in enumerate(boundary_values(template))
]
PORTS = tuple(product(("TCP", "UDP"), (1, 442, 443, 444, 8080, 65535)))
ADDRESSES = ("192.0.2.7", "10.0.0.9", "10.0.1.1", "169.254.169.254", "2001:db8::1")
NETS = ("10.1.0", "198.51.100")
QUESTIONS = 150


@pytest.mark.parametrize(("template", "values"), EDGE_CASES)
def test_at_the_edges_of_every_parameter_an_opening_lies_inside_its_bound(
    template: Template, values: dict[str, Json]
) -> None:
    assert prove(template, values, fence=fence()) is None


@pytest.mark.parametrize(("template", "values"), EDGE_CASES)
def test_edges_are_within_the_bounds_of_their_parameters(
    template: Template, values: dict[str, Json]
) -> None:
    assert values.keys() == template.parameters.keys()
    wrong = [check_value(one, values[name]) for name, one in template.parameters.items()]
    assert not any(wrong)


def test_every_type_of_parameter_has_edges_and_random_values() -> None:
    assert EDGES.keys() == STRATEGIES.keys() == CHECKS.keys()
    for parameter in map(Parameter, CHECKS):
        assert not any(check_value(parameter, one) for one in edges_of(parameter))


@pytest.mark.parametrize("slug", openings())
def test_a_bound_says_no_more_than_the_opening_opens(slug: str) -> None:
    """What the bound allows is no escape from a bound that is read out of the opening itself."""
    template, values = openings()[slug], VALUES[slug]
    bound = read_bound(fill_reach(template, values), "payments")
    closed, opened = read_policy(fill(fence(), values)), read_policy(fill(template, values))
    itself = replace(bound, policies=(opened,))
    assert smallest_escape([closed], bound.policies, itself) is None


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("slug", openings())
def test_whatever_the_values_are_both_evaluators_find_nothing_outside(
    slug: str, data: st.DataObject, chance: Random
) -> None:
    template = openings()[slug]
    values = data.draw(values_of(template))
    assert prove(template, values, fence=fence()) is None
    plain = plain_comparison(template, values)
    ends, ports = near_ends(plain, chance), [*PORTS, *ports_in(values) * 4]
    for _ in range(QUESTIONS):
        source, destination = chance.choice(ends), chance.choice(ends)
        if source is not destination:
            assert not plain.escapes(source, destination, chance.choice(ports))


def plain_comparison(template: Template, values: dict[str, Any]) -> PlainComparison:
    own, source = values["namespace"], values.get("source", {})
    spaces: dict[str, dict[str, str]] = {
        name: {} for name in (own, source.get("namespace", own), "elsewhere")
    }
    return PlainComparison(spaces, own, [fill(template, values)], fill_reach(template, values))


def ports_in(values: dict[str, Any]) -> list[Port]:
    return [("TCP", port) for port in values.get("ports", ())]


def near_ends(plain: PlainComparison, chance: Random) -> list[End]:
    """Pods of each namespace with all, some and none of what selectors ask for, and addresses."""
    asked: list[Tree] = [*labels_in(plain.objects[0])]
    kinds: list[Tree] = [{}, *asked]
    kinds += [{k: v for k, v in one.items() if k != key} for one in asked for key in one]
    kinds += [{**one, key: "near-miss"} for one in asked for key in one]
    kinds.append({k: v for one in asked for k, v in one.items()})
    # What has just the labels is asked about most: only there does an opening open anything.
    kinds += asked * 8
    pods = [
        pod(f"{name}/p{number}", labels, addresses=[f"{chance.choice(NETS)}.{number + 1}"])
        for name in plain.namespaces
        for number, labels in enumerate(kinds)
    ]
    return [*pods, *ADDRESSES]


def labels_in(tree: Any) -> Any:
    """Yield the labels of every selector in a tree."""
    if isinstance(tree, dict):
        if "matchLabels" in tree:
            yield tree["matchLabels"]
        for value in tree.values():
            yield from labels_in(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from labels_in(value)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.data())
@pytest.mark.parametrize("slug", openings())
def test_no_value_changes_which_object_an_opening_is(slug: str, data: st.DataObject) -> None:
    template = openings()[slug]
    values = data.draw(values_of(template))
    key = key_of(fill(template, values))
    assert key.kind == "NetworkPolicy"
    assert key.namespace == values["namespace"]
    # The portal gives the name, from the key of the opening; nobody is asked for it.
    assert key.name == values.get("name", text(template.body, "metadata", "name"))
    assert not {"name", "namespace"} & template.asked.keys()


def wrong_catalogue(*wrong: Template) -> Catalogue:
    shipped = load_catalogue()
    return replace(shipped, templates={**shipped.templates, **{one.slug: one for one in wrong}})


def all_ports(body: Any) -> None:
    body["spec"]["egress"][0].pop("ports")


def unreadable(body: Any) -> None:
    body["spec"]["egress"][0]["form"] = []


def test_the_shipped_catalogue_is_proven() -> None:
    assert [*unproven(load_catalogue())] == []
    assert checks.check_reach_bounds(None) == []


def test_a_release_with_an_opening_beyond_its_bound_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wider = wrong_catalogue(changed("egress-internet", all_ports))
    monkeypatch.setattr(checks, "load_catalogue", lambda: wider)
    [found] = checks.check_reach_bounds(None)
    assert (found.id, found.obj, found.is_serious()) == (
        "bulkhead.E004",
        "templates/egress-internet.yaml",
        True,
    )
    assert found.msg == (
        "egress-internet@1 opens more than its reach: a/any other pod to 0.0.0.0/0 on TCP 1"
    )


def test_an_opening_that_cannot_be_judged_does_not_start_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = wrong_catalogue(changed("egress-open", unreadable))
    monkeypatch.setattr(checks, "load_catalogue", lambda: broken)
    [found] = checks.check_reach_bounds(None)
    assert found.msg.startswith("egress-open@1 cannot be held against its reach: unknown field")


def test_a_broken_catalogue_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Catalogue:
        raise BadCatalogue([])

    monkeypatch.setattr(checks, "load_catalogue", broken)
    assert checks.check_reach_bounds(None) == []
