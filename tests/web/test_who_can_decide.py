"""Pages name who can decide each lane, and say when nobody can."""

import html
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Membership, Request, RoleAssignment, Team, User
from tests.support.requests import reject

ClientFor = Callable[[User], Client]
NOBODY = "Nobody can give the security approval: no active person holds the lane."
RESTRICTED = {
    "team": "payments",
    "cluster": "dev-eu",
    "name": "payments-prod",
    "purpose": "Takes payments.",
    "data_class": "restricted",
}


@pytest.fixture
def asked(cluster: Cluster, alice: User, now: datetime) -> Request:
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=now)


def preview(browser: Client, **differing: str) -> str:
    form = browser.get(reverse("request-new")).context["form"]
    answers = {bound.name: bound.value() or "" for bound in form}
    answer = browser.post(reverse("request-preview"), {**answers, **RESTRICTED, **differing})
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("route", ["request-detail", "decision"])
def test_a_request_names_who_can_decide(
    route: str, asked: Request, dana: User, client_for: ClientFor
) -> None:
    gil = User.objects.create_user("gil", password="correct-horse", first_name="Gil")
    gil.role_assignments.create(role="network")
    page = client_for(dana).get(reverse(route, args=[asked.public_id])).content.decode()
    assert "Dana and Gil can decide" in page
    assert "Pat can decide" in page


def test_it_names_neither_inactive_people_nor_the_requester(
    asked: Request, alice: User, dana: User, bob: User, client_for: ClientFor
) -> None:
    alice.role_assignments.create(role="network")
    User.objects.filter(pk=dana.pk).update(is_active=False)
    page = client_for(bob).get(reverse("request-detail", args=[asked.public_id])).content.decode()
    assert "Nobody can decide this now" in page
    assert "Dana can decide" not in page


def test_a_closed_request_asks_nobody(
    asked: Request, pat: User, client_for: ClientFor, now: datetime
) -> None:
    reject(asked, "pat", Lane.PLATFORM, now=now)
    page = client_for(pat).get(reverse("request-detail", args=[asked.public_id])).content.decode()
    assert "can decide" not in page
    assert "not asked at the moment" in page


def test_the_preview_names_them(alice: User, cluster: Cluster, client_for: ClientFor) -> None:
    shown = preview(client_for(alice))
    assert "Erin can decide" in shown
    assert "Complete. You can submit." in shown


def test_the_preview_says_that_nobody_can_and_whom_to_ask(
    alice: User, erin: User, cluster: Cluster, client_for: ClientFor
) -> None:
    User.objects.filter(pk=erin.pk).update(is_active=False)
    shown = preview(client_for(alice))
    assert f"{NOBODY} Ask Pat to appoint somebody." in shown
    assert "This can be sent." not in shown
    assert "Erin can decide" not in shown
    assert NOBODY not in preview(client_for(alice), data_class="internal")


def test_the_form_keeps_what_was_typed_when_nobody_can(
    alice: User, erin: User, cluster: Cluster, client_for: ClientFor
) -> None:
    erin.role_assignments.all().delete()
    browser = client_for(alice)
    form = browser.get(reverse("request-new")).context["form"]
    answers = {bound.name: bound.value() or "" for bound in form}
    answer = browser.post(reverse("request-new"), {**answers, **RESTRICTED, "action": "submit"})
    assert answer.status_code == 422
    assert NOBODY in html.unescape(answer.content.decode())
    assert "Takes payments." in answer.content.decode()


def test_a_member_of_the_team_is_told_why_they_cannot_decide(
    asked: Request, bob: User, client_for: ClientFor
) -> None:
    bob.role_assignments.create(role="platform")
    page = client_for(bob).get(reverse("decision", args=[asked.public_id])).content.decode()
    assert "You are of the team that asks. In this environment only others decide." in page


def test_who_decided_one_lane_is_told_why_not_the_other(
    asked: Request, dana: User, client_for: ClientFor, now: datetime
) -> None:
    dana.role_assignments.create(role="platform")
    approve(asked, "dana", Lane.NETWORK, now=now)
    page = client_for(dana).get(reverse("decision", args=[asked.public_id])).content.decode()
    assert "You decided the network approval. Here one person gives one approval." in page


def test_an_author_with_a_lane_is_told_why_they_cannot_decide(
    asked: Request, pat: User, client_for: ClientFor
) -> None:
    asked.authors.create(person=pat)
    page = client_for(pat).get(reverse("decision", args=[asked.public_id])).content.decode()
    assert "The request comes from you, or from an account with your e-mail address." in page
    assert 'value="approve"' not in page


def test_pats_home_tells_of_a_lane_without_anybody(
    dana: User, pat: User, frank: User, client_for: ClientFor
) -> None:
    assert "Nobody can give" not in client_for(pat).get("/").content.decode()
    User.objects.filter(pk=dana.pk).update(is_active=False)
    assert "Nobody can give network approval" in client_for(pat).get("/").content.decode()
    assert "Nobody can give" not in client_for(frank).get("/").content.decode()


def test_pats_home_tells_of_a_request_that_only_its_author_could_decide(
    asked: Request, alice: User, pat: User, client_for: ClientFor
) -> None:
    RoleAssignment.objects.filter(role="network").delete()
    alice.role_assignments.create(role="network")
    page = client_for(pat).get("/").content.decode()
    assert "payments-prod waits for what only its own author could give: network approval" in page


ONLY_INVITED = {"password": "!never", "last_login": None}


@pytest.mark.parametrize("lost", [{"is_active": False}, ONLY_INVITED], ids=["off", "invited"])
def test_pats_home_and_the_team_pages_tell_of_a_team_without_a_lead(
    alice: User, payments: Team, pat: User, client_for: ClientFor, lost: dict[str, object]
) -> None:
    browser = client_for(pat)
    assert "no active lead" not in browser.get("/").content.decode()
    User.objects.filter(pk=alice.pk).update(**lost)
    assert "payments has no active lead" in browser.get("/").content.decode()
    teams = browser.get(reverse("team-list")).content.decode()
    assert "Nobody active" in teams
    assert "1 team has no active lead" in teams
    assert "Nobody can ask for anything for them" in teams
    team = browser.get(reverse("team-detail", args=[payments.public_id])).content.decode()
    assert "Nobody active leads this team." in team
    assert ("has set no password yet" in team) is (lost == ONLY_INVITED)
    assert Membership.objects.filter(team=payments, role="lead").count() == 1


@pytest.mark.parametrize("teams", [1, 8])
def test_home_takes_as_many_queries_for_many_troubles(
    teams: int, pat: User, cluster: Cluster, client_for: ClientFor
) -> None:
    for number in range(teams):
        Team.objects.create(slug=f"t{number}", access_group=f"g{number}")
    browser = client_for(pat)
    browser.get("/")
    with CaptureQueriesContext(connection) as queries:
        browser.get("/")
    assert len(queries) <= 24
