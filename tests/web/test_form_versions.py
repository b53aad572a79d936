"""Two tabs, and the way back: nothing is overwritten unseen, nothing that was typed is dropped."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import approve, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, ManagedNamespace, Request, User, Vote
from onboarding.services import submit
from onboarding.services.clock import database_now
from onboarding.services.preview import NamespaceWish, Preview, preview
from tests.web.sights import words
from tests.web.stories import changed, onboarded, ready
from tests.web.test_request_form import NEW, answers

ClientFor = Callable[[User], Client]
FIXED = ("team", "cluster", "environment", "name", "project")


@pytest.fixture
def desk(alice: User, cluster: Cluster, client_for: ClientFor) -> Client:
    return client_for(alice)


@pytest.fixture
def draft(desk: Client) -> str:
    """The address at which Alice edits a draft of hers."""
    desk.post(NEW, answers(action="draft"))
    return reverse("request-edit", args=[Request.objects.get().public_id])


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"(?: value="([^"]*)")?', html)
    assert found, name
    return unescape(found[1] or "")


def opened(desk: Client, url: str, **differing: Any) -> dict[str, Any]:
    """Open the form in a tab and fill it in."""
    html = desk.get(url).content.decode()
    proofs = {name: hidden(html, name) for name in ("form_key", "version")}
    return answers(**differing) | proofs


def resent(desk: Client, url: str, tab: dict[str, Any], shown: HttpResponse) -> HttpResponse:
    """Send what the answer's form holds, once more."""
    html = shown.content.decode()
    return desk.post(url, tab | {name: hidden(html, name) for name in ("form_key", "version")})


def test_the_second_tab_overwrites_nothing_and_loses_nothing(desk: Client, draft: str) -> None:
    one = opened(desk, draft, action="draft", purpose="Of the first tab.")
    two = opened(desk, draft, action="draft", purpose="Of the second tab.")
    desk.post(draft, one)
    shown = desk.post(draft, two)
    assert shown.status_code == 409
    assert Request.objects.get().wanted.purpose == "Of the first tab."
    text = words(shown.content.decode())
    assert "was saved meanwhile" in text
    assert "Purpose Of the first tab. Of the second tab." in text
    assert ">\nOf the second tab.</textarea>" in shown.content.decode()


def test_knowing_it_one_sends_the_form_again(desk: Client, draft: str) -> None:
    one, two = (opened(desk, draft, action="draft", purpose=text) for text in ("First.", "Second."))
    desk.post(draft, one)
    again = resent(desk, draft, two, desk.post(draft, two))
    assert again.status_code == 302
    assert Request.objects.get().wanted.purpose == "Second."


def test_two_tabs_at_the_same_instant_are_told_apart_by_the_row(
    desk: Client, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (opened(desk, draft, action="draft", purpose=text) for text in ("First.", "Second."))

    def while_the_other_is_stored(wish: NamespaceWish) -> Preview:
        monkeypatch.setattr(submit, "preview", preview)
        assert desk.post(draft, one).status_code == 302
        return preview(wish)

    monkeypatch.setattr(submit, "preview", while_the_other_is_stored)
    shown = desk.post(draft, two)
    assert shown.status_code == 409
    assert "Second.</textarea>" in shown.content.decode()
    assert Request.objects.get().wanted.purpose == "First."


def test_a_request_that_was_sent_from_the_other_tab_keeps_the_words(
    desk: Client, draft: str
) -> None:
    one, two = opened(desk, draft), opened(desk, draft, purpose="Typed in the second tab.")
    desk.post(draft, one)
    shown = desk.post(draft, two, headers={"Origin": "http://testserver"})
    assert shown.status_code == 409
    assert "Typed in the second tab." in shown.content.decode()


@pytest.fixture
def home(desk: Client) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster="dev-eu")))


def change_of(tab: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tab.items() if name not in FIXED} | {"why": "Load."}


def test_a_change_that_took_effect_meanwhile_is_shown_before_it_is_undone(
    desk: Client, home: ManagedNamespace
) -> None:
    url = reverse("namespace-change", args=[home.public_id])
    tab = change_of(opened(desk, url, size="large"))
    changed(home, demo_spec("payments-prod", cluster="dev-eu").changed(openings=(WEB, INTERNET)))
    shown = desk.post(url, tab)
    assert shown.status_code == 409
    text = words(shown.content.decode())
    assert "payments-prod was changed meanwhile" in text
    assert "What it may reach outside Internet HTTPS Nothing" in text


def test_a_change_in_two_tabs_keeps_the_words_of_the_second(
    desk: Client, home: ManagedNamespace
) -> None:
    url = reverse("namespace-change", args=[home.public_id])
    one, two = (change_of(opened(desk, url, size=size)) for size in ("large", "medium"))
    assert desk.post(url, one).status_code == 302
    shown = desk.post(url, two | {"purpose": "Typed in the second tab."})
    assert shown.status_code == 409
    assert "Typed in the second tab." in shown.content.decode()


def test_the_same_form_with_other_answers_is_said_and_not_swallowed(desk: Client) -> None:
    desk.post(NEW, answers())
    label = Request.objects.get().label
    shown = desk.post(NEW, answers(name="payments-live", size="large"))
    text = words(shown.content.decode())
    assert (shown.status_code, Request.objects.count()) == (409, 1)
    assert f"You already sent this form as {label}" in text
    assert "Namespace name payments-prod payments-live" in text
    assert "Size S L" in text


def test_its_other_answers_can_be_sent_as_a_new_request(desk: Client) -> None:
    desk.post(NEW, answers())
    tab = answers(name="payments-live")
    again = resent(desk, NEW, tab, desk.post(NEW, tab))
    assert again.status_code == 302
    assert {row.name for row in Request.objects.all()} == {"payments-prod", "payments-live"}


def test_or_put_into_the_draft_that_the_form_became(desk: Client, draft: str) -> None:
    tab = answers(purpose="Thought better of it.")
    shown = desk.post(NEW, tab).content.decode()
    assert f'formaction="{draft}"' in shown
    proofs = {name: hidden(shown, name) for name in ("form_key", "version")}
    there = desk.post(draft, tab | proofs | {"action": "preview"})
    assert there.status_code == 200
    assert "Thought better of it.</textarea>" in there.content.decode()
    assert resent(desk, draft, tab, there).status_code == 302
    assert Request.objects.get().wanted.purpose == "Thought better of it."


def test_a_decision_that_came_too_late_shows_what_was_typed(
    desk: Client, dana: User, client_for: ClientFor
) -> None:
    desk.post(NEW, answers())
    row = Request.objects.get()
    approve(row, "dana", Lane.NETWORK, now=database_now())
    form = {"lane": "network", "vote": Vote.RETURN, "reason": "Which port is it?"}
    url = reverse("decision", args=[row.public_id])
    ours = {"Origin": "http://testserver"}
    shown = client_for(dana).post(url, form | {"digest": row.digest}, headers=ours)
    assert shown.status_code in {409, 422}
    assert "Which port is it?" in shown.content.decode()


def test_a_returned_request_is_still_one_row(desk: Client, draft: str) -> None:
    desk.post(draft, opened(desk, draft))
    assert Request.objects.get().state == RequestState.PENDING
