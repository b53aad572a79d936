"""The rules below every door: each way to break one is told with its field, and nothing else is."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.domain.catalogue import Catalogue
from onboarding.domain.refusals import Invalid, Violation
from onboarding.domain.rules import check_shape, check_spec
from onboarding.domain.spec import NamespaceSpec, Opening, Scope
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.reachability.policies import read_policy
from tests.support.broken_rules import BROKEN, Broken
from tests.support.requests import FACTS, plan_of, spec_of

CATALOGUE: Catalogue = load_catalogue()
# Whether a name is reserved or taken is read where the other names are, in queries/names.py.
PURE = [row for row in BROKEN if "reserved" not in row.words]


def violations(spec: NamespaceSpec) -> tuple[Violation, ...]:
    return check_spec(spec, CATALOGUE, teams={"payments"}, clusters={"dev-eu": FACTS})


def shape(spec: NamespaceSpec) -> tuple[Violation, ...]:
    return check_shape(spec, CATALOGUE, teams={"payments"}, clusters={"dev-eu": FACTS})


def test_what_the_demo_asks_for_breaks_no_rule() -> None:
    assert violations(spec_of()) == ()


@pytest.mark.parametrize("broken", PURE, ids=str)
def test_a_broken_rule_is_told_with_its_field_and_nothing_else_is(broken: Broken) -> None:
    assert violations(spec_of(**broken.spec)) == (Violation(broken.field, broken.words),)


def test_a_team_that_is_not_asked_for_is_told() -> None:
    words = "“search” is not a team you can ask for."
    assert violations(spec_of(team="search")) == (Violation("team", words),)


LOST = Opening("vpn", "partner-vpn", 1)


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_form() -> None:
    spec = spec_of(environment="x", size="x", openings=(LOST,), purpose="")
    told = [violation.field for violation in violations(spec)]
    assert told == ["environment", "size", "openings-0-template", "purpose"]


@pytest.mark.parametrize(
    ("openings", "words"),
    [
        ((replace(WEB, key="Web"),), "Use lowercase letters only."),
        ((WEB, replace(INTERNET, key=WEB.key)), "Two openings are called “ingress-nginx”."),
        ((INTERNET, replace(INTERNET, key="out")), "“out” opens what “internet” opens already."),
        (
            (
                exposed("ingress-nginx", "web", (1, 2)),
                replace(exposed("ingress-nginx", "web", (2, 1)), key="b"),
            ),
            "“b” opens what “ingress-nginx” opens already.",
        ),
        (
            tuple(
                replace(exposed("ingress-nginx", "web", (n,)), key=f"w{n}") for n in range(1, 18)
            ),
            "At most 16 openings; these are 17.",
        ),
        ((LOST,), "“partner-vpn@1” is not on offer."),
        ((replace(INTERNET, version=2),), "“egress-internet@2” is not on offer."),
        ((Opening("dns", "allow-dns", 1),), "“allow-dns@1” is not on offer."),
        (
            (replace(INTERNET, values={"ports": [80]}),),
            "egress-internet@1 asks for nothing; see ports.",
        ),
        (
            (Opening("web", "allow-ingress", 1, {"source": "ingress-nginx", "ports": [80]}),),
            "allow-ingress@1 asks for source, component, ports; see component.",
        ),
        (
            (replace(WEB, values={**WEB.values, "ports": ["80"]}),),
            "80 is not a port between 1 and 65535",
        ),
        ((replace(WEB, values={**WEB.values, "component": 7}),), "must be text"),
        (
            (replace(WEB, values={**WEB.values, "source": {}}),),
            "Choose one.",
        ),
    ],
)
def test_an_opening_is_of_the_catalogue_and_different_from_the_others(
    openings: tuple[Opening, ...], words: str
) -> None:
    assert [one.words for one in shape(spec_of(openings=openings))] == [words]


def test_two_openings_never_share_an_object() -> None:
    """Names of objects end after 63 characters; one would be applied over the other."""
    first = replace(WEB, key="w" * 49 + "-one")
    second = replace(first, key="w" * 49 + "-two", values={**WEB.values, "component": "api"})
    names = [one.key.name for one in plan_of(spec_of(openings=(first, second))).objects]
    assert names.count(first.object_name) == 2
    [found] = shape(spec_of(openings=(first, second)))
    assert found.field == "openings-1-key"
    assert found.words.startswith("It begins like another opening's name for too long.")
    assert shape(spec_of(openings=(first, replace(second, key="two")))) == ()


def test_open_egress_may_not_be_had_for_ever() -> None:
    assert [one.field for one in violations(spec_of(openings=(WEB, ANYTHING)))] == ["lifetime"]


def test_no_character_turns_what_an_approver_reads() -> None:
    assert [one.field for one in violations(spec_of(purpose="a\u202eb"))] == ["purpose"]


def test_lines_and_joined_signs_are_no_control_characters() -> None:
    assert violations(spec_of(purpose="Two\r\nlines,\ta tab and 👩\u200d💻.")) == ()


@pytest.mark.parametrize("days", [7, 30])
def test_open_egress_may_be_had_for_a_while(days: int) -> None:
    assert violations(spec_of(openings=(WEB, ANYTHING), lifetime_days=days)) == ()


def test_a_draft_needs_no_purpose_and_no_fitting_lifetime() -> None:
    assert shape(spec_of(purpose="", openings=(WEB, ANYTHING))) == ()
    assert shape(spec_of(size="huge"))


@pytest.mark.parametrize("purpose", ["a\x00b", "a\ud800b", "x" * 501])
def test_what_no_row_can_hold_is_no_purpose_of_a_draft_either(purpose: str) -> None:
    assert [one.field for one in shape(spec_of(purpose=purpose))] == ["purpose"]


def test_a_refusal_carries_every_violation_and_their_words() -> None:
    refusal = Invalid.of([Violation("size", "No size."), Violation("name", "No name.")])
    assert (str(refusal), refusal.field) == ("No size. No name.", "size")
    assert [violation.field for violation in refusal.violations] == ["size", "name"]


Texts = st.SearchStrategy[str]


def mostly(right: Texts, wrong: Texts) -> Texts:
    """What fits, and in one of twenty cases anything."""
    return st.integers(1, 20).flatmap(lambda n: wrong if n == 1 else right)


def one_of(known: Iterable[str]) -> Texts:
    return mostly(st.sampled_from(sorted(known)), st.text(max_size=8))


texts = st.text(max_size=70)
labels = mostly(
    st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", fullmatch=True), texts
)
exposures = st.builds(
    exposed,
    one_of(FACTS.ingress),
    labels,
    st.lists(st.integers(1, 65535), min_size=1, max_size=9, unique=True).map(tuple)
    | st.lists(st.integers(-1, 70000), max_size=3).map(tuple),
)
specs = st.builds(
    NamespaceSpec,
    team=one_of(["payments"]),
    cluster=one_of(["dev-eu"]),
    environment=one_of(CATALOGUE.environments),
    name=mostly(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True), texts),
    project=labels,
    purpose=texts,
    data_class=one_of(CATALOGUE.data_classes),
    size=one_of(CATALOGUE.sizes),
    scope=st.sampled_from(Scope),
    openings=st.lists(exposures | st.sampled_from([INTERNET, ANYTHING]), max_size=3).map(tuple),
    lifetime_days=st.sampled_from(CATALOGUE.lifetimes) | st.integers(-10, 400),
)


@settings(max_examples=400, deadline=None)
@given(specs)
def test_whatever_has_the_shape_can_be_rendered_and_read(spec: NamespaceSpec) -> None:
    if not shape(spec):
        for planned in plan_of(spec).objects:
            if planned.key.kind == "NetworkPolicy":
                read_policy(planned.manifest)
