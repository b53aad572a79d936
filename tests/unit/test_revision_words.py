"""What a revision did, in golden sentences; which paths these are is checked in test_steps."""

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.domain.spec import NamespaceSpec, Scope
from onboarding.plan.model import Removal
from onboarding.queries.revision_words import ApprovedStep, effect_of, moves_of, told_of
from tests.support.requests import NAME, plan_of, spec_of

CLOSED = spec_of(openings=())
INGRESS = "ingress-nginx (app.kubernetes.io/name=ingress-nginx)"


def said(*specs: NamespaceSpec) -> list[str]:
    """What the last of these revisions says."""
    known = [ApprovedStep(spec, plan_of(spec)) for spec in specs]
    moves = moves_of(NAME, known)
    before = known[-2] if len(known) > 1 else None
    return [one.words for one in told_of(before, known[-1], moves[-1])]


def test_a_new_namespace_begins_with_what_it_opens() -> None:
    assert said(spec_of()) == [
        "New namespace: size S, production, internal data",
        f"Opens TCP 8080 from {INGRESS} to app=web, project=payments",
        "Opens TCP 53, UDP 53 from every pod here to kube-system (k8s-app=kube-dns)",
        "Opens every port among project=payments",
    ]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (CLOSED, CLOSED.changed(openings=(WEB,)),
         [f"Opens TCP 8080 from {INGRESS} to app=web, project=payments"]),
        (CLOSED.changed(openings=(WEB,)), CLOSED,
         [f"Closes TCP 8080 from {INGRESS} to app=web, project=payments"]),
        (CLOSED, CLOSED.changed(openings=(INTERNET,)),
         ["Opens TCP 443 from project=payments to public addresses"]),
        (CLOSED, CLOSED.changed(size="medium"), ["Size S → M"]),
        (CLOSED, CLOSED.changed(lifetime_days=30), ["Lifetime no end → 30 days"]),
        (CLOSED, CLOSED.changed(purpose="Another one."), ["Another purpose"]),
        (CLOSED, CLOSED.changed(size="medium", openings=(INTERNET,)),
         ["Opens TCP 443 from project=payments to public addresses", "Size S → M"]),
        (CLOSED, CLOSED, ["Changes nothing: the same was approved again"]),
    ],
)  # fmt: skip
def test_a_change_says_what_it_moves(
    before: NamespaceSpec, after: NamespaceSpec, words: list[str]
) -> None:
    assert said(before, after) == words


def test_open_egress_is_told_without_what_was_open_before() -> None:
    [most, dns] = said(CLOSED, CLOSED.changed(openings=(ANYTHING,)))
    assert most.startswith("Opens every port from project=payments to ")
    assert "any other namespace" in most
    assert dns.startswith("Opens every port except TCP 53, UDP 53 from project=payments to kube-")


def test_another_scope_opens_the_pods_without_the_label() -> None:
    assert any(words.startswith("Opens every port ") for words in
               said(CLOSED, CLOSED.changed(scope=Scope.NAMESPACE)))  # fmt: skip


def test_an_end_is_one_sentence() -> None:
    plan = plan_of(CLOSED)
    gone = ApprovedStep(CLOSED, plan.__class__(plan.cluster, plan.namespace, ()))
    [one] = told_of(ApprovedStep(CLOSED, plan), gone, [])
    assert one.words.startswith("Ends the namespace")


def test_what_is_removed_of_others_is_named() -> None:
    plan = plan_of(CLOSED)
    removing = plan.__class__(
        plan.cluster, plan.namespace, plan.objects, (Removal("NetworkPolicy", "open-house", "1"),)
    )
    told = told_of(ApprovedStep(CLOSED, plan), ApprovedStep(CLOSED, removing), [])
    assert [one.words for one in told] == [
        "Removes NetworkPolicy open-house, which no plan contained"
    ]


def test_an_object_that_no_sentence_tells_of_is_named() -> None:
    plan = plan_of(CLOSED)
    fewer = plan.__class__(
        plan.cluster, plan.namespace, tuple(o for o in plan.objects if o.key.kind != "LimitRange")
    )
    told = told_of(ApprovedStep(CLOSED, plan), ApprovedStep(CLOSED, fewer), [])
    assert [one.words for one in told] == ["Rendered differently: LimitRange limits"]


def test_groups_that_get_in_or_lose_access_are_named() -> None:
    plan = plan_of(CLOSED)
    without = plan.__class__(
        plan.cluster, plan.namespace, tuple(o for o in plan.objects if o.key.kind != "RoleBinding")
    )
    lost = [
        one.words for one in told_of(ApprovedStep(CLOSED, plan), ApprovedStep(CLOSED, without), [])
    ]
    gained = [
        one.words for one in told_of(ApprovedStep(CLOSED, without), ApprovedStep(CLOSED, plan), [])
    ]
    assert "Group team-payments loses access" in lost
    assert "Group team-payments gets in" in gained


def test_what_every_namespace_gets_stands_last_and_apart() -> None:
    known = [ApprovedStep(spec_of(), plan_of(spec_of()))]
    told = told_of(None, known[-1], moves_of(NAME, known)[-1])
    assert [one.is_baseline for one in told] == [False, False, True, True]
    assert "TCP 8080" in told[1].words


def test_what_is_recorded_of_a_revision_leaves_out_what_every_namespace_gets() -> None:
    first, second = (
        ApprovedStep(spec, plan_of(spec)) for spec in (CLOSED, CLOSED.changed(openings=(WEB,)))
    )
    assert effect_of(NAME, None, first) == ["New namespace: size S, production, internal data"]
    assert effect_of(NAME, first, second) == [
        f"Opens TCP 8080 from {INGRESS} to app=web, project=payments"
    ]
