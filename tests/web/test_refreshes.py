"""Rendering anew: what is offered to whom, what is sent, and how it is decided on one page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    ManagedNamespace,
    Refresh,
    Request,
    RoleAssignment,
    Team,
    User,
)
from onboarding.services.outdated import note_outdated
from tests.web.sights import words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
NEW = "/refreshes/new/"


@pytest.fixture
def two(cast: dict[str, User], cluster: Cluster) -> list[ManagedNamespace]:
    """Two namespaces of payments whose access group is another by now."""
    rows = [
        ready(onboarded(demo_spec(name, cluster=cluster.name)))
        for name in ("payments-a", "payments-b")
    ]
    move_group()
    return rows


@pytest.fixture
def sent(client_for: SignIn, alice: User, two: list[ManagedNamespace]) -> Refresh:
    """Alice asked for both."""
    ask(client_for(alice))
    return Refresh.objects.get()


def move_group(group: str = "team-pay") -> None:
    Team.objects.filter(slug="payments").update(access_group=group)
    note_outdated(now=timezone.now())


def move_dns(cluster: Cluster) -> None:
    cluster.facts = {**cluster.facts, "dns_labels": {"k8s-app": "coredns"}}
    cluster.save()
    note_outdated(now=timezone.now())


def ask(browser: Client, **differing: Any) -> Any:
    form = browser.get(NEW).context["form"]
    fields = {
        "namespaces": form["namespaces"].value(),
        "form_key": form["form_key"].value(),
        "reason": "The team has a new group.",
    }
    return browser.post(NEW, fields | differing)


def url(row: Refresh) -> str:
    return f"/refreshes/{row.public_id}/"


def word(browser: Client, row: Refresh, **differing: Any) -> dict[str, Any]:
    """What the page's only form would post."""
    [(offer, _form)] = browser.get(url(row)).context["forms"]
    fields = {"lane": offer.lane.value, "vote": "approve", "digest": offer.digest, "reason": ""}
    return fields | differing


# Asking.


@pytest.mark.parametrize("person", ["alice", "pat"])
def test_leads_and_platform_admins_find_what_is_outdated_and_why(
    client_for: SignIn, cast: dict[str, User], two: list[ManagedNamespace], person: str
) -> None:
    page = words(client_for(cast[person]).get(NEW))
    for expected in ("payments-a", "payments-b", "still gives group team-payments access"):
        assert expected in page


def test_how_they_stand_is_said_to_be_old_where_nobody_looks(
    client_for: SignIn, pat: User, two: list[ManagedNamespace]
) -> None:
    assert "Not looked at lately" not in words(client_for(pat).get(NEW))
    long_ago = timezone.now() - timedelta(hours=2)
    look = {"seen_at": long_ago, "looked_at": long_ago}
    ClusterObservation.objects.update_or_create(cluster=two[0].cluster, defaults=look)
    Cluster.objects.update(last_seen_at=long_ago)
    page = words(client_for(pat).get(NEW))
    assert page.count("Not looked at lately") == len(two)


def test_a_lead_of_another_team_finds_nothing_of_it(
    client_for: SignIn, charlie: User, two: list[ManagedNamespace]
) -> None:
    page = words(client_for(charlie).get(NEW))
    assert "Nothing is outdated" in page
    assert "payments-a" not in page


def test_a_stranger_cannot_ask_for_it_by_its_id_either(
    client_for: SignIn, charlie: User, two: list[ManagedNamespace]
) -> None:
    chosen = [row.public_id for row in two]
    answer = ask(client_for(charlie), namespaces=chosen)
    assert answer.status_code == 422
    assert not Refresh.objects.exists()


@pytest.mark.parametrize("person", ["bob", "dana", "erin", "frank"])
def test_who_may_not_ask_is_refused(
    client_for: SignIn, cast: dict[str, User], two: list[ManagedNamespace], person: str
) -> None:
    assert client_for(cast[person]).get(NEW).status_code == 403
    assert client_for(cast[person]).post(NEW).status_code == 403


