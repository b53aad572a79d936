"""What pages say of a namespace that came back, was never created, or is newer on its cluster."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain.lanes import Lane
from onboarding.domain.objects import Manifest, branch
from onboarding.models import Cluster, ManagedNamespace, Request, User
from onboarding.services.observe import observe
from tests.support.came_back import (
    changed_and_forgotten,
    removal_of,
    restore,
    saved_of,
    until_ended,
)
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding
from tests.support.requests import (
    DENY_ALL,
    NAME,
    approve_all,
    ask_removal,
    ready,
    send_back,
    wanted,
    work_on,
)
from tests.web.sights import words

pytestmark = pytest.mark.usefixtures("cast", "cluster")

ClientFor = Callable[[User], Client]


@pytest.fixture
def restored(fake: FakeCluster, now: datetime, cast: object, cluster: Cluster) -> ManagedNamespace:
    """READY, then restored from a backup with an older fence and a stray binding."""
    namespace = ready(now=now)
    saved = saved_of(fake)
    branch(saved[DENY_ALL], "spec")["egress"] = [{}]
    restore(fake, saved)
    fake.put(binding(NAME, "friends", role="view", group="friends"))
    return work_on(namespace, now=now)


def page(client: Client, row: ManagedNamespace | Request, route: str) -> str:
    answer = client.get(reverse(route, args=[row.public_id]))
    assert answer.status_code == 200, answer.content.decode()[:300]
    return words(answer)


def asked(client: Client, row: ManagedNamespace) -> Request:
    key = uuid.uuid4().hex
    sent = {"why": "It came back with the backup.", "form_key": key}
    answer = client.post(reverse("namespace-adopt", args=[row.public_id]), sent)
    assert answer.status_code == 302
    return Request.objects.get(kind="adopt")


def test_a11_alice_is_offered_to_take_it_over_and_sees_how_it_differs(
    restored: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    client = client_for(alice)
    assert "Take over again" in page(client, restored, "namespace-detail")
    shown = page(client, restored, "namespace-adopt")
    assert "it was restored from a backup" in shown
    assert "spec.egress : [{}] would become absent" in shown
    assert f"RoleBinding {NAME}/friends" in shown
    assert "Network" in shown


def test_a11_dana_decides_on_the_same_differences(
    restored: ManagedNamespace, alice: User, dana: User, client_for: ClientFor
) -> None:
    request = asked(client_for(alice), restored)
    shown = page(client_for(dana), request, "decision")
    assert f"Take over {NAME} again" in shown
    assert "spec.egress : [{}] would become absent" in shown
    assert str((restored.found or {})["uid"]) in shown
    assert "Every pod may reach any address on every port. Removes" in shown
    assert "Object What approval does to it Fields that differ" in shown


def test_the_request_promises_no_difference_that_only_approvers_see(
    restored: ManagedNamespace, alice: User, client_for: ClientFor
) -> None:
    client = client_for(alice)
    shown = page(client, asked(client, restored), "request-detail")
    assert "stands above" not in shown
    assert "Approvers see what would change on the cluster" in shown


def test_what_was_decided_still_shows_what_was_found(
    restored: ManagedNamespace, alice: User, frank: User, client_for: ClientFor, now: datetime
) -> None:
    request = approve_all(asked(client_for(alice), restored), now=now)
    work_on(restored, now=now)
    shown = page(client_for(frank), request, "decision")
    assert "it was restored from a backup" in shown
    assert "spec.egress" in shown


@pytest.mark.parametrize("username", ["pat", "bob", "frank"])
def test_others_see_who_may_ask(
    restored: ManagedNamespace, cast: dict[str, User], client_for: ClientFor, username: str
) -> None:
    shown = page(client_for(cast[username]), restored, "namespace-detail")
    assert "Alice can ask to take it over again" in shown
    assert "Take over again" not in shown


@pytest.mark.parametrize(("username", "status"), [("bob", 403), ("pat", 403), ("charlie", 404)])
def test_only_a_lead_opens_the_page(
    restored: ManagedNamespace,
    cast: dict[str, User],
    client_for: ClientFor,
    username: str,
    status: int,
) -> None:
    url = reverse("namespace-adopt", args=[restored.public_id])
    assert client_for(cast[username]).get(url).status_code == status
    assert client_for(cast[username]).post(url, {"form_key": "0" * 32}).status_code == status


def test_what_is_ready_cannot_be_taken_over(
    fake: FakeCluster, now: datetime, alice: User, client_for: ClientFor
) -> None:
    url = reverse("namespace-adopt", args=[ready(now=now).public_id])
    assert client_for(alice).get(url).status_code == 409


def test_a_returned_adoption_is_sent_again_from_its_own_page(
    restored: ManagedNamespace, alice: User, client_for: ClientFor, now: datetime
) -> None:
    client = client_for(alice)
    request = asked(client, restored)
    send_back(request, "dana", Lane.NETWORK, now=now)
    answer = client.get(reverse("request-edit", args=[request.public_id]))
    assert answer.headers["Location"] == reverse("namespace-adopt", args=[restored.public_id])
    assert asked(client, restored).state == "pending"


def test_an_adoption_that_is_no_longer_there_says_so_before_the_click(
    *,
    restored: ManagedNamespace,
    fake: FakeCluster,
    alice: User,
    pat: User,
    client_for: ClientFor,
    now: datetime,
) -> None:
    request = asked(client_for(alice), restored)
    restore(fake, saved_of(fake))
    work_on(restored, now=now)
    assert "cannot be approved as it is" in page(client_for(pat), request, "decision")


def test_a11_the_approver_of_a_removal_reads_that_what_was_restored_goes(
    restored: ManagedNamespace, alice: User, pat: User, client_for: ClientFor, now: datetime
) -> None:
    assert "by this uid" in page(client_for(alice), restored, "namespace-retire")
    request = ask_removal(restored, now=now)
    shown = page(client_for(pat), request, "decision")
    assert "What would be removed is not the namespace Bulkhead made." in shown
    assert str((restored.found or {})["uid"]) in shown


def test_b4_pages_say_that_the_cluster_is_newer_and_what_to_do(
    fake: FakeCluster, alice: User, pat: User, client_for: ClientFor, now: datetime
) -> None:
    row = work_on(changed_and_forgotten(fake, now), now=now)
    shown = page(client_for(alice), row, "namespace-detail")
    assert "is of generation 2, by REQ-" in shown
    assert "find out whether the portal’s database was restored" in shown
    assert "Ready" not in shown.partition("Overview")[0]
    assert "is blocked: the cluster holds something newer" in words(
        client_for(pat).get(reverse("home"))
    )


def test_a5b_never_created_has_its_own_words_on_both_pages(
    fake: FakeCluster, alice: User, client_for: ClientFor, now: datetime
) -> None:
    theirs: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}}
    fake.put(theirs)
    row = work_on(removal_of(work_on(wanted(now=now), now=now), now), now=now)
    removal = Request.objects.get(kind="retire")
    for shown in (
        page(client_for(alice), removal, "request-detail"),
        page(client_for(alice), row, "namespace-detail"),
    ):
        assert "ever created" in shown
        assert "belongs to somebody else, and was not touched" in shown
        assert "is gone from" not in shown


def test_b6_what_lives_again_is_on_the_homes_of_leads_and_platform_admins(
    *,
    fake: FakeCluster,
    alice: User,
    pat: User,
    client_for: ClientFor,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namespace = ready(now=now)
    saved = saved_of(fake)
    until_ended(removal_of(namespace, now), now)
    restore(fake, saved)
    Cluster.objects.update(credential=b"sealed")
    monkeypatch.setattr("onboarding.services.observe.open_gateway", lambda _cluster: fake)
    later = now + timedelta(hours=1)
    assert observe(namespace.cluster_id, clock=lambda: later)
    assert "is blocked: removed, and there again" in words(client_for(pat).get(reverse("home")))
    assert "is blocked: removed, and there again" in words(client_for(alice).get(reverse("home")))
    shown = page(client_for(alice), namespace, "namespace-detail")
    assert "the approved removal then runs anew" in shown
    assert "Try again" in shown
