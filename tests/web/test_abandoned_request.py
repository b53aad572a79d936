"""A request whose requester is gone: everybody is told before the click, and somebody can act."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Membership, Request, User
from onboarding.services.submit import save_draft
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import ask_removal, ready, send_back, wish_of

ClientFor = Callable[[User], Client]


@pytest.fixture
def left(cast: dict[str, User], cluster: Cluster, now: datetime) -> Request:
    """Alice asked and is switched off; Bob leads the team now."""
    request = ask(demo_spec("payments-prod", cluster=cluster.name), now=now)
    bob_follows_alice()
    return request


def bob_follows_alice() -> None:
    User.objects.filter(username="alice").update(is_active=False)
    Membership.objects.filter(user__username="bob").update(role=Membership.Role.LEAD)


def page(client: Client, route: str, row: Request) -> str:
    return client.get(reverse(route, args=[row.public_id])).content.decode()


def test_the_queue_says_it_before_the_click(
    left: Request, dana: User, client_for: ClientFor
) -> None:
    html = client_for(dana).get(reverse("queue")).content.decode()
    assert "The account of Alice is switched off. Return or reject it." in html


def test_the_decision_page_offers_return_and_reject_alone(
    left: Request, dana: User, client_for: ClientFor
) -> None:
    html = page(client_for(dana), "decision", left)
    assert "It cannot be approved as it is, only returned or rejected." in html
    assert "A lead of payments can take it over or close it: Bob." in html
    assert 'value="approve"' not in html
    assert 'value="return"' in html
    assert reverse("request-take-over", args=[left.public_id]) not in html


def test_it_is_said_of_somebody_who_leads_no_longer_too(
    left: Request, alice: User, dana: User, client_for: ClientFor
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert "Nobody stands behind" not in page(client_for(dana), "decision", left)
    alice.memberships.all().delete()
    assert "Alice is no longer a lead of payments." in page(client_for(dana), "decision", left)


def test_without_a_lead_a_platform_admin_is_named(
    left: Request, bob: User, pat: User, client_for: ClientFor
) -> None:
    bob.memberships.all().delete()
    html = page(client_for(pat), "request-detail", left)
    assert "payments has no active lead: a platform admin can close it" in html
    assert reverse("request-close", args=[left.public_id]) in html
    assert reverse("request-take-over", args=[left.public_id]) not in html


def test_a_lead_who_is_only_invited_takes_nothing_over(
    left: Request, bob: User, pat: User, client_for: ClientFor
) -> None:
    User.objects.filter(pk=bob.pk).update(password="!never", last_login=None)
    browser = client_for(pat)
    assert "payments has no active lead" in page(browser, "request-detail", left)
    assert "close it, or give payments a lead" in browser.get("/").content.decode()


def test_bob_takes_it_over_edits_it_and_sends_it(
    left: Request, bob: User, client_for: ClientFor
) -> None:
    browser = client_for(bob)
    assert "Take it over" in page(browser, "request-detail", left)
    answer = browser.post(reverse("request-take-over", args=[left.public_id]), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("request-edit", args=[left.public_id])
    assert "Taken over, not sent again yet" in answer.content.decode()
    form = {name: field.value() or "" for name, field in fields_of(answer).items()}
    sent = browser.post(answer.request["PATH_INFO"], {**form, "action": "submit"})
    assert sent.status_code == 302
    left.refresh_from_db()
    assert (left.state, left.requester) == ("pending", bob)


def fields_of(answer: object) -> dict[str, object]:
    form = answer.context["form"]  # type: ignore[attr-defined]
    return {bound.name: bound for bound in form}


def test_a_removal_is_taken_over_on_its_own_page(
    fake: FakeCluster, bob: User, cluster: Cluster, client_for: ClientFor, now: datetime
) -> None:
    row = ask_removal(ready(now=now), now=now)
    bob_follows_alice()
    take_over = reverse("request-take-over", args=[row.public_id])
    answer = client_for(bob).post(take_over, follow=True)
    assert row.namespace is not None
    assert answer.redirect_chain[-1][0] == reverse(
        "namespace-retire", args=[row.namespace.public_id]
    )


def test_bob_finds_it_on_his_home_and_it_goes_when_he_acts(
    left: Request, bob: User, client_for: ClientFor
) -> None:
    browser = client_for(bob)
    assert "payments-prod: take it over or close it" in browser.get("/").content.decode()
    browser.post(reverse("request-take-over", args=[left.public_id]))
    html = browser.get("/").content.decode()
    assert "take it over or close it" not in html
    assert "payments-prod waits for you to send it again" in html


def test_pat_closes_it_with_a_reason_that_the_team_reads(
    left: Request, pat: User, bob: User, client_for: ClientFor
) -> None:
    close = reverse("request-close", args=[left.public_id])
    refused = client_for(pat).post(close, {"reason": " "})
    assert refused.status_code == 422
    assert "This field is required" in refused.content.decode()
    assert client_for(pat).post(close, {"reason": "She left."}).status_code == 302
    html = page(client_for(bob), "request-detail", left)
    assert "Pat: <q>She left.</q>" in html


def test_a_returned_one_is_no_dead_end(
    left: Request, bob: User, client_for: ClientFor, now: datetime
) -> None:
    send_back(left, "dana", Lane.NETWORK, now=now)
    html = page(client_for(bob), "request-detail", left)
    assert "It cannot be sent again as it is." in html
    assert "Take it over" in html


@pytest.mark.parametrize("person", ["dana", "frank"])
def test_readers_get_no_buttons(
    person: str, left: Request, cast: dict[str, User], client_for: ClientFor
) -> None:
    html = page(client_for(cast[person]), "request-detail", left)
    assert "Nobody stands behind this request any more" in html
    assert "take-over/" not in html
    assert "close/" not in html


def test_a_draft_of_somebody_who_left_is_nobodys(
    bob: User, cluster: Cluster, client_for: ClientFor, now: datetime
) -> None:
    spec = demo_spec("payments-prod", cluster=cluster.name)
    draft = save_draft(wish_of(spec), by=acting("alice"), form_key="d", now=now)
    bob_follows_alice()
    take_over = reverse("request-take-over", args=[draft.public_id])
    assert client_for(bob).post(take_over).status_code == 404
    assert "take it over" not in client_for(bob).get("/").content.decode()


def test_somebody_who_leads_no_longer_gets_no_edit_button(
    left: Request, alice: User, client_for: ClientFor, now: datetime
) -> None:
    send_back(left, "dana", Lane.NETWORK, now=now)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert reverse("request-edit", args=[left.public_id]) in page(
        client_for(alice), "request-detail", left
    )
    alice.memberships.update(role=Membership.Role.MEMBER)
    assert reverse("request-edit", args=[left.public_id]) not in page(
        client_for(alice), "request-detail", left
    )
