"""Facts are judged by the slots they fill: what is accepted can be rendered and read, always."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.demo.openings import ANYTHING, INTERNET, exposed
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.check_facts import check_bound_group, check_facts
from onboarding.reachability.policies import read_policy
from tests.support.requests import FACTS, spec_of

CATALOGUE = load_catalogue()
KEYS = ["app", "k8s..io/app", "a..b/x", "a.-b/x", "k8s.io/app", "/app", "app.kubernetes.io/name"]


def told(facts: ClusterFacts) -> list[str]:
    return [one.field for one in check_facts(facts, CATALOGUE, groups=["team-payments"])]


def with_source(**differing: object) -> ClusterFacts:
    source = replace(FACTS.ingress["ingress-nginx"], **differing)  # type: ignore[arg-type]
    return replace(FACTS, ingress={"ingress-nginx": source})


def test_the_facts_of_the_test_cluster_are_fine() -> None:
    assert told(FACTS) == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (replace(FACTS, dns_namespace=""), "dns_namespace"),
        (replace(FACTS, dns_labels={"k8s..io/app": "dns"}), "dns_labels"),
        (replace(FACTS, dns_labels={f"k{n}": "v" for n in range(5)}), "dns_labels"),
        (replace(FACTS, ranges=("everywhere",)), "ranges"),
        (replace(FACTS, ranges=tuple(f"20.{n}.0.0/16" for n in range(0, 128, 2))), "ranges"),
        (replace(FACTS, group_prefix="system:"), "group_prefix"),
        (replace(FACTS, group_prefix="bulkhead:"), "group_prefix"),
        (replace(FACTS, group_prefix="kubeadm:"), "group_prefix"),
        (replace(FACTS, group_prefix="p" * 120), "group_prefix"),
        (with_source(slug="Nginx"), "slug"),
        (with_source(namespace="in_gress"), "namespace"),
        (with_source(pod_labels={"a..b/x": "y"}), "pod_labels"),
    ],
)
def test_a_fact_that_fits_no_slot_is_told_with_its_field(facts: ClusterFacts, field: str) -> None:
    assert told(facts) == [field]


def test_a_prefix_and_a_group_do_not_together_make_a_group_of_the_platform() -> None:
    assert check_bound_group("cluster-", "admins")
    assert not check_bound_group("oidc:", "admins")


keys = st.sampled_from(KEYS) | st.text("abk8./-_", min_size=1, max_size=12)
labels = st.dictionaries(keys, st.sampled_from(["dns", "", "a b"]), max_size=5)
cidrs = st.lists(st.sampled_from(["10.0.0.0/8", "fd00::/8", "20.0.0.0/16", "0.0.0.0/0", "x"]))


@settings(max_examples=200, deadline=None)
@given(labels, labels, cidrs, st.sampled_from(["", "oidc:", "system:", " "]))
def test_whatever_is_accepted_can_be_rendered_and_read(
    dns: dict[str, str], pods: dict[str, str], ranges: list[str], prefix: str
) -> None:
    source = IngressFacts("ingress-nginx", "ingress-nginx", pods)
    facts = ClusterFacts("dev-eu", "kube-system", dns, tuple(ranges), prefix, {source.slug: source})
    if told(facts):
        return
    ingredients = Ingredients(CATALOGUE, facts, "team-payments")
    for way_out in ((), (INTERNET,), (ANYTHING,)):
        spec = spec_of(openings=(exposed(source.slug, "web", (8080,)), *way_out))
        for planned in build_plan(spec, ingredients).objects:
            if planned.key.kind == "NetworkPolicy":
                read_policy(planned.manifest)
