"""What somebody is writing is kept while they type: theirs alone, offered again, gone when sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, Event, Request, StartedForm, User
from onboarding.services.clock import database_now
from onboarding.services.kept_forms import MOST_CHARACTERS, MOST_STARTED, STARTED_FOR, note_started
from tests.web.sights import words
from tests.web.test_request_form import NEW, answers

ClientFor = Callable[[User], Client]
KEEP = reverse("started-form")


@pytest.fixture
def desk(alice: User, cluster: Cluster, client_for: ClientFor) -> Client:
    return client_for(alice)


def typing(desk: Client, url: str = KEEP, **differing: Any) -> str:
    """Let the page keep what stands in it, as its script does."""
    return desk.post(url, answers(action=None, **differing)).content.decode()


def test_what_is_typed_is_kept_and_offered_on_coming_back(desk: Client) -> None:
    assert "Kept for you at" in typing(desk, purpose="Half a sen", ports="80, x")
    html = desk.get(NEW).content.decode()
    assert "You began this" in html
    assert "Half a sen" not in html
    again = desk.get(NEW, {"go_on": "1"}).content.decode()
    assert "Half a sen</textarea>" in again
    assert 'value="80, x"' in again
    assert "error-summary" not in again


def test_it_is_no_request_and_no_event(desk: Client) -> None:
    events = Event.objects.count()
    typing(desk)
    assert (Request.objects.count(), Event.objects.count()) == (0, events)


def test_one_row_for_one_form_whatever_is_typed(desk: Client) -> None:
    typing(desk, purpose="One")
    began = StartedForm.objects.get().began_at
    typing(desk, purpose="Two")
    row = StartedForm.objects.get()
    assert (row.began_at, dict(row.fields)["purpose"]) == (began, "Two")


def test_an_untouched_form_is_not_begun(desk: Client) -> None:
    assert typing(desk, name="", purpose="").strip() == ""
    assert not StartedForm.objects.exists()


def test_it_is_nobody_elses(desk: Client, charlie: User, client_for: ClientFor) -> None:
    typing(desk)
    html = client_for(charlie).get(NEW, {"go_on": "1"}).content.decode()
    assert "payments-prod" not in html
    assert "You began this" not in html


def test_it_can_be_discarded(desk: Client) -> None:
    typing(desk)
    assert desk.post(reverse("started-form-discard"), {}).headers["Location"] == NEW
    assert "You began this" not in desk.get(NEW).content.decode()


@pytest.mark.parametrize("action", ["submit", "draft"])
def test_what_was_sent_or_saved_is_not_offered_again(desk: Client, action: str) -> None:
    typing(desk)
    desk.post(NEW, answers(action=action))
    assert not StartedForm.objects.exists()


def test_a_form_in_error_stays_kept(desk: Client) -> None:
    typing(desk)
    assert desk.post(NEW, answers(ports="x")).status_code == 422
    assert StartedForm.objects.exists()


def test_each_draft_has_its_own_and_notices_what_was_saved_meanwhile(desk: Client) -> None:
    desk.post(NEW, answers(action="draft"))
    row = Request.objects.get()
    edit = reverse("request-edit", args=[row.public_id])
    typing(desk, f"{KEEP}?request={row.public_id}", purpose="Typed.", version=row.digest)
    assert "You began this" not in desk.get(NEW).content.decode()
    desk.post(edit, answers(action="draft", purpose="Saved.", form_key="b" * 32))
    typing(desk, f"{KEEP}?request={row.public_id}", purpose="Typed.", version=row.digest)
    html = desk.get(edit, {"go_on": "1"}).content.decode()
    assert f'name="version" value="{row.digest}"' in html
    late = answers(version=row.digest, purpose="Typed.", form_key="c" * 32)
    assert desk.post(edit, late).status_code == 409
    assert Request.objects.get().state == RequestState.DRAFT


def test_nobody_keeps_words_beside_the_draft_of_another(
    desk: Client, charlie: User, client_for: ClientFor
) -> None:
    desk.post(NEW, answers(action="draft"))
    url = f"{KEEP}?request={Request.objects.get().public_id}"
    assert client_for(charlie).post(url, answers(action=None)).status_code == 404


def test_what_is_too_long_is_said_while_it_can_still_be_saved(desk: Client) -> None:
    html = typing(desk, purpose="x" * (MOST_CHARACTERS + 1))
    assert "too long to be kept while you type" in words(html)
    assert not StartedForm.objects.exists()


def test_a_field_the_form_does_not_have_is_refused(desk: Client) -> None:
    assert desk.post(KEEP, answers(action=None, access_group="x")).status_code == 400


def test_old_ones_are_dropped_and_a_person_has_so_many_at_most(desk: Client, alice: User) -> None:
    now = database_now()
    typing(desk)
    StartedForm.objects.update(kept_at=now - STARTED_FOR - timedelta(days=1))
    assert "You began this" not in desk.get(NEW).content.decode()
    for number in range(MOST_STARTED + 3):
        note_started(alice.pk, f"form {number}", [("name", "x")], now=now)
    assert StartedForm.objects.count() == MOST_STARTED
    assert not StartedForm.objects.filter(form="new").exists()
