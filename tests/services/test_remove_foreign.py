"""Objects of others go by request only: asked for, decided as shown, removed by their uid."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.objects import Key, Manifest
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import Event, ManagedNamespace, Request
from onboarding.plan.digest import digest_of
from onboarding.plan.model import Plan, Removal, dump_plan, load_plan
from onboarding.queries.deviations import standing_foreign
from onboarding.queries.subjects import subject_of
from onboarding.services.preview import change_wish, removal_wish
from onboarding.services.submit import submit
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding, policy
from tests.support.requests import NAME, approve_all, ask_change, ready, spec_of, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")
POLICY = policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]})
BINDING = binding(NAME, "friends", role="view", group="friends")
POLICY_KEY = Key("NetworkPolicy", NAME, "let-me-out")
BINDING_KEY = Key("RoleBinding", NAME, "friends")


@pytest.fixture
def namespace(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(now=now)


def beside(namespace: ManagedNamespace, fake: FakeCluster, now: datetime, *of: Manifest) -> None:
    for manifest in of:
        fake.put(manifest)
    work_on(namespace, now=now)


def ask(namespace: ManagedNamespace, now: datetime) -> Request:
    wish = removal_wish(namespace, standing_foreign(namespace), why="It is time.")
    return submit(wish, by=acting("alice"), form_key="removal", now=now)


def told() -> list[Any]:
    events = Event.objects.filter(action="cluster:phase:done").order_by("id")
    bodies = [json.loads(bytes(event.canonical))["body"] for event in events]
    return [change for body in bodies for change in body["changes"]]


def test_what_was_approved_to_go_is_removed_and_the_rest_stays(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY, BINDING)
    approve_all(ask(namespace, now), now=now)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.observed_generation) == ("ready", 2)
    deleted = [key for verb, key in fake.writes if verb == "delete"]
    assert deleted == [POLICY_KEY, BINDING_KEY]
    assert not standing_foreign(namespace).exists()
    assert {"object": str(POLICY_KEY), "outcome": "removed"} in told()


def test_nothing_goes_before_it_is_approved(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    ask(namespace, now)
    assert work_on(namespace, now=now).state == "drifted"
    assert POLICY_KEY in fake.objects


def test_another_object_of_its_name_is_left_alone_and_that_is_said(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    approve_all(ask(namespace, now), now=now)
    fake.remove(POLICY_KEY)
    fake.put(POLICY)
    assert work_on(namespace, now=now).state == "drifted"
    assert POLICY_KEY in fake.objects
    [left] = [one for one in told() if one["object"] == str(POLICY_KEY)]
    assert left["outcome"].startswith("left alone")


def test_what_is_gone_by_now_is_no_trouble(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    approve_all(ask(namespace, now), now=now)
    fake.remove(POLICY_KEY)
    assert work_on(namespace, now=now).state == "ready"


def test_a_policy_of_others_is_the_network_approvers_matter(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    assert {*ask(namespace, now).lanes.values_list("lane", flat=True)} == {"network", "platform"}


def test_only_what_stands_there_can_be_asked_to_go(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    wish = change_wish(
        namespace,
        spec_of(),
        removes=(Removal("NetworkPolicy", "let-me-out", "another-uid"),),
        why="It is time.",
    )
    with pytest.raises(Conflict, match="gone or was changed"):
        submit(wish, by=acting("alice"), form_key="removal", now=now)
    with pytest.raises(Invalid, match="Choose"):
        removal_wish(namespace, [], why="It is time.")


def test_the_approval_binds_what_goes(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    row = ask(namespace, now)
    plan = load_plan(row.plan)
    assert [removal.name for removal in plan.removes] == ["let-me-out"]
    assert plan.digest != plan.without_removals().digest
    without = replace(subject_of(row), plan=dump_plan(plan.without_removals()))
    assert row.digest == subject_of(row).digest != without.digest


def test_a_plan_that_removes_nothing_keeps_its_digest_and_its_form() -> None:
    plan = Plan("dev-eu", NAME, ())
    assert "removes" not in dump_plan(plan)
    form: Manifest = {"v": 1, "cluster": "dev-eu", "namespace": NAME, "objects": []}
    assert plan.digest == digest_of(form)


def test_a_change_after_a_removal_removes_nothing_more(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    beside(namespace, fake, now, POLICY)
    approve_all(ask(namespace, now), now=now)
    namespace = work_on(namespace, now=now)
    row = ask_change(namespace, spec_of(size="large"), now=now)
    assert load_plan(row.plan).removes == ()
