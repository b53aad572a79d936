"""What pages tell of deviations: from when to when, by whom, what was open, and who knows of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.cluster.errors import Refused
from onboarding.domain.objects import Key
from onboarding.models import Deviation, ManagedNamespace, Request, User
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding, policy
from tests.support.requests import (
    DENY_ALL,
    NAME,
    NAMESPACE,
    approve_all,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    work_on,
)
from tests.web.sights import words

pytestmark = pytest.mark.usefixtures("cast", "cluster")
ClientFor = Callable[[User], Client]
FOREIGN = policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]})
BINDING = binding(NAME, "friends", role="view", group="friends")
QUOTA = Key("ResourceQuota", NAME, "quota")


@pytest.fixture
def start() -> datetime:
    """An hour ago, to the second: pages tell of the last days by the real clock."""
    return timezone.now().replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def namespace(fake: FakeCluster, start: datetime) -> ManagedNamespace:
    fake.now = lambda: start
    return ready(now=start)


def at(start: datetime, minutes: float) -> datetime:
    return start + timedelta(minutes=minutes)


def page_of(row: ManagedNamespace, client: Client, tab: str = "") -> str:
    return words(client.get(f"/namespaces/{row.public_id}/{tab}"))


def test_a_missing_fence_is_told_with_its_bounds_and_what_was_open(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    bob: User,
    client_for: ClientFor,
) -> None:
    fake.remove(DENY_ALL)
    work_on(namespace, now=start + timedelta(minutes=5, seconds=10))
    page = page_of(namespace, client_for(bob))
    assert "NetworkPolicy deny-all was missing and was made again" in page
    assert f"Still as approved at {start:%Y-%m-%d %H:%M:%S} UTC" in page
    assert "5 min 10 s at most" in page
    assert "Who removed it cannot be read from the cluster" in page
    assert "every pod was open, in each direction in which no other policy isolates it" in page


def test_a_change_names_its_writer_and_how_long_it_lasted(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    bob: User,
    client_for: ClientFor,
) -> None:
    fake.now = lambda: at(start, 1)
    fake.tamper(DENY_ALL, lambda tree: tree["spec"].update(egress=[{}]))  # type: ignore[union-attr,call-arg,arg-type]
    work_on(namespace, now=start + timedelta(minutes=4, seconds=48))
    page = page_of(namespace, client_for(bob))
    assert "deny-all was changed outside the portal and put back" in page
    assert "kubectl-edit changed spec.egress" in page
    assert ": 3 min 48 s." in page
    assert "pods may have been open for what nobody approved" in page
    assert "Show the difference" in page
    assert page.index("spec.egress:") < page.index("+ egress:") < page.index("- {}")


def test_it_is_told_for_a_week_or_until_somebody_knows(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    alice: User,
    client_for: ClientFor,
) -> None:
    fake.remove(QUOTA)
    work_on(namespace, now=at(start, 5))
    browser, title = client_for(alice), "ResourceQuota quota was missing"
    assert title in page_of(namespace, browser)
    Deviation.objects.update(ended_at=timezone.now() - timedelta(days=8))
    assert title not in page_of(namespace, browser)
    Deviation.objects.update(ended_at=timezone.now())
    sent = {"deviation": Deviation.objects.get().public_id, "reason": "I tried it."}
    assert browser.post(f"/namespaces/{namespace.public_id}/acknowledge/", sent).status_code == 302
    assert title not in page_of(namespace, browser)


def test_a_fight_is_told_on_the_page_and_at_home(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    alice: User,
    client_for: ClientFor,
) -> None:
    def write(tree: Any) -> None:
        tree["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"

    for minute in range(40, 59, 3):
        fake.tamper(NAMESPACE, write, manager="helm")
        work_on(namespace, now=at(start, minute))
    told = "times in the last hour over label app.kubernetes.io/managed-by."
    assert "Fought with helm" in page_of(namespace, client_for(alice))
    assert told in page_of(namespace, client_for(alice))
    assert told in words(client_for(alice).get("/"))


@pytest.mark.parametrize(("person", "told"), [("alice", True), ("pat", True), ("charlie", False)])
def test_a_loss_stands_at_home_until_it_is_acknowledged(
    *,
    person: str,
    told: bool,
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    cast: dict[str, User],
    client_for: ClientFor,
) -> None:
    fake.remove(NAMESPACE)
    work_on(namespace, now=at(start, 5))
    browser, said = client_for(cast[person]), "was deleted outside the portal"
    assert (said in words(browser.get("/"))) is told
    Deviation.objects.update(acknowledged_at=start)
    assert said not in words(browser.get("/"))


def test_a_loss_is_told_with_both_dates_of_its_making(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    bob: User,
    client_for: ClientFor,
) -> None:
    fake.remove(NAMESPACE)
    namespace = work_on(namespace, now=at(start, 5))
    page = page_of(namespace, client_for(bob))
    assert namespace.state == "ready"
    assert "The namespace was deleted outside the portal and made again empty" in page
    assert "Everything in it was lost" in page
    assert "; deleted outside the portal and made again empty 5" in page


@pytest.fixture
def found(namespace: ManagedNamespace, fake: FakeCluster, start: datetime) -> ManagedNamespace:
    """With a policy and a binding of somebody else in it."""
    fake.put(FOREIGN)
    fake.put(BINDING)
    return work_on(namespace, now=at(start, 5))


def test_no_repair_is_promised_that_nobody_does(
    found: ManagedNamespace, bob: User, client_for: ClientFor
) -> None:
    page = page_of(found, client_for(bob))
    assert "RoleBinding friends is part of no approved plan" in page
    assert "Written by kubectl-create" in page
    assert "Bulkhead leaves it alone" in page
    assert "A worker" not in page


def test_while_a_request_is_open_nobody_is_told_to_ask_for_the_removal(
    found: ManagedNamespace, start: datetime, bob: User, client_for: ClientFor
) -> None:
    assert "a lead can ask to have it removed" in page_of(found, client_for(bob))
    ask_change(found, spec_of(size="medium"), now=at(start, 6))
    page = page_of(found, client_for(bob))
    assert "a lead can ask to have it removed" not in page
    assert "a lead or platform admin can acknowledge it" in page


def test_in_a_retirement_no_repair_is_promised_and_afterwards_nothing_stands(
    found: ManagedNamespace, fake: FakeCluster, start: datetime, bob: User, client_for: ClientFor
) -> None:
    fake.remove(QUOTA)
    Deviation.objects.filter(object_name="friends").update(kind="missing")
    approve_all(ask_removal(found, now=at(start, 6)), now=at(start, 6))
    page = page_of(found, client_for(bob))
    assert "nothing in it is put back any more" in page
    assert "A worker" not in page
    assert work_on(found, now=at(start, 7)).state == "gone"
    page = page_of(found, client_for(bob))
    assert "is part of no approved plan" not in page
    assert "is missing" not in page


def test_a_deletion_after_which_it_was_not_made_again_is_not_told_as_such(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    bob: User,
    client_for: ClientFor,
) -> None:
    fake.remove(NAMESPACE)
    fake.fail_next("create", Refused("Not now.", status=403))
    blocked = work_on(namespace, now=at(start, 5))
    page = page_of(blocked, client_for(bob))
    assert blocked.state == "blocked"
    assert "It is not put back while the namespace is blocked" in page
    assert "A worker makes it again" not in page
    assert "made again empty" not in page


def test_a_lead_asks_for_the_removal_on_the_page(
    found: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    chosen = [row.public_id for row in Deviation.objects.all()]
    sent = {"finding": chosen, "why": "Not ours.", "form_key": "k" * 32}
    url = f"/namespaces/{found.public_id}/ask-removal/"
    answers = [client_for(alice).post(url, sent) for _ in range(2)]
    row = Request.objects.latest("pk")
    assert [answer.headers["Location"] for answer in answers] == [f"/requests/{row.public_id}/"] * 2
    assert (row.kind, len(row.plan["removes"])) == ("change", 2)


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("pat", 403), ("charlie", 404)])
def test_nobody_else_asks_for_it(
    person: str,
    status: int,
    found: ManagedNamespace,
    cast: dict[str, User],
    client_for: ClientFor,
) -> None:
    url = f"/namespaces/{found.public_id}/ask-removal/"
    assert client_for(cast[person]).post(url, {"finding": "x"}).status_code == status


@pytest.fixture
def asked(found: ManagedNamespace, alice: User, client_for: ClientFor) -> Request:
    """Alice's request to remove the binding, sent from the page."""
    first = Deviation.objects.get(object_kind="RoleBinding")
    sent = {"finding": first.public_id, "why": "Not ours.", "form_key": "k" * 32}
    client_for(alice).post(f"/namespaces/{found.public_id}/ask-removal/", sent)
    return Request.objects.latest("pk")


