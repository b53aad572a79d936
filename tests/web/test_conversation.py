"""The conversation about a request: on its own page, on the request's and on the decision's."""

from collections.abc import Callable
from datetime import datetime
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.models import Cluster, Event, Request, User
from onboarding.queries.conversation import comments_on
from onboarding.services.comment import comment
from onboarding.services.submit import cancel

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def waiting(cast: dict[str, User], cluster: Cluster, now: datetime) -> Request:
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=now)


@pytest.fixture
def asked(waiting: Request, now: datetime) -> Event:
    return comment(waiting.pk, by=acting("dana"), text="Which <b>pods</b>?", now=now)


def url(row: Request, name: str = "request-conversation") -> str:
    return reverse(name, args=[row.public_id])


def test_who_waits_finds_whom_to_write_to(
    client_for: SignIn, alice: User, dana: User, waiting: Request
) -> None:
    page = client_for(alice).get(url(waiting, "request-detail")).content.decode()
    assert f'href="mailto:{dana.email}"' in page


@pytest.mark.parametrize("at", ["decision", "request"])
def test_who_asked_comes_back_to_the_page_she_asked_on(
    client_for: SignIn, dana: User, waiting: Request, at: str
) -> None:
    answer = client_for(dana).post(url(waiting), {"text": "Which pods?", "at": at})
    page = {"decision": "decision", "request": "request-detail"}[at]
    assert answer.headers["Location"] == f"{url(waiting, page)}#conversation"
    assert [event.note for event in comments_on(waiting)] == ["Which pods?"]


@pytest.mark.parametrize("name", ["decision", "request-detail", "request-conversation"])
def test_both_sides_read_it_as_text(
    client_for: SignIn, cast: dict[str, User], waiting: Request, asked: Event, name: str
) -> None:
    for person in ("alice", "bob", "dana"):
        page = client_for(cast[person]).get(url(waiting, name)).content.decode()
        assert "Which &lt;b&gt;pods&lt;/b&gt;?" in page
        assert "Ask or answer" in page


def test_an_auditor_reads_and_is_told_that_others_write(
    client_for: SignIn, frank: User, waiting: Request, asked: Event
) -> None:
    page = client_for(frank).get(url(waiting, "request-detail")).content.decode()
    assert "You may read." in page
    assert 'name="text"' not in page
    assert client_for(frank).post(url(waiting), {"text": "Hm."}).status_code == 403


def test_what_was_too_long_is_not_lost(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), {"text": "x" * 1001, "at": "decision"})
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "x" * 1001 in page
    assert "these are 1001" in page
    assert "<title>Error" in page


def test_after_the_end_it_is_read_only(
    client_for: SignIn, dana: User, waiting: Request, asked: Event, now: datetime
) -> None:
    cancel(waiting.pk, by=acting("alice"), now=now)
    page = client_for(dana).get(url(waiting)).content.decode()
    assert "What was written stays." in page
    assert 'name="text"' not in page
    assert "hx-get" not in page.partition('id="conversation"')[2]


def test_a_page_that_shows_all_is_left_alone(
    client_for: SignIn, dana: User, waiting: Request, asked: Event
) -> None:
    lines = url(waiting, "request-conversation-lines")
    assert client_for(dana).get(f"{lines}?seen={asked.pk}").status_code == 204
    newer = client_for(dana).get(f"{lines}?seen=0")
    assert "Which &lt;b&gt;pods" in newer.content.decode()


def test_what_another_wrote_is_announced_and_ones_own_is_not(
    client_for: SignIn, cast: dict[str, User], waiting: Request, asked: Event
) -> None:
    lines = url(waiting, "request-conversation-lines")
    assert "data-announce" in client_for(cast["alice"]).get(lines).content.decode()
    assert "data-announce" not in client_for(cast["dana"]).get(lines).content.decode()


def test_the_end_stops_the_asking(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    cancel(waiting.pk, by=acting("alice"), now=now)
    lines = url(waiting, "request-conversation-lines")
    assert client_for(dana).get(f"{lines}?seen=0").status_code == 286


def test_strangers_get_no_word_of_it(
    client_for: SignIn, charlie: User, waiting: Request, asked: Event
) -> None:
    for name in ("request-conversation", "request-conversation-lines"):
        assert client_for(charlie).get(url(waiting, name)).status_code == 404


def test_a_long_conversation_takes_as_many_statements_as_none(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    browser, counted = client_for(dana), []
    for _round in range(2):
        with CaptureQueriesContext(connection) as made:
            browser.get(url(waiting))
        counted.append(len(made))
        for number in range(5):
            comment(waiting.pk, by=acting("alice"), text=f"Line {number}", now=now)
    assert counted[0] == counted[1]
