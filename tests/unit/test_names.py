"""Names: what may be called how. The checks run on the text as typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.demo.openings import exposed
from onboarding.domain import names
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.fill import BadParameter
from tests.support.requests import plan_of

LABEL = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
SYSTEM_SPELLINGS = (
    "system:masters",
    "system",
    "SYSTEM:masters",
    "SyStEm:Masters",
    " system:masters",
    "\tsystem:masters",
    "\u00a0system:masters",
    "\u2003system:masters ",
    "ｓｙｓｔｅｍ:masters",
    "ｓｙｓｔｅｍ：ｍａｓｔｅｒｓ",
    "ⓢⓨⓢⓣⓔⓜ:masters",
    "ſystem:masters",
    "𝐬𝐲𝐬𝐭𝐞𝐦:authenticated",
    "system\uff1amasters",
    "\u200bsystem:masters",
)


@pytest.mark.parametrize("name", ["a", "0", "a1", "1a", "a-b", "a--b", "x" * 63, "payments-prod"])
def test_a_dns_label_of_at_most_63_characters_is_a_name(name: str) -> None:
    assert names.check_dns_label(name) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "Enter a name"),
        ("x" * 64, "at most 63 characters; this has 64"),
        ("Payments", "lowercase"),
        ("pay_ments", "letters a to z"),
        ("pay.ments", "letters a to z"),
        ("pay ments", "letters a to z"),
        ("pay/ments", "letters a to z"),
        ("../default", "letters a to z"),
        ("pay\x00ments", "letters a to z"),
        ("payments\n", "letters a to z"),
        ("\npayments", "letters a to z"),
        ("payments\r\n", "letters a to z"),
        ("-payments", "Start and end"),
        ("payments-", "Start and end"),
        ("-", "Start and end"),
        ("zahlungen-ü", "letters a to z"),
        ("рayments", "letters a to z"),  # the first letter is Cyrillic
        ("ｐayments", "letters a to z"),
        ("payments\u200b", "letters a to z"),
        ("pay\u0661", "letters a to z"),  # an Arabic digit one
        ("ſhop", "letters a to z"),
        ("K", "lowercase"),  # the sign for kelvin, whose lower case is k
    ],
)
def test_what_is_no_name_is_told_why(name: str, complaint: str) -> None:
    assert complaint in " ".join(names.check_dns_label(name))


def test_every_fault_of_a_name_is_told_at_once() -> None:
    assert len(names.check_dns_label("-Pay_" + "x" * 63)) == 4


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("default", "default"),
        ("kube", "kube"),
        ("kube-system", "kube-*"),
        ("openshift-ingress", "openshift-*"),
        ("payments-system", "*-system"),
        ("bulkhead-system", "*-system"),
        ("bulkhead", "bulkhead"),
        ("bulkhead-demo", "bulkhead-*"),
        ("istio-ingress", "istio-*"),
        ("ingress-nginx", "ingress-nginx"),
    ],
)
def test_names_of_the_platform_are_reserved(name: str, pattern: str) -> None:
    assert names.reserved_by(name, load_catalogue().reserved_names) == pattern


@pytest.mark.parametrize("name", ["defaults", "kubernetes", "system", "my-default", "paykube-x"])
def test_names_near_a_reserved_one_are_free(name: str) -> None:
    assert names.reserved_by(name, load_catalogue().reserved_names) is None


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("payments-pr0d", "payments-prod"),
        ("bi11ing", "billing"),
        ("paymentsprod", "payments-prod"),
        ("rnonitor", "monitor"),
        ("vvebshop", "webshop"),
        ("5earch", "search"),
    ],
)
def test_a_look_alike_is_named(name: str, other: str) -> None:
    assert names.look_alike(name, {other, "something-else"}) == other


def test_a_name_is_no_look_alike_of_itself_or_of_strangers() -> None:
    assert names.look_alike("payments", {"payments", "search"}) is None


def test_the_free_variant_takes_the_lowest_free_number() -> None:
    assert names.free_variant("payments", {"payments", "payments-2"}) == "payments-3"


@pytest.mark.parametrize("name", ["x" * 63, "x" * 60 + "-ab", "a" * 61 + "-b"])
def test_a_free_variant_of_a_long_name_is_a_name(name: str) -> None:
    taken = {name, names.free_variant(name, {name})}
    variant = names.free_variant(name, taken)
    assert variant not in taken
    assert names.check_dns_label(variant) == []


@pytest.mark.parametrize("group", SYSTEM_SPELLINGS)
def test_no_spelling_of_a_system_group_is_an_access_group(group: str) -> None:
    assert names.check_group(group)


@pytest.mark.parametrize(
    "group",
    [
        "bulkhead:break-glass",
        "bulkhead:network-platform",
        "Bulkhead:Break-Glass",
        "ｂｕｌｋｈｅａｄ:break-glass",
        " bulkhead:break-glass",
        "bulkhead",
        "cluster-admins",
        "Cluster-Admins",
        "cluster-admin",
        "oidc:cluster-admins",
        "example/cluster-admins",
        "kubeadm:cluster-admins",
        "kubeadm:anything",
    ],
)
def test_a_group_of_the_platform_or_the_portal_is_no_access_group(group: str) -> None:
    [problem] = names.check_group(group)
    assert "never to a team" in problem


@pytest.mark.parametrize(
    "group", ["bulkheads", "team-bulkhead", "my-cluster-admins", "oidc:bulkhead"]
)
def test_a_group_that_only_sounds_like_one_is_fine(group: str) -> None:
    assert names.check_group(group) == []


@pytest.mark.parametrize("group", ["team-payments", "oidc:payments", "a", "payments@example.com"])
def test_an_ordinary_group_may_be_bound(group: str) -> None:
    assert names.check_group(group) == []


@pytest.mark.parametrize("group", ["", "-a", "a-", "a b", "a\n", "x" * 129, "päyments"])
def test_a_group_that_is_no_group_is_refused(group: str) -> None:
    assert names.check_group(group)


@pytest.mark.parametrize("value", ["a", "A.b_c-9", "x" * 63])
def test_a_label_value_may_hold_dots_and_underscores(value: str) -> None:
    assert names.check_label_value(value) == []


@pytest.mark.parametrize("value", ["", "-a", "a-", "x" * 64, "a b", "a\n", "ä", "a: b", "*"])
def test_what_is_no_label_value_is_refused(value: str) -> None:
    assert names.check_label_value(value)


@settings(max_examples=200, deadline=None)
@given(name=st.text(max_size=70), project=st.text(max_size=70), component=st.text(max_size=70))
def test_no_input_text_changes_which_objects_a_plan_has(
    name: str, project: str, component: str
) -> None:
    usual = [(one.phase, one.key.kind) for one in plan_of().objects]
    opening = exposed("ingress-nginx", component, (8080,))
    try:
        plan = plan_of(name=name, project=project, openings=(opening,))
    except BadParameter:
        return
    assert [(one.phase, one.key.kind) for one in plan.objects] == usual


@settings(max_examples=100, deadline=None)
@given(
    name=st.from_regex(names.DNS_LABEL, fullmatch=True),
    project=st.from_regex(LABEL, fullmatch=True),
    component=st.from_regex(LABEL, fullmatch=True),
)
def test_every_valid_text_fills_the_same_objects(name: str, project: str, component: str) -> None:
    usual = [(one.phase, one.key.kind) for one in plan_of().objects]
    opening = exposed("ingress-nginx", component, (8080,))
    plan = plan_of(name=name, project=project, openings=(opening,))
    assert [(one.phase, one.key.kind) for one in plan.objects] == usual
    assert {one.key.namespace or one.key.name for one in plan.objects} == {name}
