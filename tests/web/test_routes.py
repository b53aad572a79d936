"""Every route for every role, generated from the URLconf: who may is declared, and it holds."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from onboarding.demo.people import DEMO_PEOPLE
from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, ManagedNamespace, Notice, Refresh, Request, Team, User
from onboarding.services.invitations import invitation_link
from onboarding.services.reconcile import reconcile
from onboarding.services.tell import tell_due
from onboarding.urls import urlpatterns
from onboarding.views.access import Who
from tests.support.approval_keys import asked
from tests.support.behind_the_portal import without_guards
from tests.support.fake_cluster import FakeCluster
from tests.support.soft_passkey import SoftPasskey

EVERYBODY = frozenset(person.username for person in DEMO_PEOPLE)
STRANGER = frozenset({"charlie"})
# Who is let in, per declared audience; of the others a stranger must not learn that it exists.
LET_IN = {
    Who.ANYBODY: EVERYBODY,
    Who.SIGNED_IN: EVERYBODY,
    Who.READERS: EVERYBODY - STRANGER,
    Who.LEADS: frozenset({"alice"}),
    Who.TEAM_LEADS: frozenset({"alice", "charlie"}),
    Who.LEADS_AND_ADMINS: frozenset({"alice", "charlie", "pat"}),
    Who.APPROVERS: frozenset({"dana", "erin", "pat"}),
    Who.SIGNERS: frozenset({"dana", "erin", "pat"}),
    Who.AUDITORS: frozenset({"frank", "pat"}),
    Who.PLATFORM_ADMINS: frozenset({"pat"}),
}
# A lead's own action that a platform admin may do too (see services.retry, services.take_over).
ALSO_LET_IN = {
    "namespace-acknowledge": frozenset({"pat"}),
    "namespace-try-again": frozenset({"pat"}),
    "request-close": frozenset({"pat"}),
}
# What is somebody's own, and not of others with the same rights.
NOT_LET_IN = {
    "approval-key-revoke": frozenset({"erin"}),
    "namespace-suggest": EVERYBODY - {"bob"},  # a member's; a lead asks, and others may not
    "notice-open": EVERYBODY - {"dana"},
}
# Asked by our own scripts and by programs, which add to an address what they like; a mail's link.
TAKES_ANY_ADDRESS = frozenset(
    {
        *("request-progress", "request-conversation-lines", "name-check", "system-state"),
        *("session-state", "healthz", "readyz", "metrics", "invitation"),
    }
)
Arguments = dict[str, dict[str, Any]]
OF_AN_OBJECT = {Who.READERS, Who.LEADS}


@pytest.fixture
def arguments(
    cast: dict[str, User], cluster: Cluster, fake: FakeCluster, now: datetime, settings: Any
) -> Arguments:
    """URL arguments of objects that belong to payments, by the route's first word."""
    settings.METRICS_TOKEN = "scrape"  # without one there is no such page
    request = ask(demo_spec("payments-prod", cluster=cluster.name), now=now)
    approve(request, "dana", Lane.NETWORK, now=now)
    approve(request, "pat", Lane.PLATFORM, now=now)
    reconcile("test", clock=lambda: now)
    namespace = ManagedNamespace.objects.get(name="payments-prod")
    waiting = ask(demo_spec("payments-test", cluster=cluster.name), now=now)
    refresh = Refresh.objects.create(
        asked_by=cast["alice"], reason="New group.", form_key="k1", created_at=now
    )
    anew = ask(demo_spec("payments-anew", cluster=cluster.name), now=now)
    with without_guards():
        Request.objects.filter(pk=anew.pk).update(refresh=refresh)
    key = asked("dana", SoftPasskey(), now=now)
    return {
        "request": {"public_id": waiting.public_id},
        "decision": {"public_id": waiting.public_id},
        "namespace": {"public_id": namespace.public_id},
        "refresh": {"public_id": refresh.public_id},
        "cluster": {"public_id": cluster.public_id},
        "team": {"public_id": Team.objects.get(slug="payments").public_id},
        "event": {"form": "csv"},
        "template": {"slug": "allow-dns", "version": "1"},
        "reachability": {"form": "csv"},
        "person": {"person_id": cast["bob"].pk},
        "team-member": {
            "public_id": Team.objects.get(slug="payments").public_id,
            "person_id": cast["bob"].pk,
        },
        "role": {"person_id": cast["dana"].pk},
        "invitation": invited_as(now),
        "approval": {"public_id": key.public_id},
        "notice": {"notice_id": str(_notice_of(cast["dana"], now))},
    }


def invited_as(now: datetime) -> dict[str, str]:
    """The link of somebody who was invited."""
    person = User.objects.create(username="ina", first_name="Ina", email="ina@example.com")
    number, token = invitation_link(person, now=now).strip("/").split("/")[-2:]
    return {"number": number, "token": token}