@pytest.mark.parametrize("scope", ["team", "cluster", "namespace"])
def test_the_list_is_narrowed_by_where_one_comes_from(
    client_for: SignIn, pat: User, two: list[ManagedNamespace], scope: str
) -> None:
    ids = {
        "team": two[0].team.public_id,
        "cluster": two[0].cluster.public_id,
        "namespace": two[0].public_id,
    }
    page = words(client_for(pat).get(f"{NEW}?{scope}={ids[scope]}"))
    assert "payments-a" in page
    assert ("payments-b" in page) is (scope != "namespace")
    assert "payments-a" not in words(client_for(pat).get(f"{NEW}?{scope}=2222222222"))


def test_asking_sends_one_request_per_namespace_and_shows_them(
    client_for: SignIn, alice: User, two: list[ManagedNamespace]
) -> None:
    answer = ask(client_for(alice))
    refresh = Refresh.objects.get()
    assert answer["Location"] == url(refresh)
    assert refresh.requests.count() == 2
    page = words(client_for(alice).get(url(refresh)))
    for expected in ("The team has a new group.", "payments-a", "payments-b",
                     "Group team-payments : access before, no access after",
                     "You cannot approve your own request"):  # fmt: skip
        assert expected in page


@pytest.mark.parametrize(("field", "value"), [("reason", ""), ("namespaces", [])])
def test_what_is_missing_is_said_at_its_field(
    client_for: SignIn, alice: User, two: list[ManagedNamespace], field: str, value: object
) -> None:
    answer = ask(client_for(alice), **{field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Refresh.objects.exists()


def test_an_unknown_field_is_refused(
    client_for: SignIn, alice: User, two: list[ManagedNamespace]
) -> None:
    assert ask(client_for(alice), team="search").status_code == 400


def test_what_is_asked_for_is_not_offered_again_and_says_why(
    client_for: SignIn, alice: User, sent: Refresh
) -> None:
    answer = client_for(alice).get(NEW)
    assert answer.context["offered"] == 0
    assert "A request for it is open" in words(answer)


# Reading and deciding.


@pytest.mark.parametrize("person", ["alice", "bob", "dana", "erin", "frank", "pat"])
def test_the_team_approvers_and_auditors_read_it(
    client_for: SignIn, cast: dict[str, User], sent: Refresh, person: str
) -> None:
    assert client_for(cast[person]).get(url(sent)).status_code == 200


def test_charlie_does_not_learn_that_it_exists(
    client_for: SignIn, charlie: User, sent: Refresh
) -> None:
    assert client_for(charlie).get(url(sent)).status_code == 404
    assert client_for(charlie).post(url(sent), {"lane": "platform"}).status_code == 404


def test_pat_decides_all_of_them_by_one_word(client_for: SignIn, pat: User, sent: Refresh) -> None:
    browser = client_for(pat)
    assert "Approve all 2 for platform" in words(browser.get(url(sent)))
    answer = browser.post(url(sent), word(browser, sent), follow=True)
    assert "You gave platform approval for 2 requests" in words(answer)
    assert set(sent.requests.values_list("state", flat=True)) == {"approved"}
    assert "Nothing is left to decide together" in words(answer)


def test_the_queue_leads_there(client_for: SignIn, pat: User, dana: User, sent: Refresh) -> None:
    assert url(sent) in client_for(pat).get("/approvals/").content.decode()
    assert url(sent) not in client_for(dana).get("/approvals/").content.decode()


def test_each_request_leads_there_and_cannot_be_returned(
    client_for: SignIn, pat: User, sent: Refresh
) -> None:
    child = sent.requests.get(name="payments-a")
    page = client_for(pat).get(f"/approvals/{child.public_id}/").content.decode()
    assert url(sent) in page
    assert 'value="return"' not in page
    assert 'value="approve"' in page


def test_rejecting_needs_a_reason(client_for: SignIn, pat: User, sent: Refresh) -> None:
    browser = client_for(pat)
    answer = browser.post(url(sent), word(browser, sent, vote="reject"))
    assert answer.status_code == 422
    assert not Decision.objects.filter(request__refresh=sent).exists()
    again = word(browser, sent, vote="reject", reason="Wrong group.")
    assert browser.post(url(sent), again).status_code == 302
    assert set(sent.requests.values_list("state", flat=True)) == {"rejected"}


def test_a_set_that_changed_meanwhile_is_a_409(
    client_for: SignIn, pat: User, sent: Refresh
) -> None:
    browser = client_for(pat)
    said = word(browser, sent)
    move_group("team-paying")
    assert browser.post(url(sent), said).status_code == 409
    page = words(browser.get(url(sent)))
    assert "Cannot be approved any more" in page
    assert not Decision.objects.filter(request__refresh=sent).exists()


@pytest.mark.parametrize("person", ["bob", "dana", "frank"])
def test_who_does_not_hold_the_lane_is_offered_nothing_and_refused(
    client_for: SignIn, cast: dict[str, User], pat: User, sent: Refresh, person: str
) -> None:
    said = word(client_for(pat), sent)
    browser = client_for(cast[person])
    assert 'value="approve"' not in browser.get(url(sent)).content.decode()
    assert browser.post(url(sent), said).status_code == 403


def test_pat_does_not_decide_what_pat_asked(
    client_for: SignIn, pat: User, erin: User, two: list[ManagedNamespace]
) -> None:
    RoleAssignment.objects.create(user=erin, role=RoleAssignment.Role.PLATFORM)
    ask(client_for(pat))
    refresh = Refresh.objects.get()
    said = word(client_for(erin), refresh)
    assert "You cannot approve your own request" in words(client_for(pat).get(url(refresh)))
    assert client_for(pat).post(url(refresh), said).status_code == 403
    assert client_for(erin).post(url(refresh), said).status_code == 302


def test_a_second_account_of_who_asked_is_offered_nothing(
    client_for: SignIn, alice: User, pat: User, sent: Refresh
) -> None:
    EmailAddress.objects.create(user=pat, email=alice.email.upper(), verified=True)
    page = client_for(pat).get(url(sent))
    assert page.context["forms"] == []
    assert "comes from an account with your e-mail address" in words(page)


def test_a_part_whose_namespace_changed_is_told_to_be_rejected(
    client_for: SignIn, pat: User, sent: Refresh
) -> None:
    part = sent.requests.first()
    assert part is not None
    ManagedNamespace.objects.filter(pk=part.namespace_id).update(generation=2)
    page = words(client_for(pat).get(f"/approvals/{part.public_id}/"))
    assert "Reject it; a new request renders it anew" in page
    assert "Return it" not in page
    assert "for platform" not in page


def test_where_a_path_opens_or_closes_each_is_decided_on_its_own_page(
    client_for: SignIn, alice: User, pat: User, two: list[ManagedNamespace], cluster: Cluster
) -> None:
    move_dns(cluster)
    ask(client_for(alice))
    refresh = Refresh.objects.get()
    page = client_for(pat).get(url(refresh)).content.decode()
    assert "A path opens or closes: each decided on its own page" in words(page)
    child = Request.objects.get(refresh=refresh, name="payments-a")
    assert f"/approvals/{child.public_id}/" in page
    assert 'value="approve"' not in page


def test_the_author_can_take_a_part_back_and_nobody_edits_it(
    client_for: SignIn, alice: User, sent: Refresh
) -> None:
    browser, child = client_for(alice), sent.requests.get(name="payments-a")
    page = browser.get(f"/requests/{child.public_id}/").content.decode()
    assert f"/requests/{child.public_id}/edit/" not in page
    assert url(sent) in page
    assert browser.post(f"/requests/{child.public_id}/cancel/").status_code == 302
    assert "Decided or withdrawn" in words(browser.get(url(sent)))


def test_the_author_takes_back_what_is_not_decided(
    client_for: SignIn, alice: User, sent: Refresh
) -> None:
    browser = client_for(alice)
    assert f"{url(sent)}cancel/" in browser.get(url(sent)).content.decode()
    answer = browser.post(f"{url(sent)}cancel/", follow=True)
    assert "2 requests were cancelled" in words(answer)
    assert set(sent.requests.values_list("state", flat=True)) == {"cancelled"}
    assert f"{url(sent)}cancel/" not in answer.content.decode()
    assert browser.post(f"{url(sent)}cancel/").status_code == 409


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("pat", 403), ("charlie", 404)])
def test_nobody_else_takes_it_back(
    client_for: SignIn, cast: dict[str, User], sent: Refresh, person: str, status: int
) -> None:
    browser = client_for(cast[person])
    assert f"{url(sent)}cancel/" not in browser.get(url(sent)).content.decode()
    assert browser.post(f"{url(sent)}cancel/").status_code == status
    assert set(sent.requests.values_list("state", flat=True)) == {"pending"}
