"""A session goes on while its person works, ends by the database's clock, and has a last end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.models import User
from onboarding.services.clock import database_now
from onboarding.services.sessions import SessionStore

IDLE, MOST = timedelta(hours=12), timedelta(hours=72)
NOW = timedelta(seconds=5)


@pytest.fixture
def desk(frank: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(frank)


def end() -> datetime:
    return Session.objects.get().expire_date


def ends_in(left: timedelta) -> None:
    """Say when the session ends, as if its person had been idle meanwhile."""
    Session.objects.update(expire_date=database_now() + left)


def began(ago: timedelta) -> None:
    """Say how long ago its person signed in."""
    row = Session.objects.get()
    store = SessionStore(row.session_key)
    store.begin(now=database_now() - ago)
    Session.objects.update(session_data=store.encode(dict(store.items())))


def is_about(found: datetime, wanted: datetime) -> bool:
    return abs(found - wanted) < NOW


def test_a_page_prolongs_it_when_a_good_part_has_passed(desk: Client) -> None:
    ends_in(IDLE / 2)
    desk.get("/")
    assert is_about(end(), database_now() + IDLE)


def test_a_page_a_moment_later_writes_nothing(desk: Client) -> None:
    ends_in(IDLE - timedelta(hours=1))
    with CaptureQueriesContext(connection) as statements:
        desk.get("/")
    assert not [one for one in statements if "UPDATE" in one["sql"]]
    assert is_about(end(), database_now() + IDLE - timedelta(hours=1))


def test_it_has_a_last_end_whatever_its_person_does(desk: Client) -> None:
    began(MOST - timedelta(hours=2))
    ends_in(timedelta(minutes=30))
    desk.get("/")
    desk.post(reverse("session-state"))
    assert is_about(end(), database_now() + timedelta(hours=2))


def test_what_is_stored_in_it_does_not_put_off_the_last_end(desk: Client) -> None:
    began(MOST - timedelta(hours=2))
    session = desk.session
    session["theme"] = "dark"
    session.save()
    assert is_about(end(), database_now() + timedelta(hours=2))


def test_a_session_of_before_the_upgrade_keeps_its_end(desk: Client) -> None:
    session = desk.session
    del session["at_most_until"]
    session.save()
    ends_in(timedelta(hours=1))
    desk.get("/")
    assert is_about(end(), database_now() + timedelta(hours=1))


def test_one_that_has_ended_does_not_come_back(desk: Client) -> None:
    ends_in(-timedelta(seconds=1))
    assert desk.get("/").status_code == 302
    assert end() < database_now()


def test_a_page_that_only_polls_does_not_prolong_it(desk: Client) -> None:
    ends_in(IDLE / 2)
    desk.get(reverse("session-state"), headers={"HX-Request": "true"})
    desk.get("/", headers={"HX-Request": "true"})
    assert is_about(end(), database_now() + IDLE / 2)


def test_to_stay_signed_in_counts_at_once(desk: Client) -> None:
    ends_in(IDLE - timedelta(hours=1))
    state = desk.post(reverse("session-state"), headers={"HX-Request": "true"}).json()
    assert is_about(end(), database_now() + IDLE)
    assert abs(state["left"] - IDLE.total_seconds()) < 5


def test_the_page_says_until_when(desk: Client) -> None:
    html = desk.get("/").content.decode()
    assert f"Signed in until {end():%-d %b %H:%M} at least" in html
    assert 'data-session-left="43' in html


def test_a_page_is_shown_also_where_no_session_can_be_prolonged(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_args: Any, **_kwargs: Any) -> None:
        raise DatabaseError("read-only")

    monkeypatch.setattr(SessionStore, "slide", read_only)
    assert desk.get("/").status_code == 200