def _notice_of(person: User, now: datetime) -> int:
    """Something that this person alone was told of."""
    tell_due(now=now)
    return Notice.objects.filter(person=person).latest("id").pk


def routes() -> list[URLPattern]:
    return list(urlpatterns)


def url_of(route: URLPattern, arguments: Arguments) -> str:
    wanted = route.pattern.converters
    name = str(route.name)
    values = arguments.get(name) or arguments.get(name.partition("-")[0], {})
    return reverse(str(route.name), kwargs={name: values[name] for name in wanted})


def open_route(client: Client, url: str) -> HttpResponse:
    answer = client.get(url)
    return client.post(url) if answer.status_code == 405 else answer


def is_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login")


@pytest.mark.parametrize("route", routes(), ids=lambda route: str(route.name))
def test_every_route_declares_who_may_open_it(route: URLPattern) -> None:
    assert isinstance(getattr(route.callback, "access", None), Who)


@pytest.mark.parametrize("route", routes(), ids=lambda route: str(route.name))
def test_everybody_gets_what_the_route_declares(
    route: URLPattern,
    arguments: Arguments,
    cast: dict[str, User],
    client_for: Callable[[User], Client],
) -> None:
    audience = route.callback.access
    let_in = LET_IN[audience] | ALSO_LET_IN.get(str(route.name), frozenset())
    let_in -= NOT_LET_IN.get(str(route.name), frozenset())
    url = url_of(route, arguments)
    for username, person in cast.items():
        answer = open_route(client_for(person), url)
        if username in let_in:
            assert answer.status_code not in {403, 404}, (username, url)
            assert not is_sign_in(answer), (username, url)
        elif audience in OF_AN_OBJECT and username in STRANGER:
            assert answer.status_code == 404, (username, url)
        else:
            assert answer.status_code in {403, 404}, (username, url, answer.status_code)


def test_every_page_refuses_what_it_does_not_know_in_its_address(
    arguments: Arguments, cast: dict[str, User], client_for: Callable[[User], Client]
) -> None:
    answers = {}
    for route in routes():
        name = str(route.name)
        let_in = LET_IN[route.callback.access] - NOT_LET_IN.get(name, frozenset())
        browser = client_for(cast[min(let_in)])
        answers[name] = browser.get(f"{url_of(route, arguments)}?foo=1").status_code
    assert len(answers) > 60
    declared = {str(one.name) for one in routes() if hasattr(one.callback, "takes_forms_only")}
    assert declared == {name for name, status in answers.items() if status == 405}
    lax = {name for name, status in answers.items() if status not in {405, 422}}
    assert lax == TAKES_ANY_ADDRESS


@pytest.mark.parametrize("route", routes(), ids=lambda route: str(route.name))
def test_without_signing_in_only_open_routes_answer(
    route: URLPattern, arguments: Arguments, client: Client
) -> None:
    answer = open_route(client, url_of(route, arguments))
    assert is_sign_in(answer) is (route.callback.access is not Who.ANYBODY)


def test_a_stranger_cannot_tell_a_hidden_request_from_a_missing_one(
    arguments: Arguments, charlie: User, client_for: Callable[[User], Client]
) -> None:
    client = client_for(charlie)
    hidden = client.get(reverse("request-detail", kwargs=arguments["request"]))
    missing = client.get(reverse("request-detail", kwargs={"public_id": "2222222222"}))
    assert (hidden.status_code, missing.status_code) == (404, 404)
    request_ids = [answer.headers["X-Request-Id"].encode() for answer in (hidden, missing)]
    bodies = [
        answer.content.replace(request_id, b"")
        for answer, request_id in zip((hidden, missing), request_ids, strict=True)
    ]
    assert _without_csrf(bodies[0]) == _without_csrf(bodies[1])


def test_a_draft_is_its_authors_alone(
    cast: dict[str, User],
    arguments: Arguments,
    client_for: Callable[[User], Client],
) -> None:
    row = Request.objects.get(public_id=arguments["request"]["public_id"])
    draft = Request.objects.create(
        kind="onboard",
        team=row.team,
        cluster=row.cluster,
        name="payments-draft",
        requester=cast["alice"],
        spec={**row.spec, "name": "payments-draft"},
        plan=row.plan,
        digest=row.digest,
        form_key="a-draft",
        created_at=row.created_at,
    )
    url = reverse("request-detail", kwargs={"public_id": draft.public_id})
    answers = {name: client_for(person).get(url).status_code for name, person in cast.items()}
    assert answers == {name: 200 if name == "alice" else 404 for name in cast}


def _without_csrf(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if b"csrf" not in line.lower()]
