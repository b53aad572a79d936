"""Believe only what the server stored: each guard, with what would get past without it.

READY is the product's word, so each comparison with what is stored is tried by a cluster that
stores something else than it was sent, or that changes between two calls of one run.
"""

from datetime import datetime

import pytest

from onboarding.domain.objects import Key, Manifest, branch, copied, text
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    approve_all,
    ask_change,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")

DNS = Key("NetworkPolicy", NAME, "allow-dns")
EXPOSURE = Key("NetworkPolicy", NAME, "allow-ingress-ingress-nginx")


def ingress_only(tree: Manifest) -> None:
    branch(tree, "spec")["policyTypes"] = ["Ingress"]


def no_egress(tree: Manifest) -> None:
    branch(tree, "spec")["egress"] = []


def privileged(tree: Manifest) -> None:
    branch(tree, "metadata", "labels")["pod-security.kubernetes.io/enforce"] = "privileged"


def test_a_fence_that_is_changed_after_it_was_applied_is_not_believed(
    fake: FakeCluster, now: datetime
) -> None:
    fake.meanwhile("get", lambda key: key == DENY_ALL, lambda: fake.tamper(DENY_ALL, ingress_only))
    done = work_on(wanted(now=now), now=now)
    assert (done.state, done.reason) == ("blocked", "not-as-planned")
    assert BINDING not in fake.objects


def test_a_fence_that_is_gone_when_read_back_is_not_believed(
    fake: FakeCluster, now: datetime
) -> None:
    fake.meanwhile("get", lambda key: key == DENY_ALL, lambda: fake.remove(DENY_ALL))
    done = work_on(wanted(now=now), now=now)
    assert (done.state, done.reason) == ("blocked", "not-as-planned")


def test_a_policy_that_is_rewritten_on_its_way_in_is_not_believed(
    fake: FakeCluster, now: datetime
) -> None:
    fake.rewrites[DNS] = no_egress
    done = work_on(wanted(now=now), now=now)
    assert (done.state, done.reason) == ("blocked", "not-as-planned")
    assert "allow-dns" in done.message
    assert BINDING not in fake.objects


def test_a_namespace_that_is_rewritten_on_its_way_in_is_not_believed_but_remembered(
    fake: FakeCluster, now: datetime
) -> None:
    fake.rewrites[NAMESPACE] = privileged
    done = work_on(wanted(now=now), now=now)
    assert (done.state, done.reason) == ("blocked", "not-as-planned")
    assert done.uid == text(fake.objects[NAMESPACE], "metadata", "uid")


def test_what_is_changed_before_the_last_look_is_not_ready(
    fake: FakeCluster, now: datetime
) -> None:
    def open_up() -> None:
        fake.tamper(DNS, no_egress)

    def when_listed_again() -> None:
        fake.meanwhile("list", lambda key: key.kind == "NetworkPolicy", open_up)

    fake.meanwhile("get", lambda key: key == DENY_ALL, when_listed_again)
    done = work_on(wanted(now=now), now=now)
    assert (done.state, done.ready_at) == ("retrying", None)
    assert "allow-dns was changed while it was being verified" in done.message


def test_what_took_the_name_of_an_object_meanwhile_is_not_removed(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    approve_all(ask_change(namespace, spec_of(openings=()), now=now), now=now)

    def swap() -> None:
        theirs = copied(fake.objects[EXPOSURE])
        branch(theirs, "metadata")["uid"] = "somebody-elses"
        fake.objects[EXPOSURE] = theirs

    fake.meanwhile("delete", lambda key: key == EXPOSURE, swap)
    assert work_on(namespace, now=now).state == "retrying"
    assert text(fake.objects[EXPOSURE], "metadata", "uid") == "somebody-elses"