def test_the_approver_sees_what_would_be_removed_and_what_would_stay(
    asked: Request, pat: User, client_for: ClientFor
) -> None:
    page = words(client_for(pat).get(f"/approvals/{asked.public_id}/"))
    assert "Removes RoleBinding friends" in page
    assert "Written by kubectl-create." in page
    stays = page.index("Objects that no approved plan contains stand in this namespace")
    assert "NetworkPolicy let-me-out" in page[stays:]


def test_the_approver_of_any_change_is_told_what_nobody_approved(
    found: ManagedNamespace, pat: User, client_for: ClientFor, start: datetime
) -> None:
    row = ask_change(found, spec_of(size="large"), now=at(start, 6))
    page = words(client_for(pat).get(f"/approvals/{row.public_id}/"))
    assert "RoleBinding friends written by kubectl-create" in page


def test_the_approver_is_told_that_it_is_gone_by_now(
    asked: Request, fake: FakeCluster, pat: User, client_for: ClientFor, start: datetime
) -> None:
    fake.remove(Key("RoleBinding", NAME, "friends"))
    work_on(asked.namespace, now=at(start, 7))  # type: ignore[arg-type]
    page = words(client_for(pat).get(f"/approvals/{asked.public_id}/"))
    assert "It is gone by now" in page


def test_activity_tells_both_ends_in_one_line_each(
    namespace: ManagedNamespace,
    fake: FakeCluster,
    start: datetime,
    bob: User,
    client_for: ClientFor,
) -> None:
    fake.remove(DENY_ALL)
    work_on(namespace, now=at(start, 5))
    page = page_of(namespace, client_for(bob), "activity/")
    assert page.count("ound a difference of payments-prod from what was approved") == 1
    assert page.count("aw a difference of payments-prod from what was approved end") == 1
    assert "NetworkPolicy payments-prod/deny-all created" in page
